"""--trace: what it says of a step, and what it finds changed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.runtime_ref.within import within


def steps(target: str) -> int:
    """Runs in a child: a few steps that change what /proc says of it. Its pid."""
    from runtime_ref import trace
    from runtime_ref.kernel import const as c
    from runtime_ref.kernel import sys as k

    os.setsid()
    trace.begin(target)
    trace.tell("plain", "nothing to see", changed=("ns", "cgroup"))
    trace.become("init")
    k.unshare(c.CLONE_NEWUTS)
    trace.tell("names", "a new UTS namespace", "unshare", "linux.namespaces", changed=("ns",))
    k.prctl(c.PR_SET_NO_NEW_PRIVS, 1)
    k.capset(0, 0, 0)
    trace.tell("user", "no capability", "capset", changed=("status:Cap", "status:NoNewPrivs"))
    os.open("/dev/null", os.O_RDONLY)
    trace.tell("fds", "a descriptor", changed=("fd",), detail=7)
    return os.getpid()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs unshare(2) of a UTS namespace; this is not uid 0")
def test_json_lines(tmp_path: Path) -> None:
    file = tmp_path / "trace"
    pid = within(steps, str(file), cut_off=False)
    plain, names, user, fds = [json.loads(line) for line in file.read_text().splitlines()]
    assert (plain["process"], plain["step"], plain["pid"]) == ("runtime", "plain", pid)
    assert "changed" not in plain
    assert (names["process"], names["calls"], names["where"]) == ("init", ["unshare"], "linux.namespaces")
    change = names["changed"]["ns"]
    assert [line.partition(":")[0] for line in change["gone"] + change["new"]] == ["uts", "uts"]
    assert "CapEff: no capability" in user["changed"]["status:Cap"]["new"]
    assert user["changed"]["status:NoNewPrivs"]["new"] == ["NoNewPrivs:\t1"]
    assert any(line.endswith("/dev/null") for line in fds["changed"]["fd"]["new"])
    assert fds["detail"] == 7
    assert plain["time"] <= names["time"] <= user["time"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs unshare(2) of a UTS namespace; this is not uid 0")
def test_text(tmp_path: Path) -> None:
    def on_stderr() -> Any:
        fd = os.open(tmp_path / "err", os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(fd, 2)
        return steps("")

    within(on_stderr, cut_off=False)
    lines = (tmp_path / "err").read_text().splitlines()
    assert lines[0].split()[::2][:2] == ["runtime", "plain"]
    assert lines[1].endswith("names       a new UTS namespace; [unshare]; linux.namespaces")
    assert lines[2].split()[:2] == ["ns", lines[2].split()[1]] and " -> uts:[" in lines[2]
    assert any("CapEff" in line and "-> CapEff: no capability" in line for line in lines)


def test_long_differences_are_cut_for_people() -> None:
    from runtime_ref import trace

    shown = trace._short({"gone": [f"a{n}" for n in range(9)], "new": [f"b{n}" for n in range(30)]})
    assert shown[:4] == ["- a0", "- a1", "- a2", "- and 6 more"]
    assert shown[-1] == "and 22 more"
    assert len(shown) == trace.MOST + 1
