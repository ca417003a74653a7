"""Allure beside the matrix: a run's allure-results, drawn from its record, and one page out of them without foreign scripts.

Knows Allure's words, its result files and its command. Must not judge. The files are drawn at the end and not by allure-pytest during the
run: so only the controller writes, they can be drawn again, and a check costs nothing while containers run.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from reports.record import Line, Run
from reports.text import visible

_SCRIPT: Final = re.compile(r"<script\b([^>]*)>(.*?)</script\s*>", re.IGNORECASE | re.DOTALL)
_FOREIGN: Final = re.compile(r"""\bsrc\s*=\s*["']?\s*(?:https?:)?//""", re.IGNORECASE)
_FETCHES: Final = re.compile(r"""<(?:link|img|iframe)\b[^>]*\b(?:href|src)\s*=\s*["']?\s*(?:https?:)?//[^>]*>""", re.IGNORECASE)
_POLICY: Final = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "style-src 'unsafe-inline' data: blob:; img-src data: blob:; font-src data: blob:; connect-src data: blob:; worker-src data: blob:; "
    "frame-src data: blob:; media-src data: blob:; base-uri 'self' file:; form-action 'none'\">"
)
_SECONDS: Final = 300


class AllureFault(RuntimeError):
    """The page cannot be made; the text says what to do."""


def labels(check: Line) -> dict[str, str]:
    """Labels of a check: Allure groups by parentSuite and suite; the others are found by filter."""
    return {
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


_STATUS: Final = {
    "PASS": "passed",
    "INFO": "passed",
    "KNOWN": "skipped",
    "SKIP": "skipped",
    "NONSTRICT": "failed",
    "FAIL": "failed",
    "FIXED": "failed",
    "ERROR": "broken",
}


def write(run: Run, folder: Path) -> Path:
    """Allure's result files of a run, one a check, with attachments of what is not a plain pass. The folder is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    start = int(datetime.fromisoformat(run.header["started"]).timestamp() * 1000) if _is_time(run.header["started"]) else 0
    for number, check in enumerate(run.checks):
        name = hashlib.md5(f"{run.header['run']} {number}".encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
        same = hashlib.md5(f"{history_id(check)}@{check['runtime']}".encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
        attached = []
        if check["verdict"] not in ("PASS", "INFO", "SKIP", "KNOWN"):
            for which, (title, text, kind) in enumerate(attachments(check, **_kept(run, check))):
                source = f"{name}-{which}-attachment.{'json' if kind.endswith('json') else 'txt'}"
                (folder / source).write_text(text, encoding="utf-8", errors="replace")
                attached.append({"name": title, "source": source, "type": kind})
        one = {
            "uuid": name,
            "historyId": same,
            "testCaseId": same,
            "fullName": visible(history_id(check)),
            "name": visible(f"{check['case']} {check['check']}"),
            "description": visible(check["claim"]),
            "status": _STATUS[check["verdict"]],
            "statusDetails": {"message": visible(_told(check))},
            "start": start,
            "stop": start + int(check["duration"] * 1000),
            "labels": [{"name": n, "value": visible(v)} for n, v in labels(check).items()] + [{"name": "tag", "value": check["verdict"]}],
            "links": [{"name": visible(check["clause"]), "url": check["link"], "type": "link"}] if check["link"].startswith("https://") else [],
            "parameters": [],
            "attachments": attached,
        }
        (folder / f"{name}-result.json").write_text(json.dumps(one), encoding="utf-8")
    return folder


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _told(check: Line) -> str:
    if check["verdict"] == "SKIP":
        return f"not asked here, {check['reason_class']}: {check['reason']}"
    told = f"{check['verdict']}: expected {check['expected']}, observed {check['observed']}"
    return told + (f" ({check['reason']})" if check["reason"] else "")


def _kept(run: Run, check: Line) -> dict[str, Any]:
    """config.json and observation of what was kept in the run's own folder; nothing outside of it is read."""
    if not check["kept"]:
        return {}
    try:
        place, own = Path(check["kept"]).resolve(), (run.path.parent / "kept").resolve()
    except (OSError, ValueError, RuntimeError):
        return {}
    found: dict[str, Any] = {}
    if own in place.parents:
        for name, file in (("config", place / "bundle" / "config.json"), ("observation", place / "observation.json")):
            try:
                found[name] = json.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError, RecursionError):
                continue
    return found


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
