"""The record of a run: JSON lines, one header, one line for each check on each runtime, one footer.

Knows the form of a record and refuses what is none. Must not know what is drawn from it, nor anything of `conformance/`.
`schema/record.schema.json` says the same for other programs; a test holds both together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

Json = Any
Line = Mapping[str, Json]

FORMAT: Final = 1
VERDICTS: Final = ("PASS", "FAIL", "NONSTRICT", "INFO", "SKIP", "KNOWN", "FIXED", "ERROR")
LEVELS: Final = ("MUST", "SHOULD", "MAY")
REASONS: Final = ("kernel", "privilege", "feature", "spec-version", "config")
LONGEST: Final = 4 << 20  # bytes of a line; the suite writes far shorter ones

_TEXT, _MAYBE = (str,), (str, type(None))
_NUMBER = (int, float)
HEADER: Final[Mapping[str, tuple[type, ...]]] = {
    "format": (int,), "suite": _TEXT, "spec": _TEXT, "started": _TEXT, "run": _TEXT, "argv": (list,), "options": (dict,),
    "runtimes": (list,), "host": (dict,),
}  # fmt: skip
CHECK: Final[Mapping[str, tuple[type, ...]]] = {
    "case": _TEXT, "check": _TEXT, "runtime": _TEXT, "nodeid": _TEXT, "claim": _TEXT, "clause": _TEXT, "section": _TEXT, "link": _TEXT,
    "level": _TEXT, "profile": _TEXT, "verdict": _TEXT, "reason_class": _MAYBE, "reason": _MAYBE, "expected": _MAYBE,
    "observed": _MAYBE, "where": _MAYBE, "raw": _MAYBE, "duration": _NUMBER, "config_patch": (list,), "calls": (list,), "log": (list,),
    "kept": _MAYBE, "again": _TEXT, "round": (int,),
}  # fmt: skip
FOOTER: Final[Mapping[str, tuple[type, ...]]] = {
    "checks": (int,), "counts": (dict,), "exit": (int,), "interrupted": (bool,), "ended": _TEXT,
}  # fmt: skip
RUNTIME: Final = ("name", "path", "version", "sha256", "spec_min", "spec_max", "adapter")
_OF_KIND: Final = {"header": HEADER, "check": CHECK, "footer": FOOTER}


class RecordFault(ValueError):
    """A file that is no whole record; the text names file, line and fault."""


@dataclass(frozen=True)
class Run:
    """A whole record: the header, every check in the order they came, the footer."""

    header: Line
    checks: tuple[Line, ...]
    footer: Line
    path: Path = field(default=Path())

    @property
    def runtimes(self) -> list[str]:
        """Names of the runtimes, in the order in which they were asked for."""
        return [str(r["name"]) for r in self.header["runtimes"]]

    def runtime(self, name: str) -> Line:
        """What the header says of a runtime."""
        found: Line = next(r for r in self.header["runtimes"] if r["name"] == name)
        return found

    def of(self, runtime: str) -> list[Line]:
        """The checks of one runtime."""
        return [c for c in self.checks if c["runtime"] == runtime]


class Writer:
    """Writes a record; each line is handed to the system when the call returns. Raises FileExistsError."""

    def __init__(self, path: Path) -> None:
        self._file = open(path, "x", encoding="utf-8")  # noqa: SIM115  (held open for the whole session)

    def header(self, line: Line) -> None:
        """The first line."""
        self._write(line)

    def check(self, line: Line) -> None:
        """One verdict."""
        self._write(line)

    def footer(self, line: Line) -> None:
        """The last line, without which a record is a cut one."""
        self._write(line)

    def _write(self, line: Line) -> None:
        fault = fault_of(line)
        if fault:
            raise RecordFault(f"a line that is to be written: {fault}")
        self._file.write(json.dumps(line, ensure_ascii=True, separators=(",", ":")) + "\n")
        self._file.flush()

    def close(self) -> None:
        """End the file."""
        self._file.close()


def fault_of(line: Json) -> str:
    """What is wrong with a line, or "". The same as the JSON Schema says, fast enough for 20,000 of them."""
    if not isinstance(line, dict):
        return "it is no JSON object"
    kind = line.get("kind")
    members = _OF_KIND.get(kind) if isinstance(kind, str) else None
    if members is None:
        return f"its kind is {kind!r:.40}, not header, check or footer"
    for name, types in members.items():
        if name not in line:
            return f"{name} is missing"
        value = line[name]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            return f"{name} is of the wrong type"
    if line["kind"] == "check":
        if line["verdict"] not in VERDICTS:
            return f"verdict {line['verdict']!r} is none"
        if line["level"] not in LEVELS:
            return f"level {line['level']!r} is none"
        if line["profile"] not in ("spec", "cli"):
            return f"profile {line['profile']!r} is none"
        if line["reason_class"] is not None and line["reason_class"] not in REASONS:
            return f"reason_class {line['reason_class']!r} is none"
        return "" if all(map(_is_call, line["calls"])) else "a call is none: op, argv, exit and stderr make one"
    if line["kind"] == "header":
        if line["format"] != FORMAT:
            return f"it is of format {line['format']}, this reads {FORMAT}"
        return "" if all(map(_is_runtime, line["runtimes"])) else "a runtime of the header lacks a member, or has one of the wrong type"
    counted = all(isinstance(c, dict) and all(_is_int(n) for n in c.values()) for c in line["counts"].values())
    return "" if counted else "counts are not {runtime: {verdict: number}}"


def _is_int(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_call(call: Json) -> bool:
    return (
        isinstance(call, dict)
        and isinstance(call.get("op"), str)
        and isinstance(call.get("stderr"), str)
        and isinstance(call.get("argv"), list)
        and all(isinstance(word, str) for word in call["argv"])
        and "exit" in call
        and (call["exit"] is None or _is_int(call["exit"]))
    )


def _is_runtime(runtime: Json) -> bool:
    return isinstance(runtime, dict) and all(
        name in runtime and (isinstance(runtime[name], str) or (runtime[name] is None and name.startswith("spec_"))) for name in RUNTIME
    )


def find(where: Path) -> Path:
    """The record file that a path means: itself, or results.jsonl in the folder. Raises RecordFault."""
    path = where / "results.jsonl" if where.is_dir() else where
    if not path.is_file():
        raise RecordFault(f"{where}: no record there (results.jsonl of a run, or the run's folder)")
    return path


def read(where: Path) -> Run:
    """A whole record. Raises RecordFault for one that is cut, corrupt or something else."""
    path = find(where)
    header: Line | None = None
    footer: Line | None = None
    checks: list[Line] = []
    names: set[str] = set()
    known: set[tuple[str, str, str]] = set()
    for number, line in _lines(path):
        kind = line["kind"]
        if footer is not None:
            raise RecordFault(f"{path}:{number}: there is something behind the footer")
        if (kind == "header") != (header is None):
            raise RecordFault(f"{path}:{number}: " + ("a second header" if kind == "header" else "it does not begin with a header"))
        if kind == "header":
            header = line
            names = {r["name"] for r in line["runtimes"]}
        elif kind == "footer":
            footer = line
        elif line["runtime"] not in names:
            raise RecordFault(f"{path}:{number}: the header knows no runtime {line['runtime']!r}")
        else:
            key = (line["case"], line["check"], line["runtime"])
            if key in known:
                raise RecordFault(f"{path}:{number}: a second verdict on {' '.join(key)}")
            known.add(key)
            checks.append(line)
    if header is None:
        raise RecordFault(f"{path}: it is empty")
    if footer is None:
        raise RecordFault(f"{path}: the footer is missing, the run was cut")
    if footer["checks"] != len(checks):
        raise RecordFault(f"{path}: the footer counts {footer['checks']} checks, there are {len(checks)}")
    return Run(header=header, checks=tuple(checks), footer=footer, path=path)


def _no_number(word: str) -> Json:
    raise ValueError(f"{word} is no number of JSON")


def _without_halves(line: Json) -> Json:
    return json.loads(json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass").decode("utf-8", "replace"))


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Json]]]:
    with open(path, "rb") as file:
        number = 0
        while True:
            raw = file.readline(LONGEST + 1)
            if not raw:
                return
            number += 1
            if len(raw) > LONGEST:
                raise RecordFault(f"{path}:{number}: a line of more than {LONGEST >> 20} MiB")
            try:
                line = json.loads(raw.decode("utf-8"), parse_constant=_no_number)
                if b"\\ud" in raw or b"\\uD" in raw:  # half of a surrogate pair could be written nowhere
                    line = _without_halves(line)
            except UnicodeDecodeError:
                raise RecordFault(f"{path}:{number}: it is not UTF-8") from None
            except (ValueError, RecursionError) as fault:
                cut = "" if raw.endswith(b"\n") else " (the last line is cut)"
                raise RecordFault(f"{path}:{number}: it is no JSON{cut}: {fault}") from None
            fault_text = fault_of(line)
            if fault_text:
                raise RecordFault(f"{path}:{number}: {fault_text}")
            yield number, line
