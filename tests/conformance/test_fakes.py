"""A runtime that misbehaves gets one clear message or a proper verdict, within its deadlines, and no PASS that it did not earn."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conformance import fakes
from tests.conformance.suite import examine

LIFECYCLE = "conformance/cases/lifecycle.py"
SOME = "lifecycle/statuses or lifecycle/start-running or exit/code-41 or kill/term"
# What a fake's fault may not leave green: (case, check).
CAUGHT = {
    "hangs-at-start": ("exit/code-41", "exits:41"),
    "hangs-at-state": ("lifecycle/statuses", "02-sees-created"),
    "hangs-at-kill": ("kill/term", "dies-by:15"),
    "hangs-at-delete": ("exit/code-41", "leaves-nothing"),
    "floods-at-state": ("lifecycle/statuses", "02-sees-created"),
    "floods-at-start": ("exit/code-41", "exits:41"),
    "garbage-state": ("lifecycle/statuses", "02-sees-created"),
    "empty-state": ("lifecycle/statuses", "02-sees-created"),
    "list-as-state": ("lifecycle/statuses", "02-sees-created"),
    "dies-at-start": ("exit/code-41", "exits:41"),
    "dies-at-delete": ("exit/code-41", "leaves-nothing"),
    "leaves-a-process": ("exit/code-41", "leaves-nothing"),
    "start-does-nothing": ("exit/code-41", "exits:41"),
    "kill-does-nothing": ("kill/term", "dies-by:15"),
    "delete-does-nothing": ("exit/code-41", "leaves-nothing"),
}
# The fault is one that the gate already meets: nothing is asked of such a runtime.
AT_THE_GATE = {"hangs-at-create", "hangs-at-start", "hangs-at-delete", "floods-at-start", "dies-at-start", "dies-at-delete",
               "create-does-nothing", "start-does-nothing", "every-call-fails"}  # fmt: skip


@pytest.mark.parametrize("name", sorted(fakes.FAULTS))
def test_a_faulty_runtime_is_told_so(name: str, tmp_path: Path) -> None:
    fake = fakes.write(tmp_path, name)
    result = examine(tmp_path / "r", f"--runtime={fake}", "--runtime-timeout=2", "-n0", LIFECYCLE, "-k", SOME)
    assert "Traceback" not in result.output
    if name in AT_THE_GATE:
        assert result.exit == 3, result.output
        assert result.run is None
        assert "does not run a trivial bundle" in result.output
        return
    assert result.exit == 1, result.output
    assert result.verdict(*CAUGHT[name]) == "FAIL"
    assert result.verdicts["ERROR"] == 0
    assert "left behind by this run" not in result.output


@pytest.mark.parametrize("name", ["true", "false"])
def test_true_and_false_pass_nothing(name: str, tmp_path: Path) -> None:
    path = shutil.which(name)
    assert path
    result = examine(tmp_path / "r", f"--runtime={path}", "-n2", "--runtime-timeout=5")
    assert result.exit == 3, result.output
    assert result.run is None
    assert "does not run a trivial bundle" in result.output
    assert " passed" not in result.output


def test_what_cannot_be_examined_is_one_message(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("no program")
    for runtime, words in {
        "/no/such/runtime": "no such file",
        str(plain): "not executable",
        "no-such-name-on-path": "on PATH",
    }.items():
        result = examine(tmp_path / "r", f"--runtime={runtime}", "-n0", LIFECYCLE)
        assert result.exit == 2, result.output
        assert words in result.output
        assert "Traceback" not in result.output
