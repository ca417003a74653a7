"""How a runtime is called: an Adapter says it for a family of runtimes, a Runtime is one binary of a family.

Knows command lines, version output and documented oddities, as data. It must not know cases, checks or verdicts, and it
never starts a process. Whatever differs between runtimes and is no matter of the spec stands here: no case names one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from conformance.runtimes import log
from conformance.spec import release

Json = Any
Features = Mapping[str, Json]

OPERATIONS: Final = ("create", "start", "state", "kill", "delete")
EXTRAS: Final = ("run", "exec", "list", "ps", "pause", "resume", "update", "events", "features")

# What a family does unlike the others, without breaking the spec. The harness asks `runtime.has(quirk)`.
QUIRKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "outside-blind": "the pid of a container is a sandbox's: the host's /proc tells nothing about the inside",
        "version-understates-spec": "the spec in the version output is older than what is implemented: it is not read",
        "log-mixed": "the log file also holds lines that are not in the asked format",
    }
)


class RuntimeUnusable(Exception):
    """This binary cannot be examined at all; the text is one sentence for the user."""


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """A family of runtimes.

    ``first_line`` matches the first line of ``--version`` with a group ``version``. ``globals`` and ``log_options`` are
    templates with ``{root}`` and ``{log}``. ``verbs`` and ``renamed`` map an operation or an option of runc to this
    family's word for it. ``absent`` are operations that no version has. ``accepts`` maps a range of versions to the
    highest ociVersion these take, where it was measured. ``quirks`` are keys of QUIRKS.
    """

    name: str
    first_line: str
    globals: Sequence[str] = ("--root", "{root}")
    log_options: Sequence[str] = ("--log", "{log}", "--log-format", "json")
    version_words: Sequence[str] = ("--version",)
    verbs: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    accepts: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    quirks: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        unknown = (self.quirks - set(QUIRKS)) | (self.absent - set(EXTRAS))
        if unknown:
            raise ValueError(f"adapter {self.name}: unknown words {', '.join(sorted(unknown))}")

    def version_of(self, output: str) -> str | None:
        """The version in the output of ``--version``, or None if it is not of this family."""
        found = re.match(self.first_line, output)
        return found["version"] if found else None

    def command(
        self, op: str, options: Sequence[str], positional: Sequence[str], *, root: str, log: str | None
    ) -> list[str]:
        """The words behind the binary: global options, the operation, its options, its arguments.

        Options are spelled as runc does. ``log`` is the path of the log file, None for none.
        """
        words = [word.replace("{root}", root) for word in self.globals]
        if log is not None:
            words += [word.replace("{log}", log) for word in self.log_options]
        return [
            *words,
            *self.verbs.get(op, op).split(),
            *(self.renamed.get(option, option) for option in options),
            *positional,
        ]

    def accepted_max(self, version: str) -> str | None:
        """The highest ociVersion that this version is known to take; None if no limit is known."""
        number = comparable(version)
        for versions, highest in self.accepts.items():
            if number is not None and SpecifierSet(versions).contains(number, prereleases=True):
                return highest
        return None

    def spec_range(self, output: str, features: Features | None) -> tuple[str | None, str | None]:
        """The lowest and the highest spec version it claims: of its features document, else of its version output.

        Where that output is known to be wrong, the highest is what the version was measured to accept. None: not known,
        or no version at all.
        """
        if features is not None:
            lowest, highest = features.get("ociVersionMin"), features.get("ociVersionMax")
            if _is_version(lowest) and _is_version(highest):
                return lowest, highest
        if "version-understates-spec" in self.quirks:
            return None, self.accepted_max(self.version_of(output) or "")
        found = re.search(r"^spec:?\s+(\S+)\s*$", output, re.MULTILINE)
        return (None, found[1]) if found and _is_version(found[1]) else (None, None)

    def log_entries(self, text: str) -> list[dict[str, Any]]:
        """The entries of a piece of log: ``{"level", "msg", "time"}`` each, unknown ones None. Never raises."""
        return log.entries(text)


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """One binary under examination, as its own words describe it. ``argv`` is what every call begins with."""

    name: str
    path: Path
    argv: tuple[str, ...]
    version: str
    sha256: str
    spec_min: str | None
    spec_max: str | None
    features: Features | None
    adapter: Adapter
    version_output: str = ""
    recognised: bool = True  # False: of no known family, and only called like runc

    @property
    def env(self) -> Mapping[str, str]:
        """Variables that this family needs beside PATH."""
        return self.adapter.env

    @property
    def release(self) -> Version | None:
        """The version as one that can be compared, None if it has no such form."""
        return comparable(self.version)

    def command(
        self, op: str, options: Sequence[str] = (), positional: Sequence[str] = (), *, root: str, log: str | None = None
    ) -> list[str]:
        """The whole command line of one operation, ``argv[0]`` being an absolute path."""
        return [*self.argv, *self.adapter.command(op, options, positional, root=root, log=log)]

    def takes(self, oci_version: str) -> bool:
        """Whether a config of that ociVersion is worth a try: False only where it is known to be turned down."""
        highest = self.adapter.accepted_max(self.version)
        return highest is None or release(oci_version)[:2] <= release(highest)[:2]

    def lacks(self, op: str) -> bool:
        """True if no version of the family has the operation."""
        return op in self.adapter.absent

    def has(self, quirk: str) -> bool:
        """Whether the family has that quirk; KeyError for a word that is not in QUIRKS."""
        if quirk not in QUIRKS:
            raise KeyError(quirk)
        return quirk in self.adapter.quirks

    def header(self) -> dict[str, Json]:
        """What a record says of it."""
        return {
            "name": self.name,
            "path": str(self.path),
            "version": self.version,
            "sha256": self.sha256,
            "spec_min": self.spec_min,
            "spec_max": self.spec_max,
            "adapter": self.adapter.name,
        }


def _is_version(value: Json) -> bool:
    try:
        return isinstance(value, str) and bool(release(value))
    except ValueError:
        return False


def comparable(version: str) -> Version | None:
    """A runtime's version under PEP 440, by which deviations name ranges: ``release-20240401.0`` is 20240401.0,
    ``1.0.0-rc93`` is 1.0.0rc93; what follows a number and is no pre-release is left out (``1.8.1.0.0.1-dirty``)."""
    found = re.match(r"(?:v|release-)?(\d+(?:\.\d+)*(?:[-.~]?(?:alpha|beta|rc|dev)[-.]?\d*)?)", version)
    if not found:
        return None
    try:
        return Version(found[1].replace("~", ""))
    except InvalidVersion:
        return None
