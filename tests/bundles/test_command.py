"""`python -m bundles`: what it writes, what it prints, how it ends."""

import io
import json
from pathlib import Path

import pytest

from bundles.__main__ import main

Capture = pytest.CaptureFixture[str]


def test_new_writes_a_bundle_without_faults(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "one.json").write_text('{"hostname": "red", "process": {"cwd": "/tmp"}}')
    (tmp_path / "two.json").write_text('{"hostname": null, "annotations": {"org.example.at": "{bundle} {id}"}}')
    words = ["new", str(tmp_path / "b"), "--patch", str(tmp_path / "one.json"), "--patch", str(tmp_path / "two.json")]
    assert main([*words, "--probe", "say hello exit 3"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'b'}\n"
    config = json.loads((tmp_path / "b/config.json").read_text())
    assert "hostname" not in config and config["process"]["cwd"] == "/tmp"
    assert config["process"]["args"] == ["/probe", "say", "hello", "exit", "3"]
    assert config["annotations"] == {"org.example.at": f"{tmp_path / 'b'} b"}
    assert config["linux"]["cgroupsPath"] == "/proctor-b"
    assert (tmp_path / "b/rootfs/probe").is_file()
    assert main(["check", str(tmp_path / "b"), "--should"]) == 0
    assert capsys.readouterr().out == ""


def test_new_reads_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"hostname": "stdin"}'))
    assert main(["new", str(tmp_path), "--patch", "-"]) == 0
    assert json.loads((tmp_path / "config.json").read_text())["hostname"] == "stdin"


def test_new_overwrites_only_when_told(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "config.json").write_text("mine")
    assert main(["new", str(tmp_path)]) == 2
    assert "--force" in capsys.readouterr().err
    assert (tmp_path / "config.json").read_text() == "mine"
    assert main(["new", str(tmp_path), "--force"]) == 0
    assert json.loads((tmp_path / "config.json").read_text())["ociVersion"] == "1.0.2"


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "an object is needed"),
        (None, "cannot be read: No such file"),
        ('{"hostname": "{ns:red}"}', "{ns:red} stands for something only the suite makes"),
    ],
)
def test_new_says_what_is_wrong_with_a_patch(tmp_path: Path, capsys: Capture, patch: str | None, message: str) -> None:
    if patch is not None:
        (tmp_path / "patch").write_text(patch)
    assert main(["new", str(tmp_path / "b"), "--patch", str(tmp_path / "patch")]) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1
    assert not (tmp_path / "b").exists()


def test_new_says_what_is_wrong_with_a_rootfs(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "no.tar").write_text("x")
    assert main(["new", str(tmp_path / "b"), "--rootfs", str(tmp_path / "no.tar")]) == 1
    assert main(["new", str(tmp_path / "c"), "--rootfs", str(tmp_path / "absent")]) == 1
    assert capsys.readouterr().err.count("\n") == 2


def test_check_names_every_fault_by_its_path(tmp_path: Path, capsys: Capture) -> None:
    config = {"ociVersion": "1", "root": {"path": "gone"}, "process": {"cwd": "/", "args": ["a"], "user": {"uid": 0}}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert main(["check", str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        '$.ociVersion: "1" is not a version in SemVer 2.0.0 form',
        "$.process.user: lacks gid",
        f"$.root.path: names no folder: {tmp_path}/gone",
    ]
    assert main(["check", str(tmp_path), "--should"]) == 1
    assert '$.root.path: "gone" is not the conventional rootfs (advice)' in capsys.readouterr().out


def test_check_a_state_document(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "state.json").write_text('{"ociVersion": "1.0.0", "id": "x", "status": "running", "bundle": "/b"}')
    assert main(["check", str(tmp_path / "state.json"), "--kind", "state"]) == 1
    assert capsys.readouterr().out == "$: lacks pid\n"


def test_check_without_a_file_is_a_usage_error(tmp_path: Path, capsys: Capture) -> None:
    assert main(["check", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("words", [["--help"], ["new", "--help"], ["check", "--help"]])
def test_help(words: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    assert "DIR" in capsys.readouterr().out or words == ["--help"]
