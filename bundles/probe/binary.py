"""Builds the probe once for each state of its sources and keeps it in the user's cache folder.

Knows which C compilers can link statically and how to call them; must not know what the probe is for.
"""

import functools
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCES = Path(__file__).parent
# Without relro nothing calls mprotect(2) at the start: glibc gives up where a filter refuses that.
FLAGS = (
    "-static", "-O2", "-std=gnu11", "-pthread", "-s",
    "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections", "-Wl,-z,norelro",
)  # fmt: skip
ARCHITECTURES = ("x86_64", "aarch64")
BUILD_SECONDS = 300


class NoCompiler(RuntimeError):
    """No C compiler here can build a static probe; the text says what to install."""


def build() -> Path:
    """The path of the probe, built on the first call for these sources and kept for the next ones.

    The file lies in `$XDG_CACHE_HOME/proctor` or `~/.cache/proctor`. Several processes may call this at once: each
    builds into a file of its own and renames it. Raises NoCompiler, or OSError when the cache cannot be written.
    """
    target = cache_folder() / f"probe-{platform.machine()}-{fingerprint()}"
    if target.is_file():
        return target
    if platform.machine() not in ARCHITECTURES:
        raise NoCompiler(f"the probe knows {' and '.join(ARCHITECTURES)}, this machine is {platform.machine()}")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="build-") as scratch:
        made = Path(scratch, "probe")
        refusals = []
        for command in compilers():
            refusal = _compile(command, made)
            if refusal is None:
                made.chmod(0o755)
                os.replace(made, target)
                return target
            refusals.append(f"{command[0]}: {refusal}")
    raise NoCompiler(
        "the probe needs a C compiler that links statically: apt-get install gcc libc6-dev (or: apt-get install "
        "musl-tools; or: pip install ziglang)" + "".join(f"\n  {refusal}" for refusal in refusals)
    )


def cache_folder() -> Path:
    """Where built probes are kept: never inside the project."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return Path(base if os.path.isabs(base) else os.path.expanduser("~/.cache"), "proctor")


@functools.cache
def fingerprint() -> str:
    """16 hexadecimal digits that change with any source file or flag."""
    digest = hashlib.sha256(" ".join(FLAGS).encode())
    for path in sorted(SOURCES.glob("*.[ch]")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def compilers() -> list[list[str]]:
    """The compilers to try, best first: cc, musl-gcc, zig (on PATH or the ziglang package)."""
    found = [[path] for name in ("cc", "musl-gcc") if (path := shutil.which(name))]
    if path := shutil.which("zig"):
        found.append([path, "cc", "-target", f"{platform.machine()}-linux-musl"])
    elif importlib.util.find_spec("ziglang"):
        found.append([sys.executable, "-m", "ziglang", "cc", "-target", f"{platform.machine()}-linux-musl"])
    return found


def _compile(command: list[str], made: Path) -> str | None:
    """None when it went well, else the first line of what the compiler said."""
    argv = [*command, *FLAGS, "-o", str(made), *(str(p) for p in sorted(SOURCES.glob("*.c")))]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BUILD_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as fault:
        return str(fault)
    if done.returncode == 0:
        return None
    said = done.stderr.splitlines()
    return next((text for text in said if "error" in text or "cannot" in text), f"exit {done.returncode}")
