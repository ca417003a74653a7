"""Everything that is drawn from a record: environment, summary, reports, matrix.

Knows which file is written by whom. Must not read anything but the record.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from reports import allure, matrix, published
from reports.record import RecordFault, Run, read
from reports.summary import markdown


def draw(folder: Path, *, newest: bool = True) -> list[Path]:
    """Draw all of `results.jsonl` into the run's folder, and where it is the `newest`, let `latest` beside it point there.

    Writes env.json, summary.md, report-<runtime>.yaml, matrix.html, allure-results/, where
    Allure is installed allure.html; returns their paths. Raises RecordFault for a record that is none.
    """
    run = read(folder)
    written = []
    for name, text in texts(run).items():
        target = folder / name
        target.write_text(text, encoding="utf-8")
        written.append(target)
    written.append(allure.write(run, folder / "allure-results"))
    if shutil.which("allure"):
        try:
            written.append(allure.single_file(folder / "allure-results", folder / "allure.html"))
        except allure.AllureFault:
            pass  # an extra: `python -m reports allure` says what is wrong with it
    if newest:
        _point(folder)
    return written


def texts(run: Run) -> dict[str, str]:
    """{file name: text} of all that is drawn."""
    env = {"suite": run.header["suite"], "spec": run.header["spec"], "started": run.header["started"], "ended": run.footer["ended"]}
    env |= {"argv": run.header["argv"], "options": run.header["options"], "runtimes": run.header["runtimes"], "host": run.header["host"]}
    found = {"env.json": json.dumps(env, indent=1) + "\n", "summary.md": markdown(run), "matrix.html": matrix.html(run)}
    for name in run.runtimes:
        plain, number = published.file_name(name), 2
        target = f"report-{plain}.yaml"
        while target in found:  # two names that are the same once they are a file's
            target, number = f"report-{plain}-{number}.yaml", number + 1
        found[target] = published.dump(published.report(run, name))
    return found


def _point(folder: Path) -> None:
    """`latest` -> this run, in one step, so that somebody looking never finds nothing."""
    link, fresh = folder.parent / "latest", folder.parent / f".latest-{os.getpid()}"
    if link.exists() and not link.is_symlink():
        return  # a run that was put into a folder of that very name
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder.name)
    fresh.replace(link)


__all__ = ["RecordFault", "draw", "texts"]
