"""Published reports and the page made of them."""

from pathlib import Path

import pytest

from reports import published
from reports.__main__ import main
from reports.published import PublishedFault
from tests.reports import samples
from tests.reports.samples import check, header, runtime

ROOT = Path(__file__).parents[2]


def _publish(tmp_path: Path) -> Path:
    checks = [
        check(verdict="FAIL", observed="a | b"),
        check(runtime="two"),
        check(name="same", verdict="INFO", observed="1"),
        check(name="same", runtime="two", verdict="INFO", observed="1"),
        check(name="unasked", verdict="SKIP", clause="area.three"),
        check(name="unasked", runtime="two", verdict="KNOWN", clause="area.three"),
        check(name="latitude", verdict="PASS", expected="1 or 2", observed="1", clause="area.two"),
        check(name="latitude", runtime="two", verdict="PASS", expected="1 or 2", observed="2", clause="area.two"),
    ]
    folder = samples.write(tmp_path / "r", header(runtime("one"), runtime("two", "2.0~rc/1")), checks)
    assert main(["publish", str(folder), "--to", str(tmp_path / "pub")]) == 0
    return tmp_path / "pub"


def test_the_files_of_a_run(tmp_path: Path) -> None:
    found = sorted(str(p.relative_to(tmp_path / "pub")) for p in _publish(tmp_path).glob("*/*"))
    assert found == ["1.3.0/one-1.0.yaml", "1.3.0/two-2.0_rc_1.yaml"]
    document = published.load(tmp_path / "pub" / found[0])
    assert document["counts"]["MUST"] == {"FAIL": 1, "INFO": 1, "PASS": 1, "SKIP": 1}


def test_the_page_tells_what_is_not_the_same_and_only_that(tmp_path: Path) -> None:
    page = published.differences(_publish(tmp_path))
    rows = [line for line in page.splitlines() if line.startswith("| area/fact")]
    assert rows == ["| area/fact it-holds | yes | a \\| b | PASS |", "| area/fact latitude | 1 or 2 | 1 | 2 |"]


@pytest.mark.parametrize("text", ["a: [", "[]", "format: 9\nruntime: {}", "!!python/object/apply:os.system [true]"])
def test_what_is_no_report(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(PublishedFault):
        published.load(path)


def test_the_page_in_docs_is_the_one_that_the_published_reports_make() -> None:
    page = ROOT / "docs" / "differences.md"
    assert page.read_text() == published.differences(ROOT / "reports" / "published")
    assert page.read_text().count("\n## runtime-spec") >= 1


def test_a_skip_without_a_reason_is_told_by_its_name(tmp_path: Path) -> None:
    run = samples.run(tmp_path / "r", check(name="a", verdict="SKIP", reason=None), check(name="b", verdict="SKIP", reason="no such thing"))
    assert published.report(run, "one")["not_asked"] == [
        {"class": "kernel", "reason": "no reason was recorded", "checks": ["area/fact a"]},
        {"class": "kernel", "reason": "no such thing", "checks": ["area/fact b"]},
    ]
