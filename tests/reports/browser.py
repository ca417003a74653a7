"""A headless Chromium: what a page becomes in it, without network."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

PROGRAM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
MISSING = "no chromium on PATH (apt-get install chromium)"


def look(page: Path, scratch: Path, *, width: int = 1280, height: int = 1000, shot: Path | None = None) -> str:
    """The page's document as the browser has it in the end; with `shot`, also a picture."""
    assert PROGRAM is not None
    words = [
        PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
        "--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking", f"--user-data-dir={scratch}", f"--window-size={width},{height}",
    ]  # fmt: skip
    words.append(f"--screenshot={shot}" if shot else "--dump-dom")
    done = subprocess.run([*words, page.as_uri()], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
