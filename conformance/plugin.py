"""pytest's hooks, each a few lines: options, header, the gate, collection, records, exit code.

Knows pytest. What is done stands in session.py, collect.py, judge.py and in reports/.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance import cases, options
from conformance.collect import SESSION, CaseFile
from conformance.controller import STATUS, Controller, record_of
from conformance.session import Session

MARKS = {
    "must": "breaks a MUST if it fails",
    "should": "is a SHOULD",
    "may": "is recorded alone",
    "spec": "the text of the spec",
    "cli": "what engines rely on beside it",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    for name, meaning in MARKS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")
    if config.args_source is pytest.Config.ArgsSource.INVOCATION_DIR:  # from a subfolder: the cases, as from the root
        config.args = [str(cases.FOLDER)]
    if hasattr(config, "workerinput"):
        if "proctor" in config.workerinput:
            config.stash[SESSION] = Session.unpacked(config.workerinput["proctor"], config.workerinput["workerid"])
    elif _asks_for_cases(config):
        config.pluginmanager.register(Controller(config), "proctor-controller")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    if SESSION in node.config.stash:
        node.workerinput["proctor"] = node.config.stash[SESSION].packed()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if SESSION not in parent.config.stash:
        return None
    ours = file_path.parent == cases.FOLDER and file_path.suffix == ".py" and not file_path.name.startswith("_")
    if ours or file_path.name.endswith(".case.json"):
        return CaseFile.from_parent(parent, path=file_path)
    return None


def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> tuple[str, str, str] | None:
    record = record_of(report) if getattr(report, "when", "") == "call" else None
    return STATUS.get(record["verdict"]) if record else None


def _asks_for_cases(config: pytest.Config) -> bool:
    """Whether any argument leads to cases (pytest of our own tests needs no runtime and no root)."""
    for arg in config.args:
        path = Path(str(arg).partition("::")[0])
        path = path if path.is_absolute() else config.invocation_params.dir / path
        if path == cases.FOLDER or cases.FOLDER in path.parents or path in cases.FOLDER.parents or path.name.endswith(".case.json"):
            return True
    return False
