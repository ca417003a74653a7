"""The talk between the runtime and the first process: what one side said before it ended is heard, whatever the other had sent."""

from __future__ import annotations

from runtime_ref import talk
from runtime_ref.errors import RuntimeFault


def test_what_was_said_before_the_end_is_heard() -> None:
    ours, theirs = talk.pair()
    talk.send(ours, talk.GO, "never read")
    talk.send_filter(ours, 0, bytes(8))
    talk.send(theirs, talk.FAILED, talk.packed(RuntimeFault("a step", "why", "a.member")))
    theirs.close()
    kind, words, _ = talk.receive(ours)
    assert kind == talk.FAILED
    assert str(talk.unpacked(words, "create")) == "a step: a.member: why"
    assert talk.receive(ours) == (b"", "", -1)
    ours.close()


def test_a_filter_arrives_as_it_is() -> None:
    ours, theirs = talk.pair()
    code = bytes(range(256)) * 128  # the longest filter there can be: 4,096 instructions
    talk.send_filter(ours, 9, code)
    assert talk.receive_filter(theirs) == (9, code)
    ours.close()
    theirs.close()
