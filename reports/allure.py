"""Allure beside the matrix: labels and attachments of a check for allure-pytest, and one file out of its results.

Knows Allure's words and its command. Writes nothing for a check itself: allure-pytest does. The page is stripped of foreign scripts.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from reports.record import Line
from reports.text import visible

_SCRIPT: Final = re.compile(r"<script\b([^>]*)>(.*?)</script\s*>", re.IGNORECASE | re.DOTALL)
_FOREIGN: Final = re.compile(r"""\bsrc\s*=\s*["']?\s*(?:https?:)?//""", re.IGNORECASE)
_FETCHES: Final = re.compile(r"""<(?:link|img|iframe)\b[^>]*\b(?:href|src)\s*=\s*["']?\s*(?:https?:)?//[^>]*>""", re.IGNORECASE)
_POLICY: Final = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "style-src 'unsafe-inline' data: blob:; img-src data: blob:; font-src data: blob:; connect-src data: blob:; worker-src data: blob:; "
    "frame-src data: blob:; media-src data: blob:; base-uri 'none'; form-action 'none'\">"
)
_SECONDS: Final = 300


class AllureFault(RuntimeError):
    """The page cannot be made; the text says what to do."""


def labels(check: Line) -> dict[str, str]:
    """Labels of a check: Allure groups by epic, feature and story; the others are found by filter."""
    return {
        "epic": check["section"],
        "feature": check["clause"],
        "story": check["case"],
        "section": check["section"],
        "clause": check["clause"],
        "level": check["level"],
        "runtime": check["runtime"],
        "severity": {"MUST": "critical", "SHOULD": "normal"}.get(check["level"], "minor"),
        "suite": check["case"],
        "parentSuite": check["runtime"],
    }


def history_id(check: Line) -> str:
    """What is the same check in every runtime and every run."""
    return f"{check['case']}::{check['check']}"


def attachments(check: Line, *, config: Any = None, observation: Any = None) -> Iterator[tuple[str, str, str]]:
    """(name, text, media type) of what belongs to a check."""
    if config is not None:
        yield "config.json", json.dumps(config, indent=1), "application/json"
    elif check["config_patch"]:
        yield "config patch", json.dumps(check["config_patch"], indent=1), "application/json"
    if check["calls"]:
        yield "argv", "\n".join(json.dumps([c["exit"], *c["argv"]]) for c in check["calls"]), "text/plain"
    if check["log"]:
        yield "log", visible("\n".join(e if isinstance(e, str) else json.dumps(e) for e in check["log"])), "text/plain"
    if observation is not None:
        yield "observation", json.dumps(observation, indent=1), "application/json"


def command() -> list[str] | None:
    """How Allure's command is called here, or None: an installed `allure`, or npx with one that is already there (nothing is fetched)."""
    if found := shutil.which("allure"):
        return [found]
    return ["npx", "--no-install", "allure"] if shutil.which("npx") and shutil.which("node") else None


def single_file(results: Path, out: Path) -> Path:
    """One page that opens from disk with no network, from a folder of allure-results. Raises AllureFault."""
    if not results.is_dir() or not any(results.iterdir()):
        raise AllureFault(f"{results}: no results of Allure there")
    argv = command()
    if argv is None:
        raise AllureFault("allure.html needs Node and the npm package allure 3: npm install -g allure")
    folder = out.parent / f".allure-{os.getpid()}"
    try:
        done = subprocess.run(
            [*argv, "awesome", "--single-file", "--output", str(folder), str(results)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
            env={**os.environ, "ALLURE_NO_ANALYTICS": "true"},
        )
        page = folder / "index.html"
        if done.returncode or not page.is_file():
            told = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["it said nothing"]
            raise AllureFault(f"{' '.join(argv)} made no page (exit {done.returncode}): {told[0]}; npm install -g allure")
        out.write_text(stripped(page.read_text(encoding="utf-8")), encoding="utf-8")
    except subprocess.TimeoutExpired:
        raise AllureFault(f"{' '.join(argv)} did not end within {_SECONDS} s") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return out


def stripped(page: str) -> str:
    """The page without scripts and other things from elsewhere, and with a policy under which it can fetch nothing."""

    def keep(match: re.Match[str]) -> str:
        foreign = _FOREIGN.search(match[1]) or "googletagmanager" in match[2] or re.search(r"\bgtag\s*\(", match[2][:2000])
        return "" if foreign else match[0]

    page = _FETCHES.sub("", _SCRIPT.sub(keep, page))
    return re.sub(r"<head\b[^>]*>", lambda m: m[0] + _POLICY, page, count=1, flags=re.IGNORECASE)
