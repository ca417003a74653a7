"""Labels, attachments, and one page without foreign scripts."""

import json
import shutil
from pathlib import Path

import pytest

from reports import allure
from reports.allure import AllureFault, attachments, history_id, labels, single_file, stripped
from tests.reports import samples
from tests.reports.samples import check

PAGE = """<!DOCTYPE html><html><head lang="x"><script async src="https://www.googletagmanager.com/gtag/js?id=G"></script>
<script>window.dataLayer = []; function gtag(){} gtag('config', 'G');</script><link rel="preconnect" href="https://fonts.example">
<script src="data:text/javascript;base64,AAAA"></script></head><body><script>var own = 1;</script><img src="//tracker.example/p.gif"></body></html>"""


def test_labels_and_attachments() -> None:
    line = check(
        verdict="FAIL",
        runtime="crun",
        config_patch=[{"a": 1}],
        log=[{"msg": "m"}, "plain\x1b"],
        calls=[{"op": "create", "argv": ["a"], "exit": 1, "stderr": ""}],
    )
    assert {k: labels(line)[k] for k in ("section", "clause", "level", "runtime")} == {
        "section": "config.md#area", "clause": "area.clause", "level": "MUST", "runtime": "crun",
    }  # fmt: skip
    assert history_id(line) == history_id(line | {"runtime": "runc"})
    found = {name: text for name, text, _ in attachments(line, config={"x": 1}, observation={"y": 2})}
    assert set(found) == {"config.json", "argv", "log", "observation"}
    assert "\x1b" not in found["log"]
    assert [name for name, _, _ in attachments(check())] == []


def test_foreign_scripts_are_taken_out_and_nothing_can_be_fetched() -> None:
    page = stripped(PAGE)
    assert "googletagmanager" not in page and "gtag" not in page and "https://" not in page and "tracker" not in page
    assert "var own = 1" in page and "data:text/javascript" in page
    assert "default-src 'none'" in page


def test_without_results_or_node_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AllureFault, match="no results of Allure"):
        single_file(tmp_path / "none", tmp_path / "a.html")
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "x-result.json").write_text("{}")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AllureFault, match="npm install -g allure"):
        single_file(tmp_path / "results", tmp_path / "a.html")


@pytest.mark.skipif(shutil.which("allure") is None, reason="no allure on PATH (npm install -g allure)")
def test_one_page_of_real_results(tmp_path: Path) -> None:
    assert allure.command()
    run = samples.run(tmp_path / "r", check(), check(name="b", runtime="two", verdict="FAIL", config_patch=[{"a": 1}]))
    page = single_file(allure.write(run, tmp_path / "results"), tmp_path / "allure.html").read_text()
    assert "googletagmanager" not in page and len(page) > 100_000
    assert not list(tmp_path.glob(".allure-*"))


def test_results_are_drawn_from_the_record(tmp_path: Path) -> None:
    kept = tmp_path / "r" / "kept" / "area" / "fact" / "one"
    (kept / "bundle").mkdir(parents=True)
    (kept / "bundle" / "config.json").write_text('{"ociVersion": "1.0.2"}')
    outside = tmp_path / "secret"
    (outside / "bundle").mkdir(parents=True)
    (outside / "bundle" / "config.json").write_text('{"secret": true}')
    run = samples.run(
        tmp_path / "r",
        check(),
        check(name="b", verdict="FAIL", kept=str(kept)),
        check(name="c", verdict="FAIL", kept=str(outside)),
        check(name="d", verdict="SKIP"),
    )
    folder = allure.write(run, tmp_path / "results")
    found = {one["name"]: one for one in (json.loads(p.read_text()) for p in folder.glob("*-result.json"))}
    assert {n: one["status"] for n, one in found.items()} == {
        "area/fact it-holds": "passed", "area/fact b": "failed", "area/fact c": "failed", "area/fact d": "skipped",
    }  # fmt: skip
    source = next(a["source"] for a in found["area/fact b"]["attachments"] if a["name"] == "config.json")
    assert json.loads((folder / source).read_text()) == {"ociVersion": "1.0.2"}
    assert found["area/fact c"]["attachments"] == []  # what lies outside of the run's folder is not read
    assert "not asked here, kernel" in found["area/fact d"]["statusDetails"]["message"]
    assert len({one["historyId"] for one in found.values()}) == 4
