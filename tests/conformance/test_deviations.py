"""Deviation files: read strictly, found by exact ids and by version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance import deviations
from conformance.deviations import DeviationFault, find, load
from conformance.runtimes import ADAPTERS
from conformance.runtimes.base import Runtime
from conformance.session import known_ids

KNOWN = {"a/one": {"x", "y"}, "a/two": {"x"}}
GOOD = {
    "case": '"a/one"',
    "check": '"x"',
    "versions": '"<1.1.6"',
    "observed": '"status created"',
    "why": '"known upstream"',
    "link": '"https://example.org/1"',
}


def entry(**changes: str | None) -> str:
    members = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return "[[deviation]]\n" + "".join(f"{name} = {value}\n" for name, value in members.items())


def runtime(adapter: str = "runc", version: str = "1.1.5+ds1", recognised: bool = True) -> Runtime:
    given: dict[str, Any] = {"argv": (), "sha256": "", "spec_min": None, "spec_max": None, "features": None}
    family = next(a for a in ADAPTERS if a.name == adapter)
    return Runtime(name="r", path=Path("/r"), version=version, adapter=family, recognised=recognised, **given)


def write(folder: Path, *entries: str, name: str = "runc.toml") -> Path:
    (folder / name).write_text("\n".join(entries))
    return folder


def test_an_entry_is_found_by_case_check_and_version(tmp_path: Path) -> None:
    loaded = load(KNOWN, write(tmp_path, entry(), entry(check='"y"', versions='">=1.1, !=1.1.5"')))
    found = find(runtime(), "a/one", "x", loaded)
    assert found is not None and (found.observed, found.why, found.adapter) == (
        "status created",
        "known upstream",
        "runc",
    )
    assert find(runtime(), "a/one", "y", loaded) is None
    assert find(runtime(version="1.2.0-rc.1"), "a/one", "y", loaded) is not None
    assert find(runtime(), "a/two", "x", loaded) is None
    assert find(runtime(version="1.1.6"), "a/one", "x", loaded) is None
    assert find(runtime("crun", "1.0"), "a/one", "x", loaded) is None


def test_a_runtime_of_no_known_family_or_version_has_no_deviations(tmp_path: Path) -> None:
    loaded = load(KNOWN, write(tmp_path, entry(versions='">=0"')))
    assert find(runtime(), "a/one", "x", loaded) is not None
    assert find(runtime(recognised=False), "a/one", "x", loaded) is None
    assert find(runtime(version="unknown"), "a/one", "x", loaded) is None


def test_lists_stand_for_every_pair(tmp_path: Path) -> None:
    loaded = load(KNOWN, write(tmp_path, entry(case='["a/one", "a/two"]')))
    assert {key[1:] for key in loaded} == {("a/one", "x"), ("a/two", "x")}


def test_entries_for_separate_versions_may_differ(tmp_path: Path) -> None:
    loaded = load(KNOWN, write(tmp_path, entry(), entry(versions='">=1.1.6"', observed='"other"')))
    old, new = find(runtime(), "a/one", "x", loaded), find(runtime(version="1.3"), "a/one", "x", loaded)
    assert old is not None and new is not None and (old.observed, new.observed) == ("status created", "other")


def test_a_clause_may_stand_for_the_link(tmp_path: Path) -> None:
    loaded = load(KNOWN, write(tmp_path, entry(link=None, clause='"runtime.ops.delete.resources"')))
    assert [one.clause for ones in loaded.values() for one in ones] == ["runtime.ops.delete.resources"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (entry(case='"a/none"'), r"runc\.toml: entry 1 \(a/none, x\): no case is called a/none"),
        (entry(check='"z"'), r"entry 1 \(a/one, z\): a/one has no check called z; it has x, y"),
        (entry() + entry(case='"a/two"', check='"y"'), r"entry 2 \(a/two, y\): a/two has no check called y"),
        (entry(why='"  "'), "why is missing or empty"),
        (entry(why=None), "why is missing or empty"),
        (entry(observed='""'), "observed is missing or empty"),
        (entry(observed="3"), "observed is missing or empty"),
        (entry(versions=None), "versions is missing or empty"),
        (entry(versions='""'), "versions is missing or empty"),
        (entry(versions='">2,<1"'), "can never match"),
        (entry(versions='"==1.0,!=1.0"'), "can never match"),
        (entry(versions='"1.1.5"'), "is no range"),
        (entry(versions='"old"'), "is no range"),
        (entry(link=None), "a link or a clause is needed"),
        (entry(link='"example.org"'), "link must begin with https://"),
        (entry(clause='"runtime.ops.delete.resorces"'), "no clause .*did you mean runtime.ops.delete.resources"),
        (entry(clause="3"), "no clause"),
        (entry(case=None), r"entry 1: case must be an id"),
        (entry(check="[]"), r"entry 1: check must be an id"),
        (entry(check='["x", 3]'), r"entry 1: check must be an id"),
        (entry(check='["x", "x"]'), r"check names an id twice"),
        (entry(reason='"x"'), "reason: no such member"),
        (entry() + entry(), r"entry 2 .*another entry already stands for versions <1\.1\.6"),
        (entry() + entry(versions='">=1.1.5"'), "another entry already stands"),
        (entry() + "[other]\nx = 1\n", "other: only"),
        ("[deviation]\nx = 1\n", "must be a list of tables"),
        ("deviation = [1]\n", "entry 1: must be a table"),
        ("[[", r"runc\.toml: "),
    ],
)
def test_a_faulty_entry_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(DeviationFault, match=fault) as caught:
        load(KNOWN, write(tmp_path, text))
    assert str(caught.value).startswith("runc.toml")


def test_a_file_for_no_adapter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeviationFault, match=r"runk\.toml: no adapter is called runk; there are .*runc"):
        load(KNOWN, write(tmp_path, entry(), name="runk.toml"))


def test_without_known_ids_only_the_form_is_judged(tmp_path: Path) -> None:
    assert len(load(None, write(tmp_path, entry(case='"b/unknown"')))) == 1


def test_the_own_files_name_existing_cases_and_checks() -> None:
    loaded = load(known_ids())
    for ones in loaded.values():
        for one in ones:
            assert len(one.why) > 15, f"{one.adapter}: {one.case} {one.check}: say more"
    assert deviations.FOLDER.is_dir()
