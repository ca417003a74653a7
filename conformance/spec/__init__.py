"""The catalogue: every statement of the runtime-spec that a check can refer to, by a permanent id.

Knows the statements (one JSON file a document, beside this file) and where each is written. It must not know how a
statement is checked, by which case, or on which runtime. Statements of the command-line document, which no
specification makes binding, have ids that begin with ``cli.``.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

Level = Literal["MUST", "SHOULD", "MAY"]
Testable = Literal["container", "cli", "schema", "no"]
Profile = Literal["spec", "cli"]

SPEC_VERSION: Final = "1.3.0"
FIRST_VERSION: Final = "1.0.0"

_FOLDER: Final = Path(__file__).parent
_SPEC_URL: Final = f"https://github.com/opencontainers/runtime-spec/blob/v{SPEC_VERSION}/"
_CLI_URL: Final = "https://github.com/opencontainers/runtime-tools/blob/v0.9.0/docs/"
_LEVELS: Final[Mapping[str, Level]] = {
    "MUST": "MUST",
    "MUST NOT": "MUST",
    "REQUIRED": "MUST",
    "SHOULD": "SHOULD",
    "SHOULD NOT": "SHOULD",
    "MAY": "MAY",
}


@dataclass(frozen=True, slots=True)
class Clause:
    """One statement.

    ``keyword`` is the word of the text (MUST NOT, REQUIRED, ...), ``level`` its strength. ``section`` is
    ``document.md#anchor``; ``since`` the first version of the spec that says so. ``testable`` tells where it can be
    seen: inside or beside a container, on the runtime's command line, only in documents, or nowhere (then ``why``).
    """

    id: str
    level: Level
    section: str
    since: str
    summary: str
    testable: Testable
    why: str | None = None
    keyword: str = "MUST"
    ambiguity: str | None = None

    @property
    def profile(self) -> Profile:
        """``spec`` for the text of the specification, ``cli`` for what engines rely on beside it."""
        return "cli" if self.id.startswith("cli.") else "spec"

    @property
    def observable(self) -> bool:
        """True if a runtime's behaviour can show it (documents alone cannot)."""
        return self.testable in ("container", "cli")

    @property
    def document(self) -> str:
        return self.section.partition("#")[0]

    @property
    def link(self) -> str:
        """The place in the text, at the version of the catalogue."""
        return (_CLI_URL if self.profile == "cli" else _SPEC_URL) + self.section

    def exists_in(self, version: str) -> bool:
        """Whether the spec of that version (``1.2.1``, ``1.3.0-rc.1``) already has the statement."""
        return release(version) >= release(self.since)


def release(version: str) -> tuple[int, int, int]:
    """The numbers of a SemVer version, without its pre-release and build parts. ValueError if it is none."""
    found = re.match(r"(\d+)\.(\d+)\.(\d+)(?:[-+].*)?\Z", version)
    if not found:
        raise ValueError(f"not a version of the form X.Y.Z: {version!r}")
    return int(found[1]), int(found[2]), int(found[3])


@functools.cache
def catalogue() -> Mapping[str, Clause]:
    """All clauses by id, in the order of documents and sections. Read once a process, a few milliseconds."""
    clauses: dict[str, Clause] = {}
    for path in sorted(_FOLDER.glob("*.json")):
        content = json.loads(path.read_bytes())
        document = content["document"]
        for anchor, entries in content["sections"].items():
            section = f"{document}#{anchor}"
            for entry in entries:
                keyword = entry["level"]
                clause = Clause(
                    entry["id"],
                    _LEVELS[keyword],
                    section,
                    entry.get("since", FIRST_VERSION),
                    entry["summary"],
                    entry["testable"],
                    entry.get("why"),
                    keyword,
                    entry.get("ambiguity"),
                )
                if clause.id in clauses:
                    raise ValueError(f"{path.name}: {clause.id} is listed twice")
                clauses[clause.id] = clause
    return MappingProxyType(clauses)


def lookup(id: str) -> Clause:
    """The clause of that id. KeyError whose text names the id and the closest existing ones."""
    clauses = catalogue()
    try:
        return clauses[id]
    except KeyError:
        near = difflib.get_close_matches(id, clauses, n=3, cutoff=0.6)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise KeyError(f"no clause {id!r} in the catalogue{hint}") from None
