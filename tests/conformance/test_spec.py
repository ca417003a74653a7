"""The catalogue of statements: complete, unique, in own words; and the strictness of the unchecked list."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from conformance import spec
from conformance.spec import Clause, catalogue, lookup, release
from conformance.spec.unchecked import UncheckedFault, read, unchecked


def test_the_catalogue_has_all_statements() -> None:
    profiles = Counter(clause.profile for clause in catalogue().values())
    assert profiles == {"spec": 652, "cli": 26}
    assert Counter(c.testable for c in catalogue().values() if c.profile == "spec") == {
        "container": 426,
        "cli": 106,
        "schema": 81,
        "no": 39,
    }


def test_every_clause_is_whole() -> None:
    for id, clause in catalogue().items():
        assert clause.id == id
        assert clause.level in ("MUST", "SHOULD", "MAY"), id
        assert clause.keyword.startswith(clause.level) or clause.keyword == "REQUIRED", id
        assert 10 <= len(clause.summary) < 120, id
        assert clause.testable in ("container", "cli", "schema", "no"), id
        assert bool(clause.why) == (clause.testable == "no"), id
        assert release("1.0.0") <= release(clause.since) <= release(spec.SPEC_VERSION), id
        document, _, anchor = clause.section.partition("#")
        assert document.endswith(".md") and anchor, id


def test_summaries_are_unique_within_a_section() -> None:
    count = Counter((clause.section, clause.summary) for clause in catalogue().values())
    assert [entry for entry, times in count.items() if times > 1] == []


def test_link_and_profile() -> None:
    clause = lookup("linux.seccomp.errno-ret")
    assert clause.link == "https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#seccomp"
    assert clause.profile == "spec" and clause.observable and clause.document == "config-linux.md"
    assert lookup("cli.executable").profile == "cli"
    assert "/runtime-tools/" in lookup("cli.executable").link


def test_lookup_of_an_unknown_id_names_close_ones() -> None:
    with pytest.raises(KeyError, match=r"linux\.secomp\.errno-ret.*linux\.seccomp\.errno-ret"):
        lookup("linux.secomp.errno-ret")
    with pytest.raises(KeyError) as caught:
        lookup("@@@")
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    ("since", "version", "there"),
    [
        ("1.1.0", "1.0.2", False),
        ("1.1.0", "1.1.0", True),
        ("1.1.0", "1.1.0-rc.1", True),
        ("1.2.1", "1.2.0", False),
        ("1.0.0", "1.0.0", True),
        ("1.3.0", "1.10.0+dev", True),
    ],
)
def test_a_clause_exists_from_its_version_on(since: str, version: str, there: bool) -> None:
    clause = Clause("x", "MUST", "config.md#x", since, "a statement", "cli")
    assert clause.exists_in(version) is there


@pytest.mark.parametrize("version", ["", "1", "1.0", "v1.0.0", "1.0.0.0", "1.0.x"])
def test_release_refuses_what_is_no_version(version: str) -> None:
    with pytest.raises(ValueError, match=r"X\.Y\.Z"):
        release(version)


def test_clauses_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        lookup("cli.executable").level = "MAY"  # type: ignore[misc]
    with pytest.raises(TypeError):
        catalogue()["x"] = lookup("cli.executable")  # type: ignore[index]


def test_the_catalogue_needs_no_third_party_module() -> None:
    code = "import sys, conformance.spec as s; s.catalogue(); print('pytest' in sys.modules, 'jsonschema' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=_root())
    assert done.stdout.split() == ["False", "False"]


def _root() -> Path:
    return Path(__file__).resolve().parents[2]


def test_the_own_unchecked_list_is_sound() -> None:
    for id, why in unchecked().items():
        assert lookup(id).observable, f"{id} cannot be observed anyway"
        assert len(why) > 15, id


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[unchecked]\n"cli.nothing" = "x"', r"list\.toml: cli\.nothing: no clause"),
        ('[unchecked]\n"cli.executable" = "  "', r"list\.toml: cli\.executable: the why is empty"),
        ('[unchecked]\n"cli.executable" = 3', r"cli\.executable: the why is empty"),
        ('[unchecked]\ncli.executable = "why"', r"cli: write the whole id in quotes"),
        ('[other]\n"cli.executable" = "why"', r"other: only the table"),
        ("unchecked = 3", r"must be a table"),
        ('[unchecked]\n"cli.executable" = "a"\n"cli.executable" = "b"', r"list\.toml: "),
        ("[", r"list\.toml: "),
    ],
)
def test_a_faulty_unchecked_list_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "list.toml"
    path.write_text(text)
    with pytest.raises(UncheckedFault, match=fault):
        read(path)


def test_an_unchecked_list_may_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "list.toml"
    path.write_text("")
    assert read(path) == {}
    with pytest.raises(UncheckedFault, match="absent"):
        read(tmp_path / "absent.toml")
