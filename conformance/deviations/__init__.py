"""Where a runtime is known to depart from a statement, as data outside the cases: one TOML file for each adapter.

Knows the form of an entry and for which versions it stands. It must not know how a verdict is made of it. Strict: an
entry that names nothing, can never apply, or does not say why is a fault.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from conformance import spec
from conformance.runtimes import ADAPTERS
from conformance.runtimes.base import Runtime

FOLDER: Final = Path(__file__).parent
_MEMBERS: Final = ("case", "check", "versions", "observed", "why", "link", "clause")


class DeviationFault(ValueError):
    """A faulty file or entry; the text names file, entry and fault."""


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """One entry for one check: on these ``versions`` of the adapter's runtimes it observes exactly ``observed``.

    ``link`` leads to where it is known; ``clause`` is the statement it breaks. At least one of the two is there.
    """

    adapter: str
    case: str
    check: str
    versions: SpecifierSet
    observed: str
    why: str
    link: str | None = None
    clause: str | None = None

    def applies_to(self, runtime: Runtime) -> bool:
        """Whether that binary is of these versions; one not recognised, or without a number in its version, is not."""
        version = runtime.release
        return (
            runtime.recognised
            and runtime.adapter.name == self.adapter
            and version is not None
            and self.versions.contains(version, prereleases=True)
        )


Known = Mapping[str, Collection[str]]
Deviations = Mapping[tuple[str, str, str], tuple[Deviation, ...]]


def load(known: Known | None = None, folder: Path = FOLDER) -> Deviations:
    """Every entry by (adapter, case, check). ``known`` maps each existing case id to its check ids.

    Raises DeviationFault.
    """
    found: dict[tuple[str, str, str], tuple[Deviation, ...]] = {}
    for path in sorted(folder.glob("*.toml")):
        for where, entry in read(path):
            if known is not None:
                _look_up(where, entry, known)
            key = (entry.adapter, entry.case, entry.check)
            for other in found.get(key, ()):
                if not other.versions.is_disjoint(entry.versions):
                    raise DeviationFault(
                        f"{where}: another entry already stands for versions {other.versions or 'of any number'}"
                    )
            found[key] = (*found.get(key, ()), entry)
    return found


def find(runtime: Runtime, case: str, check: str, deviations: Deviations | None = None) -> Deviation | None:
    """The entry for that check on that binary; without ``deviations``, of the project's own files."""
    entries = _own() if deviations is None else deviations
    for entry in entries.get((runtime.adapter.name, case, check), ()):
        if entry.applies_to(runtime):
            return entry
    return None


@functools.cache
def _own() -> Deviations:
    return load()


def read(path: Path) -> Iterator[tuple[str, Deviation]]:
    """The entries of one file, each with a text that says where it stands. Raises DeviationFault.

    ``case`` and ``check`` may be lists: the entry then stands for every pair.
    """
    if path.stem not in {adapter.name for adapter in ADAPTERS}:
        names = ", ".join(adapter.name for adapter in ADAPTERS)
        raise DeviationFault(f"{path.name}: no adapter is called {path.stem}; there are {names}")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise DeviationFault(f"{path.name}: {fault}") from None
    entries = content.pop("deviation", [])
    if content:
        raise DeviationFault(f"{path.name}: {next(iter(content))}: only [[deviation]] may stand here")
    if not isinstance(entries, list):
        raise DeviationFault(f"{path.name}: deviation must be a list of tables: [[deviation]]")
    for number, entry in enumerate(entries, 1):
        where = f"{path.name}: entry {number}"
        if not isinstance(entry, dict):
            raise DeviationFault(f"{where}: must be a table")
        cases, checks = _words(where, entry, "case"), _words(where, entry, "check")
        where += f" ({cases[0]}, {checks[0]})"
        versions, fixed = _versions(where, entry), _members(where, entry)
        for case in cases:
            for check in checks:
                yield where, Deviation(adapter=path.stem, case=case, check=check, versions=versions, **fixed)


def _words(where: str, entry: Mapping[str, Any], name: str) -> list[str]:
    value = entry.get(name)
    given = value if isinstance(value, list) else [value]
    words = [word for word in given if isinstance(word, str) and word.strip()]
    if not words or len(words) < len(given):
        raise DeviationFault(f"{where}: {name} must be an id, or a list of ids")
    if len(set(words)) < len(words):
        raise DeviationFault(f"{where}: {name} names an id twice")
    return words


def _members(where: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    for name in entry:
        if name not in _MEMBERS:
            raise DeviationFault(f"{where}: {name}: no such member; there are {', '.join(_MEMBERS)}")
    for name in ("observed", "why"):
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            raise DeviationFault(f"{where}: {name} is missing or empty")
    link, clause = entry.get("link"), entry.get("clause")
    if link is None and clause is None:
        raise DeviationFault(f"{where}: a link or a clause is needed")
    if link is not None and not (isinstance(link, str) and link.startswith("https://")):
        raise DeviationFault(f"{where}: link must begin with https://")
    if clause is not None:
        try:
            spec.lookup(clause if isinstance(clause, str) else "")
        except KeyError as fault:
            raise DeviationFault(f"{where}: {fault.args[0]}") from None
    return {"observed": entry["observed"], "why": entry["why"].strip(), "link": link, "clause": clause}


def _versions(where: str, entry: Mapping[str, Any]) -> SpecifierSet:
    text = entry.get("versions")
    if not isinstance(text, str) or not text.strip():
        raise DeviationFault(f'{where}: versions is missing or empty; ">=0" stands for all')
    try:
        versions = SpecifierSet(text)
    except InvalidSpecifier:
        raise DeviationFault(f'{where}: versions {text!r} is no range such as ">=1.0,<1.1.6"') from None
    if versions.is_unsatisfiable():
        raise DeviationFault(f"{where}: versions {text!r} can never match")
    return versions


def _look_up(where: str, entry: Deviation, known: Known) -> None:
    if entry.case not in known:
        raise DeviationFault(f"{where}: no case is called {entry.case}")
    if entry.check not in known[entry.case]:
        there = ", ".join(sorted(known[entry.case])) or "none"
        raise DeviationFault(f"{where}: {entry.case} has no check called {entry.check}; it has {there}")
