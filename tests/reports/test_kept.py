"""What is kept of a case, and that its script repeats it on a real runtime."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bundles import base, fill, merge, probe
from reports.kept import Story, keep

PLACES = ("bundle", "rootfs", "probe", "journal", "id", "cgroup", "pidfile")
RUNTIMES = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            shutil.which(name) is None or os.geteuid() != 0,
            reason=f"{name} is not on PATH" if shutil.which(name) is None else "making containers needs root",
        ),
    )
    for name in ("runc", "crun")
]


def _call(binary: str, op: str, code: int | None, *words: str) -> dict[str, Any]:
    return {"op": op, "exit": code, "argv": [binary, "--root", "/then/r", "--log", "/then/log", op, *words]}


def _story(tmp_path: Path, binary: str, patch: dict[str, Any], steps: list[dict[str, Any]] | None = None, **more: Any) -> Story:
    bundle = tmp_path / "then"
    (bundle / "rootfs" / "etc").mkdir(parents=True)
    (bundle / "rootfs" / "etc" / "given").write_text("a file of the case\n")
    (bundle / "config.json").write_text("{}")
    os.mkfifo(bundle / "rootfs" / "journal")
    config = fill(merge(base(), patch), {name: f"@@{name}@@" for name in (*PLACES, "ns:red")})
    usual = [
        _call(binary, "create", 0, "--bundle", "/then/b", "--pid-file", "/then/pid", "then-id"),
        _call(binary, "start", 0, "then-id"),
        {"op": "ended"},
        _call(binary, "delete", 0, "then-id"),
    ]
    words: dict[str, Any] = {
        "case": "area/the case's $HOME `id`",
        "claim": 'it says "so"',
        "clause": "area.clause",
        "runtime": Path(binary).name,
        "binary": binary,
        "config": json.dumps(config),
        "concrete": {"/then/b": "bundle", "/then/r": "root", "/then/log": "log", "/then/pid": "pidfile", "then-id": "id"},
        "steps": steps or usual,
        "bundle": bundle,
        "probe": probe.build(),
        "output": "then\n",
        "log": "words of the runtime \udcff\n",
        "observation": {"exit": 0},
    }
    return Story(**(words | more))


def _repeat(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(place / "repro.sh"), *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd="/",
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )


def test_what_is_in_the_folder(tmp_path: Path) -> None:
    story = _story(tmp_path, "/usr/bin/none", {})
    place = keep(tmp_path / "run", story)
    assert place == Path("kept/area/the_case_s__HOME__id_/none")
    folder = tmp_path / "run" / place
    names = {str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir()}
    assert names == {
        "repro.sh", "probe", "config.template.json", "argv.jsonl", "output.txt", "log.txt", "stdin.txt", "observation.json", "bundle/config.json",
        "bundle/rootfs/etc/given",
    }  # fmt: skip
    assert json.loads((folder / "argv.jsonl").read_text().splitlines()[0])["exit"] == 0
    assert (folder / "log.txt").read_text() == "words of the runtime \\udcff\n"
    again = keep(tmp_path / "run", story)
    assert again == place
    assert (folder / "probe").stat().st_nlink == 2  # one copy a run


def test_large_files_devices_and_other_mounts_stay_out(tmp_path: Path) -> None:
    story = _story(tmp_path, "/usr/bin/none", {})
    (story.bundle / "large").write_bytes(b"x" * (2 << 20))
    (story.bundle / "link").symlink_to("/etc/shadow")
    bundle = tmp_path / "run" / keep(tmp_path / "run", story) / "bundle"
    assert not (bundle / "large").exists()
    assert os.readlink(bundle / "link") == "/etc/shadow"
    assert not (bundle / "rootfs" / "journal").exists()


@pytest.mark.parametrize("name", RUNTIMES)
def test_the_script_repeats_a_case(tmp_path: Path, name: str) -> None:
    binary = str(shutil.which(name))
    patch = {"process": {"args": ["/probe", "read", "/etc/given", "say", "{id}", "exit", "3"]}}
    place = tmp_path / "run" / keep(tmp_path / "run", _story(tmp_path, binary, patch))
    moved = tmp_path / "elsewhere"
    shutil.move(place, moved)  # the folder is whole in itself
    done = _repeat(moved)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "create: exit 0 (then: 0)" in done.stdout and "delete: exit 0 (then: 0)" in done.stdout
    assert "a file of the case" in done.stdout and "\nrepro-" in done.stdout
    assert "every call ended as it did then" in done.stdout


@pytest.mark.parametrize("name", RUNTIMES)
def test_the_script_says_when_a_call_ends_otherwise(tmp_path: Path, name: str) -> None:
    binary = str(shutil.which(name))
    steps = [_call(binary, "create", 0, "--bundle", "/then/b", "then-id"), _call(binary, "state", 0, "then-id")]
    place = keep(tmp_path / "run", _story(tmp_path, binary, {"process": {"cwd": "not/absolute"}, "root": {"path": "nowhere"}}, steps))
    done = _repeat(tmp_path / "run" / place)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "not every call ended as it did then" in done.stdout
    assert "create: exit 1 (then: 0)" in done.stdout


@pytest.mark.parametrize("name", RUNTIMES)
@pytest.mark.parametrize(("kind", "flag"), [("network", "net"), ("ipc", "ipc")])
def test_the_script_makes_the_namespaces_of_a_case(tmp_path: Path, name: str, kind: str, flag: str) -> None:
    namespaces = [{"type": "pid"}, {"type": "mount"}, {"type": "uts"}, {"type": kind, "path": "{ns:red}"}]
    if kind != "ipc":
        namespaces.append({"type": "ipc"})
    patch = {"process": {"args": ["/probe", "dump"]}, "linux": {"namespaces": namespaces}}
    story = _story(tmp_path, str(shutil.which(name)), patch, namespaces=[("red", kind, "")])
    done = _repeat(tmp_path / "run" / keep(tmp_path / "run", story))
    assert done.returncode == 0, done.stdout + done.stderr
    inside = next(line for line in done.stdout.splitlines() if line.startswith('{"kind"'))
    joined = json.loads(inside, strict=False)["ns"][flag]
    assert joined.startswith(f"{flag}:[") and joined != os.readlink(f"/proc/self/ns/{flag}")


@pytest.mark.parametrize("name", RUNTIMES)
def test_the_script_leaves_nothing(tmp_path: Path, name: str) -> None:
    steps = [_call(str(shutil.which(name)), "create", 0, "--bundle", "/then/b", "--pid-file", "/then/pid", "then-id")]
    place = tmp_path / "run" / keep(tmp_path / "run", _story(tmp_path, str(shutil.which(name)), {}, steps))
    script = place / "repro.sh"
    own = tmp_path / "scratch"
    own.mkdir()
    script.write_text(script.read_text().replace("work=$(mktemp -d)", f"work=$(mktemp -d -p {own})"))
    done = _repeat(place)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(own.iterdir()) == []
    assert str(own) not in Path("/proc/self/mountinfo").read_text()


def test_the_script_says_what_it_cannot(tmp_path: Path) -> None:
    place = tmp_path / "run" / keep(tmp_path / "run", _story(tmp_path, "/usr/bin/none", {}, cannot=["the console's socket"]))
    done = _repeat(place)
    assert done.returncode == 2
    assert "a shell cannot make again: the console's socket" in done.stderr


def test_without_the_runtime_it_says_how_to_name_one(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("making containers needs root")
    place = tmp_path / "run" / keep(tmp_path / "run", _story(tmp_path, "/nowhere/runtime", {}))
    done = _repeat(place)
    assert done.returncode == 2
    assert "no runtime /nowhere/runtime here" in done.stderr
