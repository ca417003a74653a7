"""The command line as users meet it: exit codes, usage, private cases, killed runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from conformance import world
from conformance.host import Host
from tests import leftovers
from tests.conformance.fakes import real
from tests.conformance.suite import ROOT, environment, examine

ROOT_CASES = "conformance/cases/root.py"
RUNTIME = f"--runtime=it={real()}"
# Every runtime of this machine, the reference always among them.
ALL = ["--runtime=reference", *(f"--runtime={name}" for name in ("runc", "crun") if shutil.which(name))]


def test_a_conforming_run_exits_0_and_its_record_is_whole(tmp_path: Path) -> None:
    result = examine(tmp_path / "r", RUNTIME, "-n0", ROOT_CASES, "-k", "hostname")
    assert result.exit == 0, result.output
    assert result.run is not None
    assert result.run.footer["counts"] == {"it": {"PASS": result.verdicts["PASS"]}}
    assert result.verdicts["PASS"] > 3


def test_verdicts_do_not_depend_on_workers_or_order(tmp_path: Path) -> None:
    found = []
    for number, words in enumerate((["-n0"], ["-n2"], ["-n8"], ["-n0", "-p", "tests.conformance.another_order"])):
        result = examine(tmp_path / str(number), *ALL, *words, ROOT_CASES)
        assert result.run is not None, result.output
        found.append(sorted((c["case"], c["check"], c["verdict"]) for c in result.run.checks))
    assert found[0] == found[1] == found[2] == found[3]
    assert len(found[0]) > 50


def test_a_root_filesystem_of_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "fs" / "etc").mkdir(parents=True)
    (tmp_path / "fs" / "etc" / "mark").write_text("of the user")
    with tarfile.open(tmp_path / "fs.tar", "w") as tar:
        tar.add(tmp_path / "fs", ".")
    case = {"is": "Case", "id": "own/rootfs", "claim": "the file is there", "clause": "bundle.rootfs-by-root-path",
            "config": [{"process": {"args": ["/probe", "dump", "read", "/etc/mark"]}}],
            "expect": [{"is": "Check", "name": "reads", "args": {"path": "/etc/mark", "text": "of the user"}}]}  # fmt: skip
    (tmp_path / "own.case.json").write_text(json.dumps(case))
    for number, given in enumerate((tmp_path / "fs", tmp_path / "fs.tar")):
        result = examine(tmp_path / f"r{number}", RUNTIME, "-n0", f"--rootfs={given}", str(tmp_path / "own.case.json"))
        assert result.exit == 0, result.output
    without = examine(tmp_path / "r3", RUNTIME, "-n0", str(tmp_path / "own.case.json"))
    assert without.verdict("own/rootfs", "reads:/etc/mark") == "FAIL"


def test_a_required_need_is_no_skip(tmp_path: Path) -> None:
    if Host.read().apparmor:
        pytest.skip("AppArmor is enabled here, so nothing is skipped for it")
    words = [RUNTIME, "-n0", "conformance/cases/lsm.py", "-k", "apparmor/profile"]
    free = examine(tmp_path / "r1", *words)
    assert free.exit == 5
    assert free.run is not None
    assert {c["verdict"] for c in free.run.checks} == {"SKIP"}
    result = examine(tmp_path / "r2", *words, "--require=apparmor")
    assert result.exit == 1
    assert "--require forbids this skip" in result.output


def test_shards_are_the_whole(tmp_path: Path) -> None:
    whole = examine(tmp_path / "w", RUNTIME, "-n0", ROOT_CASES)
    parts = [examine(tmp_path / f"p{i}", RUNTIME, "-n0", f"--shard={i}/3", ROOT_CASES) for i in (1, 2, 3)]
    assert whole.run is not None
    found = [c["nodeid"] for p in parts if p.run for c in p.run.checks]
    assert sorted(found) == sorted(c["nodeid"] for c in whole.run.checks)


def test_a_repeated_case_is_told_by_rounds(tmp_path: Path) -> None:
    fake = tmp_path / "unsteady"
    fake.write_text(
        f"#!/bin/sh\ncase \" $* \" in *\" start \"*) n=$(cat {tmp_path}/n 2>/dev/null || echo 0); echo $((n + 1)) >{tmp_path}/n\n"
        f"  [ $((n % 2)) = 1 ] && [ $n -gt 2 ] && exit 0;; esac\nexec {real()} \"$@\"\n"
    )
    fake.chmod(0o755)
    result = examine(tmp_path / "r", f"--runtime={fake}", "-n0", "--repeat=4", "--runtime-timeout=2", "conformance/cases/lifecycle.py", "-k", "exit/code-41")
    assert result.exit == 1, result.output
    assert result.run is not None
    assert "/4" in next(str(c["reason"]) for c in result.run.checks if c["check"] == "exits:41")


def test_it_works_from_a_subfolder(tmp_path: Path) -> None:
    result = examine(tmp_path / "r", RUNTIME, "-n0", "-k", "hostname/longest", cwd=ROOT / "docs")
    assert result.exit == 0, result.output
    assert result.verdicts["PASS"] == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--shard=3/2"], "--shard"),
        (["--repeat=0"], "--repeat"),
        (["--spec=9.9"], "--spec"),
        (["--runtime-timeout=-1"], "--runtime-timeout"),
        (["--rootfs=/no/such/tar"], "--rootfs"),
        (["--update-baseline"], "--baseline"),
    ],
)
def test_a_command_line_that_cannot_be_meant_says_what_to_type(words: list[str], told: str, tmp_path: Path) -> None:
    result = examine(tmp_path / "r", RUNTIME, "-n0", *words, ROOT_CASES)
    assert result.exit != 0
    assert told in result.output
    assert "Traceback" not in result.output
    assert result.run is None


def test_nothing_asked_exits_5(tmp_path: Path) -> None:
    result = examine(tmp_path / "r", RUNTIME, "-n0", ROOT_CASES, "-k", "no-such-case")
    assert result.exit == 5, result.output


def test_a_private_case_of_a_runtimes_own_repository(tmp_path: Path) -> None:
    good = {"is": "Case", "id": "own/private", "claim": "a private case runs", "clause": "config.hostname.applied", "config": [{"hostname": "own"}],
            "expect": [{"is": "Check", "name": "says", "args": {"name": "hostname", "value": "own"}}]}  # fmt: skip
    (tmp_path / "own.case.json").write_text(json.dumps(good))
    result = examine(tmp_path / "r", RUNTIME, "-n0", str(tmp_path / "own.case.json"))
    assert result.exit == 0, result.output
    assert result.verdict("own/private", "says:hostname") == "PASS"
    (tmp_path / "bad.case.json").write_text(json.dumps({**good, "clause": "config.hostname.aplied"}))
    result = examine(tmp_path / "r2", RUNTIME, "-n0", str(tmp_path / "bad.case.json"))
    assert result.exit not in (0, 1)
    assert "bad.case.json" in result.output and "own/private" in result.output and "config.hostname.applied" in result.output


def test_an_ordinary_user_is_told_to_be_root(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    words = [sys.executable, "-m", "pytest", RUNTIME, "-n0", f"--results={tmp_path}/r", ROOT_CASES]
    code = f"import os; os.setgid(65534); os.setuid(65534); os.execv({sys.executable!r}, {words!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    if "Permission denied" in done.stderr:
        pytest.skip("this checkout or its interpreter cannot be read by an ordinary user")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "root" in done.stdout + done.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_ended_run_leaves_nothing_to_the_next(how: signal.Signals, tmp_path: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", f"--results={tmp_path}/r", RUNTIME, "-n2", "conformance/cases/lifecycle.py"],
        cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    assert run.stdout is not None
    for line in run.stdout:  # until containers are being made
        if b"%]" in line or b"workers [" in line:
            break
    if how is signal.SIGINT:
        run.send_signal(how)
    else:
        os.killpg(run.pid, how)
    run.stdout.read()
    run.wait(120)
    world.sweep()
    mine = [x for x in leftovers.found() if str(run.pid) in x]
    assert mine == []
    result = examine(tmp_path / "again", RUNTIME, "-n0", ROOT_CASES, "-k", "hostname")
    assert result.exit == 0, result.output


def test_the_by_hand_command_tells_all(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "conformance", "run", "--runtime", real(), "root/path-missing"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for words in ("the control twin", "create: exit", "PASS", "refused", "bundle"):
        assert words in done.stdout
    done = subprocess.run([sys.executable, "-m", "conformance", "run", "no/such"], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no case is called no/such" in done.stderr
