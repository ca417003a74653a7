"""The checks of masked and read-only paths, on what the probe says of a path."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.author import hidden_entries, hidden_text, out_of_reach, path_entries, path_gives, path_taken_as, path_text
from conformance.checks import REGISTRY, NotSeen
from conformance.model import Check
from conformance.observation import Call, Observation, Seen

Json = Any


def seen(*lines: dict[str, Json], **more: Json) -> Observation:
    return Observation(case="a/b", runtime="r", lines=lines, **more)


def judged(check: Check, what: Observation) -> tuple[bool, str]:
    found = REGISTRY[check.name].judge(what, check)
    return found.ok, found.observed


def read(text: str | None, errno: str = "OK") -> dict[str, Json]:
    return {"kind": "read", "path": "/f", "errno": errno, "text": text}


def listing(*entries: str, errno: str = "OK") -> dict[str, Json]:
    return {"kind": "list", "path": "/d", "entries": list(entries), "errno": errno}


def test_a_masked_file_is_empty_or_cannot_be_opened() -> None:
    assert judged(hidden_text("/f"), seen(read("")))[0]
    assert judged(hidden_text("/f"), seen(read(None, "EACCES")))[0]
    assert judged(hidden_text("/f"), seen(read("secret"))) == (False, "text")


def test_a_masked_folder_is_empty_or_cannot_be_listed() -> None:
    assert judged(hidden_entries("/d"), seen(listing()))[0]
    assert judged(hidden_entries("/d"), seen(listing(errno="EACCES")))[0]
    assert judged(hidden_entries("/d"), seen(listing("two", "one"))) == (False, "one two")


def test_a_file_below_a_mask_is_out_of_reach_even_when_it_is_empty() -> None:
    assert judged(out_of_reach("/f"), seen(read(None, "ENOENT")))[0]
    assert judged(out_of_reach("/f"), seen(read(None, "EACCES")))[0]
    assert not judged(out_of_reach("/f"), seen(read("")))[0]


def test_text_and_entries_are_compared_whole() -> None:
    assert judged(path_text("/f", "a\n"), seen(read("a\n")))[0]
    assert judged(path_text("/f", "a\n"), seen(read("a"))) == (False, "a")
    assert judged(path_text("/f", ""), seen(read(None, "ENOENT"))) == (False, "ENOENT")
    assert judged(path_text("/f", "b", nth=1), seen(read("a"), read("b")))[0]
    assert judged(path_entries("/d", "b", "a"), seen(listing("a", "b")))[0]
    assert not judged(path_entries("/d", "a"), seen(listing("a", "b")))[0]
    assert judged(path_entries("/d"), seen(listing(errno="ENOENT"))) == (False, "ENOENT")


def test_an_answer_is_the_verbs_on_that_path() -> None:
    lines = {"kind": "write", "path": "/f", "errno": "EROFS"}, {"kind": "mkdir", "path": "/f", "errno": "OK"}
    assert judged(path_gives("write /f", "EROFS"), seen(*lines))[0]
    assert judged(path_gives("mkdir /f", "EROFS"), seen(*lines)) == (False, "OK")
    with pytest.raises(NotSeen, match="unlink /f"):
        judged(path_gives("unlink /f", "OK"), seen(*lines))


def test_what_a_runtime_makes_of_a_path_is_told_in_one_text() -> None:
    assert judged(path_taken_as("read /f", "list /d"), seen(read(""), listing(errno="EACCES")))[1] == "read /f nothing; list /d EACCES"
    refused = Seen(index=0, op="create", call=Call(op="create", argv=(), exit=1))
    assert judged(path_taken_as("read /f"), seen(steps=(refused,)))[1] == "create generates an error"
