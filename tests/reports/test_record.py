"""The record is refused, with file, line and fault, unless it is whole and right."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reports import record
from reports.record import CHECK, FOOTER, HEADER, RecordFault, Writer, fault_of, read
from tests.reports import samples
from tests.reports.samples import check, header, runtime

SCHEMA = json.loads((Path(record.__file__).parent / "schema" / "record.schema.json").read_text())
FOOT = {"kind": "footer", "checks": 1, "counts": {"one": {"PASS": 1}}, "exit": 0, "interrupted": False, "ended": "t"}
GOOD = (header(runtime("one")), check(calls=[{"op": "create", "argv": ["a"], "exit": None, "stderr": ""}]), FOOT)
ODD: tuple[object, ...] = (None, True, 1, -1, 1.5, "", "word", [], ["x"], {}, {"a": 1}, [{"op": 1}], [{"name": "x"}], {"one": {"PASS": "x"}}, {"one": 1})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    checks = [check(runtime="one", raw="ü\x00\u2028"), check(runtime="two", verdict="FAIL")]
    found = samples.run(tmp_path / "r", *checks)
    assert list(found.checks) == checks
    assert found.runtimes == ["one", "two"]
    assert found.of("two") == [checks[1]]
    assert read(tmp_path / "r" / "results.jsonl") == found


def test_each_line_is_there_when_the_call_returns(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "results.jsonl")
    writer.header(GOOD[0])
    writer.check(GOOD[1])
    assert (tmp_path / "results.jsonl").read_text().count("\n") == 2
    writer.close()


def test_a_writer_refuses_a_wrong_line_and_an_old_file(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "results.jsonl")
    with pytest.raises(RecordFault, match="verdict 'GREAT'"):
        writer.check(check(verdict="GREAT"))
    writer.close()
    with pytest.raises(FileExistsError):
        Writer(tmp_path / "results.jsonl")


def _mutants() -> list[Any]:
    out: list[Any] = [*ODD]
    for line in GOOD:
        for name in line:
            without = copy.deepcopy(line)
            del without[name]
            out.append(without)
            out += [{**line, name: odd} for odd in ODD]
        out.append(line)
    for place in ("op", "argv", "exit", "stderr"):
        out += [{**GOOD[1], "calls": [{**GOOD[1]["calls"][0], place: odd}]} for odd in ODD]
    for member in record.RUNTIME:
        out += [{**GOOD[0], "runtimes": [{**runtime("one"), member: odd}]} for odd in ODD]
    return out


def test_the_quick_checks_and_the_schema_say_the_same() -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    mutants = _mutants()
    differ = [m for m in mutants if validator.is_valid(m) != (fault_of(m) == "")]
    assert not differ
    assert 100 < sum(fault_of(m) == "" for m in mutants) < len(mutants) / 2


def test_the_schema_names_every_member() -> None:
    for kind, members in (("header", HEADER), ("check", CHECK), ("footer", FOOTER)):
        assert set(SCHEMA["$defs"][kind]["required"]) == {"kind", *members}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "it is empty"),
        (b"\x80\x81\n", ":1: it is not UTF-8"),
        (b"PK\x03\x04\n", ":1: it is no JSON"),
        (b"[]\n", ":1: it is no JSON object"),
        (b"{}\n", ":1: its kind is None"),
        (b'{"kind":["x"]}\n', ":1: its kind is"),
        (b'{"kind": "header", "format": NaN}\n', "NaN is no number"),
        (b"[" * 100_000 + b"\n", ":1: it is no JSON"),
        (b"1" * 5000 + b"\n", ":1: it is no JSON"),
        (b'<?xml version="1.0"?><testsuites/>\n', ":1: it is no JSON"),
    ],
    ids=["empty", "no-utf8", "zip", "array", "no-kind", "odd-kind", "nan", "deep", "long-number", "xml"],
)
def test_what_is_no_record_is_refused(tmp_path: Path, text: bytes, why: str) -> None:
    path = tmp_path / "results.jsonl"
    path.write_bytes(text)
    with pytest.raises(RecordFault) as fault:
        read(path)
    assert why in str(fault.value)
    assert str(path) in str(fault.value)


def _lines(*lines: Any) -> str:
    return "".join(json.dumps(line) + "\n" for line in lines)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (_lines(GOOD[0], GOOD[1]), "the footer is missing, the run was cut"),
        (_lines(*GOOD)[:-30], ":3: it is no JSON (the last line is cut)"),
        (_lines(*GOOD, GOOD[1]), ":4: there is something behind the footer"),
        (_lines(GOOD[1], GOOD[2]), ":1: it does not begin with a header"),
        (_lines(GOOD[0], GOOD[0]), ":2: a second header"),
        (_lines(GOOD[0], check(runtime="other")), ":2: the header knows no runtime 'other'"),
        (_lines(GOOD[0], GOOD[1], GOOD[1], FOOT), ":3: a second verdict on area/fact it-holds one"),
        (_lines(GOOD[0], FOOT), "the footer counts 1 checks, there are 0"),
        (_lines({**GOOD[0], "format": 2}), ":1: it is of format 2, this reads 1"),
        (_lines(GOOD[0], {**GOOD[1], "level": "MIGHT"}), ":2: level 'MIGHT' is none"),
    ],
    ids=["no-footer", "cut-line", "behind", "no-header", "two-headers", "foreign-runtime", "twice", "count", "format", "level"],
)
def test_a_broken_record_is_refused(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text(text)
    with pytest.raises(RecordFault) as fault:
        read(path)
    assert why in str(fault.value)


def test_a_huge_line_is_refused_without_reading_it_all(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with open(path, "wb") as file:
        file.truncate(1 << 40)  # a hole: a terabyte of NUL
    with pytest.raises(RecordFault, match="more than 4 MiB"):
        read(path)


def test_a_folder_without_a_record_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordFault, match="no record there"):
        read(tmp_path)


def test_half_a_surrogate_pair_becomes_something_that_can_be_written(tmp_path: Path) -> None:
    found = samples.run(tmp_path / "r", check(raw="a \ud800 b \udcff, and 😀"))
    text = str(found.checks[0]["raw"])
    assert text.encode().decode() == text
    assert text.endswith("and 😀")
