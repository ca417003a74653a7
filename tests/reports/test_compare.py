"""Comparing and joining records."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from reports import sides
from reports.__main__ import main
from reports.compare import Incomparable, compare
from reports.merge import merge
from reports.record import read
from tests.reports import samples
from tests.reports.samples import check, header, runtime


def _two(tmp_path: Path, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Any:
    a = read(samples.write(tmp_path / "a", header(runtime("one", "1.0")), before))
    b = read(samples.write(tmp_path / "b", header(runtime("one", "1.1")), after))
    return compare([a, b])


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (check(), check(verdict="FAIL"), "regressed"),
        (check(), check(verdict="KNOWN"), "regressed"),
        (check(), check(verdict="ERROR"), "regressed"),
        (check(verdict="NONSTRICT"), check(), "fixed"),
        (check(verdict="FAIL"), check(verdict="KNOWN"), "moved"),
        (check(verdict="KNOWN"), check(verdict="FIXED", observed="yes"), "fixed"),
        (check(), check(verdict="SKIP"), "moved"),
        (check(verdict="FAIL"), check(verdict="FAIL", observed="something else"), "moved"),
        (check(verdict="INFO", observed="1"), check(verdict="INFO", observed="2"), "moved"),
        (check(), check(), ""),
        (check(verdict="SKIP"), check(verdict="SKIP", reason="another"), ""),
    ],
)
def test_what_became_of_a_check(tmp_path: Path, before: dict[str, Any], after: dict[str, Any], kind: str) -> None:
    found = _two(tmp_path, [before], [after])
    assert [c.kind for c in found.changes] == ([kind] if kind else [])
    assert found.regressed == (kind == "regressed")


def test_new_and_gone(tmp_path: Path) -> None:
    found = _two(tmp_path, [check(name="old")], [check(name="young", verdict="FAIL")])
    assert [(c.kind, c.check["check"]) for c in found.changes] == [("gone", "old"), ("new", "young")]
    assert not found.regressed


def _three(tmp_path: Path, *seen: str | None) -> Any:
    runs = []
    for name, what in zip(("one", "two", "three"), seen, strict=True):
        line = check(runtime=name, verdict="SKIP") if what is None else check(runtime=name, verdict="INFO", observed=what)
        runs.append(samples.run(tmp_path / name, line))
    return compare(runs)


def test_who_differs_alone_is_told_by_value_and_not_by_verdict(tmp_path: Path) -> None:
    assert _three(tmp_path / "a", "1", "255", "1").differences[0].alone == "two 1.0"
    assert _three(tmp_path / "b", "1", "2", "3").differences[0].alone is None
    assert _three(tmp_path / "c", "1", "1", "1").differences == ()
    two_asked = _three(tmp_path / "d", "1", None, "3").differences[0]
    assert two_asked.alone is None and set(two_asked.seen) == {"one 1.0", "three 1.0"}
    assert _three(tmp_path / "e", "1", None, None).asked == 0


@pytest.mark.parametrize("form", ["text", "json", "md", "html"])
def test_every_form_tells_the_same(tmp_path: Path, form: str) -> None:
    found = _two(tmp_path, [check(), check(name="b")], [check(verdict="FAIL", observed="not | so"), check(name="b")])
    shown = sides.show(found, form)
    assert "area/fact" in shown and "area.clause" in shown and re.search(r"not \\?\| so", shown)
    assert shown.count("it-holds") >= 1
    if form == "json":
        doc = json.loads(shown)
        assert doc["changes"][0]["before"] == {"verdict": "PASS", "observed": "yes"}
        assert doc["asked_of_several"] == 2 and doc["the_same"] == 1
    if form == "text":
        assert max(map(len, shown.splitlines())) <= 80


def test_refusals(tmp_path: Path) -> None:
    one = samples.run(tmp_path / "one", check())
    again = samples.run(tmp_path / "again", check())
    newer = samples.run(tmp_path / "newer", check(runtime="two"), suite="0.2.0")
    for runs, why in (
        ([one], "one record alone"),
        ([one, one], "the same record twice"),
        ([one, again], "the same runtime twice: --same-runtime"),
        ([one, newer], "is of suite 0.1.0, .* of 0.2.0"),
    ):
        with pytest.raises(Incomparable, match=why):
            compare(runs)
    with pytest.raises(Incomparable, match="no record has a runtime called crun; there are one, two"):
        compare([one, newer], other_suites=True, only=["crun"])
    assert compare([one, newer], other_suites=True).asked == 1
    assert [c.label for c in compare([one, again], same_runtime=True).columns] == ["one 1.0", "one 1.0 #2"]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = samples.write(tmp_path / "a", header(runtime("one", "1.0")), [check()])
    b = samples.write(tmp_path / "b", header(runtime("one", "1.1")), [check(verdict="FAIL")])
    assert main(["compare", str(a), str(b)]) == 1
    assert "REGRESSED: 1" in capsys.readouterr().out
    assert main(["compare", str(b), str(a), "--format", "html", "--out", str(tmp_path / "c.html")]) == 0
    assert "<h2>Fixed: 1" in (tmp_path / "c.html").read_text()
    assert main(["compare", str(a), str(a)]) == 2
    assert "reports: " in capsys.readouterr().err
    assert main(["compare", str(a), str(tmp_path / "none")]) == 2
    assert "no record there" in capsys.readouterr().err


def test_twenty_thousand_records_are_compared_in_time(tmp_path: Path) -> None:
    for name, version, seed in (("a", "1.0", 1), ("b", "1.1", 2)):
        samples.write(tmp_path / name, header(*(runtime(n, version) for n in ("one", "two", "three"))), samples.many(20_000, seed=seed))
    begun = time.process_time()
    found = compare([read(tmp_path / "a"), read(tmp_path / "b")])
    shown = sides.show(found, "text")
    assert time.process_time() - begun < 6  # 1 s on a slow machine, of 2 s
    assert found.regressed and len(shown) > 1000


def test_hostile_records_compare_harmlessly(tmp_path: Path) -> None:
    bad = samples.hostile_run(tmp_path / "bad")
    good = samples.run(tmp_path / "good", *(dict(c) | {"runtime": "two", "observed": "fine"} for c in bad.checks))
    found = compare([bad, good])
    page = sides.show(found, "html")
    assert page.count("<script") == 1 and "<img" not in page and "<svg" not in page and 'href="javascript' not in page
    text = sides.show(found, "text")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    json.loads(sides.show(found, "json"))


def _shard(tmp_path: Path, part: str, *checks: dict[str, Any], **head: Any) -> Path:
    return samples.write(tmp_path / part.replace("/", "of"), header(runtime("one"), options={"level": "must", "shard": part}, **head), checks)


def test_shards_are_joined(tmp_path: Path) -> None:
    a = _shard(tmp_path, "1/2", check("a/x"))
    b = _shard(tmp_path, "2/2", check("b/y", verdict="FAIL", kept=str(tmp_path / "2of2" / "kept" / "b" / "y" / "one")))
    (b / "kept" / "b" / "y" / "one").mkdir(parents=True)
    (b / "kept" / "b" / "y" / "one" / "repro.sh").write_text("#!/bin/sh\n")
    assert main(["merge", str(a), str(b), "--out", str(tmp_path / "all")]) == 0
    run = read(tmp_path / "all")
    assert [c["case"] for c in run.checks] == ["a/x", "b/y"]
    assert run.footer["counts"] == {"one": {"PASS": 1, "FAIL": 1}}
    assert run.header["options"]["shard"] == ""
    assert Path(run.checks[1]["kept"], "repro.sh").exists() and "/all/" in run.checks[1]["kept"]
    assert (tmp_path / "all" / "matrix.html").exists()


def test_what_cannot_be_joined(tmp_path: Path) -> None:
    a, b = _shard(tmp_path, "1/3", check("a/x")), _shard(tmp_path, "2/3", check("b/y"))
    with pytest.raises(Incomparable, match="shard 3/3 is missing"):
        merge([a, b], tmp_path / "all")
    assert merge([a, b], tmp_path / "all", partial=True).exists()
    twice = _shard(tmp_path / "again", "2/3", check("a/x"))
    with pytest.raises(Incomparable, match="both hold a/x it-holds one"):
        merge([a, twice], tmp_path / "x", partial=True)
    with pytest.raises(Incomparable, match="no shards of one run: 1/3, whole"):
        merge([a, samples.write(tmp_path / "whole", header(runtime("one")), [check()])], tmp_path / "x")
    with pytest.raises(Incomparable, match="not shards of one run"):
        merge([a, _shard(tmp_path / "old", "2/3", check(), suite="0.0.9")], tmp_path / "x")
    other = samples.write(tmp_path / "other", header(runtime("one", "9"), options={"level": "must", "shard": "2/3"}), [check()])
    with pytest.raises(Incomparable, match="did not examine the same runtimes"):
        merge([a, other], tmp_path / "x")
    cut = samples.write(tmp_path / "cut", header(runtime("one"), options={"level": "must", "shard": "2/3"}), [check("z/z")], interrupted=True)
    with pytest.raises(Incomparable, match="interrupted"):
        merge([a, cut], tmp_path / "x", partial=True)
    assert not (tmp_path / "x").exists()
