"""The checks of the process, its streams and its capabilities, on what the probe and /proc say."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.author import (
    argv_is,
    capabilities_of_host,
    capability_set,
    console_message,
    console_request,
    dies_by,
    env_beside,
    env_has,
    env_lacks,
    exits,
    groups,
    groups_outside,
    hears,
    ids,
    ids_outside,
    input_ends,
    limit,
    one_terminal,
    oom_score_inherited,
    proc_file,
    says,
    terminal_is,
    terminals,
    value_taken,
    warned,
    warned_of_ungranted,
    writes,
)
from conformance.checks import REGISTRY, Finding, NotAsked, NotSeen
from conformance.checks.capabilities import names_of
from conformance.model import Check
from conformance.observation import Call, Observation, Outside, Seen

Json = Any


def seen(*lines: dict[str, Json], dump: dict[str, Json] | None = None, **more: Json) -> Observation:
    dumps = [{"kind": "dump", **dump}] if dump is not None else []
    return Observation(case="a/b", runtime="r", lines=(*dumps, *lines), **more)


def found(check: Check, what: Observation) -> Finding:
    return REGISTRY[check.name].judge(what, check)


def judged(check: Check, what: Observation) -> tuple[bool, str]:
    finding = found(check, what)
    return finding.ok, finding.observed


def outside(**status: str) -> Seen:
    text = "".join(f"{name}:\t{value}\n" for name, value in status.items())
    return Seen(index=0, op="look", outside=Outside(pid=1, files={"status": text}))


def created(*log: str, exit: int = 0, stderr: str = "") -> Seen:
    return Seen(index=0, op="create", call=Call(op="create", argv=(), exit=exit, stderr=stderr, log=tuple({"msg": m} for m in log)))


@pytest.mark.parametrize(
    ("check", "dump", "good"),
    [
        (argv_is("/probe", "a b"), {"argv": ["/probe", "a b"]}, True),
        (argv_is("/probe", "a b"), {"argv": ["/probe", "a", "b"]}, False),
        (ids("uid", 5), {"uid": [5, 5, 5, 5]}, True),
        (ids("uid", 5), {"uid": [5, 0, 5, 5]}, False),
        (ids("gid", 5), {"uid": [5, 5, 5, 5], "gid": [0, 0, 0, 0]}, False),
        (groups(3, 4), {"gid": [2, 2, 2, 2], "groups": [4, 3]}, True),
        (groups(3, 4), {"gid": [2, 2, 2, 2], "groups": [2, 3, 4]}, True),
        (groups(3, 4), {"gid": [2, 2, 2, 2], "groups": [3]}, False),
        (groups(), {"gid": [2, 2, 2, 2], "groups": [61234]}, False),
        (env_has("A=1", "B="), {"env": ["B=", "A=1", "C=3"]}, True),
        (env_has("A=1", "B="), {"env": ["A=1"]}, False),
        (env_has("A=1"), {"env": ["A=1", "A=1"]}, False),
        (env_lacks("A", "B"), {"env": ["AB=1"]}, True),
        (env_lacks("A", "B"), {"env": ["B=1"]}, False),
        (says("tty.rows", 24), {"tty": {"rows": 24}}, True),
        (says("tty.rows", 24), {"tty": None}, False),
        (proc_file("attr/current", "red (enforce)"), {"files": {"attr/current": "red (enforce)\n"}}, True),
        (proc_file("attr/current", "red (enforce)"), {"files": {"attr/current": None}}, False),
        (limit("RLIMIT_CORE", 1, 2), {"rlimits": {"RLIMIT_CORE": [1, 2]}}, True),
        (limit("RLIMIT_CORE", 1, 2), {"rlimits": {"RLIMIT_CORE": [1, 1]}}, False),
        (limit("RLIMIT_CORE", 1, 2), {"rlimits": {}}, False),
        (terminal_is(24, 80), {"tty": {"rows": 24, "cols": 80}}, True),
        (terminal_is(24, 80), {"tty": {"rows": 80, "cols": 24}}, False),
        (terminal_is(24, 80), {"tty": None}, False),
        (capability_set("bounding", "CAP_KILL", "CAP_CHOWN"), {"caps": {"bounding": "0000000000000021"}}, True),
        (capability_set("bounding", "CAP_CHOWN"), {"caps": {"bounding": "0000000000000021"}}, False),
        (capability_set("bounding"), {"caps": {"bounding": "0000000000000000"}}, True),
    ],
)
def test_members_of_the_dump(check: Check, dump: dict[str, Json], good: bool) -> None:
    assert judged(check, seen(dump=dump))[0] is good


def test_a_program_that_said_nothing_is_not_seen() -> None:
    for check in (argv_is("/probe"), capability_set("bounding"), terminal_is(1, 1), one_terminal(), value_taken("cwd")):
        with pytest.raises(NotSeen):
            found(check, seen())


def test_how_the_program_ended() -> None:
    assert judged(exits(3), seen(exit=3))[0]
    assert judged(exits(0), seen(signal=9)) == (False, "signal 9")
    assert judged(dies_by(9), seen(signal=9))[0]
    assert judged(dies_by(9), seen(exit=137)) == (False, "exit 137")
    assert judged(exits(0), seen()) == (False, "not seen to end")


def test_ids_and_groups_as_the_host_counts() -> None:
    there = seen(steps=(outside(Uid="7\t7\t7\t7", Gid="8\t8\t8\t8", Groups="8 10 9 "),))
    assert judged(ids_outside("uid", 7), there)[0] and not judged(ids_outside("gid", 7), there)[0]
    assert judged(groups_outside(9, 10), there)[0]
    assert judged(groups_outside(9), there) == (False, "9 10")


def test_what_is_beside_the_given_variables() -> None:
    assert judged(env_beside("A=1"), seen(dump={"env": ["A=1", "HOME=/", "A=2"]}))[1] == "A HOME"


def test_the_score_is_the_harnesss_own() -> None:
    host = Outside(pid=1, files={"oom_score_adj": "13\n"})
    assert judged(oom_score_inherited(), seen(dump={"files": {"oom_score_adj": "13\n"}}, host=host))[0]
    assert judged(oom_score_inherited(), seen(dump={"files": {"oom_score_adj": "0\n"}}, host=host)) == (False, "0")


def test_what_a_runtime_makes_of_a_doubtful_value() -> None:
    assert judged(value_taken("cwd"), seen(dump={"cwd": "/new"}, steps=(created(),)))[1] == "/new"
    assert judged(value_taken("cwd"), seen(steps=(created(exit=1),)))[1] == "create generates an error"


def test_terminals() -> None:
    assert judged(terminals(True, True, False), seen({"kind": "isatty", "fds": [True, True, False]}))[0]
    assert judged(terminals(False, False, False), seen({"kind": "isatty", "fds": [False, True, False]})) == (False, "none terminal none")
    same = {"fds": dict.fromkeys("012", "/dev/pts/0"), "tty": {"controlling": True}}
    assert judged(one_terminal(), seen(dump=same))[0]
    assert judged(one_terminal(), seen(dump={**same, "tty": {"controlling": False}})) == (False, "one terminal, not controlling")
    assert not judged(one_terminal(), seen(dump={**same, "fds": {**dict.fromkeys("01", "/dev/pts/0"), "2": "/dev/pts/1"}}))[0]


def test_what_comes_over_the_console_socket() -> None:
    good = {"descriptors": 1, "tty": [True], "message": "/dev/ptmx"}
    assert judged(console_message(), seen(console=good))[0]
    assert judged(console_message(), seen(console={**good, "tty": [False]})) == (False, "no terminal")
    assert judged(console_message(), seen(console={**good, "descriptors": 2, "tty": [True, True]})) == (False, "2 descriptors")
    assert judged(console_message(), seen(console={})) == (False, "nothing")
    told = [
        ("/dev/ptmx", "the name of a terminal"),
        ("\0", "nothing"),
        ('{"type": "terminal", "container": "a"}', "JSON with container type"),
        ("x", "other text"),
    ]
    for message, text in told:
        assert judged(console_request(), seen(console={**good, "message": message}))[1] == text


def test_streams() -> None:
    assert judged(hears("a"), seen({"kind": "line", "text": "a"}))[0]
    assert judged(hears("a"), seen({"kind": "line", "text": "b"})) == (False, "b")
    assert judged(input_ends(), seen({"kind": "line", "text": "", "eof": True}))[0]
    assert not judged(input_ends(), seen({"kind": "line", "text": "", "eof": False}))[0]
    assert not judged(input_ends(), seen({"kind": "line", "text": "a", "eof": True}))[0]
    assert judged(writes("stderr", "x"), seen(stderr="w\nx\n"))[0]
    assert judged(writes("stderr", "x"), seen(stdout="x\n", stderr="x\n")) == (False, "stdout stderr")
    assert judged(writes("stdout", "x"), seen(stdout="xx\n")) == (False, "nothing")
    for check in (hears("a"), input_ends(), terminals(True)):
        with pytest.raises(NotSeen):
            found(check, seen())


def test_a_warning_is_in_the_log_or_on_standard_error_of_create() -> None:
    assert judged(warned("CAP_X"), seen(steps=(created("unknown cap_x"),)))[0]
    assert judged(warned("CAP_X"), seen(steps=(created(stderr="warning: CAP_X"),)))[0]
    assert judged(warned("CAP_X"), seen(steps=(created("fine"),))) == (False, "nothing")


def test_the_hosts_bounding_set_is_the_most_that_can_be_given() -> None:
    host = Outside(pid=1, files={"status": "CapBnd:\t0000000000000021\n"})
    whole, less, more = ({"caps": {"ambient": text}} for text in ("21", "20", "23"))
    assert judged(capabilities_of_host("ambient"), seen(dump=whole, host=host))[0]
    assert judged(capabilities_of_host("ambient"), seen(dump=less, host=host)) == (False, "lacks CAP_CHOWN")
    assert judged(capabilities_of_host("ambient"), seen(dump=more, host=host)) == (False, "has CAP_DAC_OVERRIDE")
    assert names_of(1 << 63 | 1) == ["CAP_CHOWN", "bit-63"]


def test_each_capability_that_cannot_be_given_is_warned_of() -> None:
    host = Outside(pid=1, files={"status": "CapBnd:\t0000000000000001\n"})

    def asked(*names: str, log: str) -> Observation:
        return seen(config={"process": {"capabilities": {"bounding": list(names)}}}, host=host, steps=(created(log),))

    assert judged(warned_of_ungranted(), asked("CAP_CHOWN", "CAP_KILL", log="no CAP_KILL here"))[0]
    assert judged(warned_of_ungranted(), asked("CAP_KILL", "CAP_BPF", log="no cap_kill")) == (False, "nothing of CAP_BPF")
    with pytest.raises(NotAsked):
        found(warned_of_ungranted(), asked("CAP_CHOWN", log=""))
