"""The recipes of CONTRIBUTING, carried out as they stand there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from conformance import author, cases, checks
from conformance.checks import Finding
from conformance.model import Case
from conformance.observation import Observation
from conformance.runtimes.base import Adapter

TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()


def recipe(name: str) -> str:
    """The Python of one recipe, without the indentation of its list."""
    found = re.search(rf"^( *)```python {name}\n(.*?)^ *```$", TEXT, re.DOTALL | re.MULTILINE)
    assert found, name
    return "\n".join(line.removeprefix(found[1]) for line in found[2].splitlines())


def test_the_case_of_the_recipe_is_one() -> None:
    case = eval(recipe("case"), vars(author))
    assert isinstance(case, Case)
    cases.look_through(case)
    assert len(recipe("case").splitlines()) <= 10


def test_the_check_of_the_recipe_judges(monkeypatch: Any) -> None:
    monkeypatch.setattr(checks, "REGISTRY", {})
    names: dict[str, Any] = {**vars(checks), "Observation": Observation, "Finding": Finding}
    exec(recipe("check"), names)
    declared = names["argument"]
    seen = Observation(case="a/b", runtime="r", lines=({"kind": "dump", "argv": ["/probe", "dump"]},))
    assert declared.judge(seen, declared(1, "dump")).ok
    assert not declared.judge(seen, declared(1, "pause")).ok


def test_the_runtime_of_the_recipe_is_recognised() -> None:
    names: dict[str, Any] = {"Adapter": Adapter}
    exec(recipe("runtime"), names)
    assert names["ADAPTER"].version_of("other version 1.2\n") == "1.2"
