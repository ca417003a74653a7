"""The checks of seccomp: each says yes to what it asks for, and no to each thing near it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.author import (
    attempt,
    attempts,
    caught,
    connected,
    descriptors_first,
    descriptors_named,
    filter_gives,
    filter_logs,
    filtering,
    kept_waiting,
    kills,
    notified,
    one_state,
    returns,
    state_sent,
    state_sent_pid,
    state_sent_state,
    state_sent_version,
    taken_as,
    traced,
)
from conformance.cases.seccomp_args import around, compared, masked_equal
from conformance.checks import REGISTRY, NotAsked, NotSeen
from conformance.model import Check
from conformance.observation import Call, Observation, Outside, Seen

Json = Any
ALLOW = "SCMP_ACT_ALLOW"


def tried(name: str, *words: str, kind: str = "try", **more: Any) -> dict[str, Json]:
    return {"kind": kind, "name": name, "args": list(words), "ret": 0, "errno": "OK", "signal": None, **more}


def seen(*lines: dict[str, Json], **more: Json) -> Observation:
    return Observation(case="a/b", runtime="r", id="box", bundle="/b", lines=lines, **more)


def judged(check: Check, what: Observation) -> tuple[bool, str]:
    found = REGISTRY[check.name].judge(what, check)
    return found.ok, found.observed


def holds(check: Check, what: Observation) -> bool:
    return judged(check, what)[0]


EACCES: dict[str, Json] = {"ret": -1, "errno": "EACCES"}
KILLED: dict[str, Json] = {"ret": None, "errno": None, "signal": "SIGSYS"}


def test_attempts_are_told_apart_by_their_words() -> None:
    what = seen(tried("x", "1"), tried("x", "2", **EACCES), tried("x", **KILLED))
    assert holds(attempt("x,1", "OK"), what) and holds(attempt("x,2", "EACCES"), what) and holds(attempt("x", "SIGSYS"), what)
    assert judged(attempt("x,1", "EACCES"), what) == (False, "OK")
    assert holds(attempts({"x,1": "OK", "x,2": "EACCES"}), what)
    assert judged(attempts({"x,1": "OK", "x,2": "OK"}), what) == (False, "x,1 OK; x,2 EACCES")
    with pytest.raises(NotSeen, match="x,3"):
        holds(attempt("x,3", "OK"), what)


def test_an_entry_that_the_kernel_has_not_is_not_asked() -> None:
    with pytest.raises(NotAsked) as fault:
        holds(attempt("64", "OK", way="try-i386"), seen(tried("64", kind="try-i386", signal="SIGSEGV", errno=None)))
    assert fault.value.reason_class == "kernel"
    assert not holds(attempt("64", "EPERM", way="try-i386"), seen(tried("64", kind="try-i386")))


def test_what_a_call_returns_is_no_errno() -> None:
    assert holds(returns("x", 0), seen(tried("x", ret=0)))
    assert judged(returns("x", 0), seen(tried("x", ret=1))) == (False, "1")
    assert judged(returns("x", -1), seen(tried("x", **EACCES))) == (False, "EACCES")


@pytest.mark.parametrize(
    ("thread", "process", "signal", "what"),
    [("died", "lived", None, "thread"), ("died", "died", "SIGSYS", "process"), ("returned", "lived", None, "nothing")],
)
def test_how_much_a_call_kills(thread: str, process: str, signal: str | None, what: str) -> None:
    line = tried("x", kind="try-thread", thread=thread, process=process, signal=signal)
    assert [w for w in ("thread", "process", "nothing") if holds(kills("x", w), seen(line))] == [what]


def test_another_signal_than_sigsys_is_another_death() -> None:
    line = tried("x", kind="try-thread", thread="died", process="died", signal="SIGSEGV")
    assert judged(kills("x", "process"), seen(line)) == (False, "process, by SIGSEGV")


def test_the_number_for_a_tracer() -> None:
    line = tried("x", kind="try-traced", traced=5)
    assert holds(traced("x", 5), seen(line)) and not holds(traced("x", 6), seen(line)) and not holds(traced("x", None), seen(line))
    assert holds(traced("x", None), seen(tried("x", kind="try-traced", traced=None)))
    assert not holds(traced("x", 0), seen(tried("x", kind="try-traced", traced=None)))


def test_a_caught_signal_needs_its_code() -> None:
    line = {"kind": "caught", "signal": "SIGSYS", "number": 31, "code": 1, "from": 0}
    assert holds(caught("SIGSYS", 1), seen(line))
    assert not holds(caught("SIGSYS", 1), seen({**line, "code": 0})) and not holds(caught("SIGSYS", 1), seen())


def test_the_mode_is_the_programs_own() -> None:
    dump = {"kind": "dump", "files": {"status": "Name:\tprobe\nSeccomp:\t2\n"}}
    assert holds(filtering(2), seen(dump)) and not holds(filtering(0), seen(dump))


def test_a_refusal_is_recorded_as_one() -> None:
    call = Call(op="create", argv=(), exit=1)
    steps = (Seen(index=0, op="create", call=call),)
    assert judged(taken_as("x"), seen(steps=steps)) == (False, "create generates an error")
    assert judged(taken_as("x"), seen(tried("x", **EACCES))) == (False, "x EACCES")


def filters_of(program: Json, flags: int = 0) -> Observation:
    found = {"machine": "x86_64", "programs": [{"flags": flags, "program": program}]}
    return seen(steps=(Seen(index=0, op="filters", outside=Outside(pid=1, filters=found)),))


def test_a_filter_is_asked_by_number_and_architecture() -> None:
    by_number = [[0x20, 0, 0, 0], [0x15, 0, 1, 152], [6, 0, 0, 0x7FFC0000], [6, 0, 0, 0x7FFF0000]]
    what = filters_of(by_number)
    assert holds(filter_gives("munlockall", "SCMP_ACT_LOG"), what) and holds(filter_gives("getppid", ALLOW), what)
    assert judged(filter_gives("munlockall", "SCMP_ACT_LOG", "i386"), what) == (False, ALLOW)
    assert judged(filter_gives("munlockall", "SCMP_ACT_LOG", "x32"), what) == (False, ALLOW)


def test_a_filters_flag() -> None:
    assert holds(filter_logs(True), filters_of([], 2)) and not holds(filter_logs(True), filters_of([], 0))
    assert holds(filter_logs(False), filters_of([], 0)) and not holds(filter_logs(False), filters_of([], 2))


def test_filters_that_cannot_be_read_are_not_asked() -> None:
    what = seen(steps=(Seen(index=0, op="filters", outside=Outside(pid=1, filters={"fault": "no"})),))
    with pytest.raises(NotAsked, match="no"):
        holds(filter_logs(True), what)
    with pytest.raises(NotSeen):
        holds(filter_logs(True), seen())


STATE = {"ociVersion": "1.0.2", "id": "box", "status": "creating", "pid": 9, "bundle": "/b"}
SENT = {"ociVersion": "1.1.0", "fds": ["seccompFd"], "pid": 9, "metadata": "x", "state": STATE}
NOTIFY = "anon_inode:seccomp notify"


def heard(text: str, pieces: Json = ((9, 1),), descriptors: Json = (NOTIFY,), calls: Json = (), more: Json = ()) -> Observation:
    one = {"text": text, "pieces": pieces, "descriptors": descriptors, "closed": True}
    return seen(world={"pid": 9, "listener:red": {"connections": [one, *more], "calls": list(calls)}})


def with_sent(**members: Json) -> Observation:
    return heard(json.dumps({**SENT, **members}))


def test_a_good_process_state_passes_every_check() -> None:
    what = with_sent()
    for check in (
        connected("red", 1), one_state("red"), state_sent("red", "metadata", "x"), state_sent("red", "state.id", "{id}"),
        state_sent_pid("red", "pid"), state_sent_version("red"), state_sent_state("red"), descriptors_named("red", "seccompFd"),
        descriptors_first("red"),
    ):  # fmt: skip
        assert judged(check, what)[0], check


@pytest.mark.parametrize(
    ("check", "members"),
    [
        (state_sent("red", "metadata", "x"), {"metadata": "y"}),
        (state_sent("red", "metadata", None), {}),
        (state_sent("red", "state.id", "{id}"), {"state": {**STATE, "id": "other"}}),
        (state_sent_state("red"), {"state": {**STATE, "id": "other"}}),
        (state_sent_state("red"), {"state": {k: v for k, v in STATE.items() if k != "bundle"}}),
        (state_sent_state("red"), {"state": None}),
        (state_sent_pid("red", "pid"), {"pid": 1}),
        (state_sent_pid("red", "pid"), {"pid": "9"}),
        (state_sent_pid("red", "state.pid"), {"state": {**STATE, "pid": 1}}),
        (state_sent_version("red"), {"ociVersion": ""}),
        (state_sent_version("red"), {"ociVersion": None}),
        (descriptors_named("red", "seccompFd"), {"fds": []}),
        (descriptors_named("red", "seccompFd"), {"fds": ["other"]}),
        (descriptors_named("red", "seccompFd"), {"fds": ["seccompFd", "seccompFd"]}),
        (descriptors_named("red", "seccompFd"), {"fds": "seccompFd"}),
    ],
)
def test_each_fault_of_a_process_state_is_seen(check: Check, members: dict[str, Json]) -> None:
    assert not holds(check, with_sent(**members))


def test_what_comes_over_a_connection_is_one_document() -> None:
    text = json.dumps(SENT)
    assert holds(one_state("red"), heard(text + "\n"))
    assert judged(one_state("red"), heard(text + text)) == (False, "2 documents")
    assert judged(one_state("red"), heard(text + "x")) == (False, "1 documents and what is no JSON")
    assert judged(one_state("red"), heard("")) == (False, "0 documents")
    with pytest.raises(NotSeen, match="no JSON"):
        holds(state_sent_version("red"), heard("x"))


def test_descriptors_come_first_and_are_notify_descriptors() -> None:
    text = json.dumps(SENT)
    assert not holds(descriptors_first("red"), heard(text, pieces=((1, 0), (8, 1))))
    assert not holds(descriptors_first("red"), heard(text, pieces=((1, 1), (8, 1))))
    assert not holds(descriptors_first("red"), heard(text, pieces=((9, 0),)))
    assert not holds(descriptors_named("red", "seccompFd"), heard(text, descriptors=("/dev/null",)))
    assert not holds(descriptors_named("red", "seccompFd"), heard(text, descriptors=()))


def test_calls_that_were_handed_over() -> None:
    call = {"number": 152, "args": [11, 2**40, 0, 0, 0, 0]}
    assert holds(notified("red", 11, 2**40), heard("", calls=[call]))
    assert not holds(notified("red", 11, 2**40), heard("", calls=[]))
    assert not holds(notified("red", 11, 2**40), heard("", calls=[call, call]))
    assert holds(kept_waiting("red"), heard("", calls=[{**call, "interrupted": False}]))
    assert not holds(kept_waiting("red"), heard("", calls=[{**call, "interrupted": True}]))
    assert not holds(kept_waiting("red"), heard("", calls=[{**call, "interrupted": False, "refused": "gone"}]))
    assert not holds(kept_waiting("red"), heard("", calls=[]))


def test_nobody_heard_is_not_seen() -> None:
    with pytest.raises(NotSeen, match="did not connect"):
        holds(state_sent_version("red"), seen(world={"listener:red": {"connections": [], "calls": []}}))
    with pytest.raises(NotSeen, match="no listener"):
        holds(connected("blue", 0), seen())


def test_values_are_looked_at_from_both_sides() -> None:
    assert compared("LT", 5) == {f"munlockall,{p}": "EPERM" if p < 5 else "OK" for p in around(5)}
    assert {0, 4, 5, 6, 2**64 - 1, 5 + 2**32, 5 + 2**63} <= set(around(5))
    for name in ("NE", "LT", "LE", "EQ", "GE", "GT"):
        assert set(compared(name, 5).values()) == {"OK", "EPERM"}
    assert set(masked_equal(0x10, 0x10).values()) == {"OK", "EPERM"}
