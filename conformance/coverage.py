"""How much of the catalogue the cases check, section by section.

Knows cases and clauses. It must not know runtimes or results: a statement counts as checked if some verdict would name
it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from conformance import spec
from conformance.judge import items_of
from conformance.model import AnyCase
from conformance.spec import Clause
from conformance.spec.unchecked import unchecked


@dataclass(frozen=True)
class Row:
    """One section, or the sum of several.

    ``observable`` statements are those a runtime's behaviour can show; each of them is ``checked``, or ``explained`` in
    unchecked.toml, or ``missing``.
    """

    name: str
    statements: int
    observable: int
    checked: int
    explained: int

    @property
    def missing(self) -> int:
        return self.observable - self.checked - self.explained


def cases_of_clauses(cases: Iterable[AnyCase]) -> dict[str, list[str]]:
    """clause -> ids of the cases with a verdict on it. A value that is only recorded judges nothing but a MAY."""
    found: dict[str, list[str]] = {}
    for case in cases:
        for item in items_of(case):
            recorded = item.check is not None and item.check.only_recorded
            if recorded and spec.lookup(item.clause).level != "MAY":
                continue
            ids = found.setdefault(item.clause, [])
            if case.id not in ids:
                ids.append(case.id)
    return found


def lacks(cases: Iterable[AnyCase], areas: Collection[str] = (), explained: Mapping[str, str] | None = None) -> list[Clause]:
    """The observable statements without check and without reason; with ``areas``, of ids that are or begin with one."""
    checked = cases_of_clauses(cases)
    why = unchecked() if explained is None else explained
    return [
        clause
        for clause in spec.catalogue().values()
        if clause.observable
        and clause.id not in checked
        and clause.id not in why
        and (not areas or any(f"{clause.id}.".startswith(f"{area}.") for area in areas))
    ]


def stale(cases: Iterable[AnyCase], explained: Mapping[str, str] | None = None) -> list[str]:
    """Ids in unchecked.toml that do have a check, or that nothing could observe anyway."""
    checked = cases_of_clauses(cases)
    why = unchecked() if explained is None else explained
    return [id for id in why if id in checked or not spec.lookup(id).observable]


def rows(cases: Iterable[AnyCase], explained: Mapping[str, str] | None = None) -> list[Row]:
    """A row for each section of the catalogue, in its order."""
    checked = cases_of_clauses(cases)
    why = unchecked() if explained is None else explained
    sections: dict[str, list[Clause]] = {}
    for clause in spec.catalogue().values():
        sections.setdefault(clause.section, []).append(clause)
    found = []
    for section, clauses in sections.items():
        observable = [clause for clause in clauses if clause.observable]
        with_check = [clause for clause in observable if clause.id in checked]
        with_why = [clause for clause in observable if clause.id in why and clause.id not in checked]
        found.append(Row(section, len(clauses), len(observable), len(with_check), len(with_why)))
    return found


def total(name: str, parts: Iterable[Row]) -> Row:
    """The sum of rows."""
    parts = list(parts)
    return Row(
        name,
        sum(row.statements for row in parts),
        sum(row.observable for row in parts),
        sum(row.checked for row in parts),
        sum(row.explained for row in parts),
    )


def table(cases: Iterable[AnyCase], missing: bool = False, explained: Mapping[str, str] | None = None) -> str:
    """The rows as text, a sum for the spec and one for the command-line document; with ``missing``, what they lack."""
    cases = list(cases)
    sections = rows(cases, explained)
    cli = [row for row in sections if row.name.startswith("command-line-interface.md")]
    text = [row for row in sections if row not in cli]
    sums = [total("the specification", text), total("the command-line document", cli)]
    width = max(len(row.name) for row in (*sections, *sums))
    lines = [f"{'section':{width}}  statements  observable  checked  unchecked, why  missing"]
    for group in (text, cli, sums):
        lines.append("")
        lines += [
            f"{row.name:{width}}  {row.statements:10}  {row.observable:10}  {row.checked:7}  {row.explained:14}  {row.missing or '-':>7}" for row in group
        ]
    if missing:
        lines += ["", "observable, without a check:"]
        lines += [f"  {clause.id:50} {clause.level:6} {clause.summary}" for clause in lacks(cases, (), explained)]
    if old := stale(cases, explained):
        lines += ["", "in unchecked.toml without need (a check has come, or nothing can observe it): " + ", ".join(old)]
    return "\n".join(lines)
