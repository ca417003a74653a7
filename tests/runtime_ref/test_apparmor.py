"""AppArmor on a kernel that enforces it: the profile of config.json is the program's, and no other is taken."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundles import patches
from tests.runtime_ref.reference import Reference

ENABLED = Path("/sys/module/apparmor/parameters/enabled")
pytestmark = pytest.mark.skipif(
    not ENABLED.exists() or ENABLED.read_text()[0] != "Y" or os.geteuid() != 0 or not shutil.which("apparmor_parser"),
    reason=f"needs root, AppArmor and apparmor_parser; uid {os.geteuid()}, enabled: {ENABLED.exists()}",
)
NAME = f"proctor-test-{os.getpid()}"
PROFILE = f"profile {NAME} flags=(attach_disconnected,mediate_deleted) {{ file, signal, deny /tmp/closed* w, }}\n"


@pytest.fixture(scope="module")
def profile() -> Iterator[str]:
    parser = ["apparmor_parser", "--skip-cache"]
    subprocess.run([*parser, "--replace"], input=PROFILE, text=True, check=True)
    yield NAME
    subprocess.run([*parser, "--remove"], input=PROFILE, text=True, check=True)


@pytest.fixture
def reference(tmp_path: Path) -> Iterator[Reference]:
    made = Reference(tmp_path)
    yield made
    made.end()


PROGRAM = patches.runs("read", "/proc/self/attr/current", "write", "/tmp/closed", "x", "write", "/tmp/open", "x")


def test_the_program_is_confined_by_the_profile(reference: Reference, profile: str) -> None:
    label, closed, opened = reference.lines(reference.bundle(PROGRAM, patches.apparmor(profile)))
    assert label["text"].strip() == f"{profile} (enforce)"
    assert (closed["errno"], opened["errno"]) == ("EACCES", "OK")


def test_without_a_profile_nothing_is_confined(reference: Reference, profile: str) -> None:
    label, closed, opened = reference.lines(reference.bundle(PROGRAM))
    assert label["text"].strip() == "unconfined"
    assert (closed["errno"], opened["errno"]) == ("OK", "OK")


def test_a_profile_that_is_not_loaded_is_an_error(reference: Reference) -> None:
    bundle = reference.bundle(PROGRAM, patches.apparmor("proctor-no-such-profile"))
    done = reference.call("run", "--bundle", str(bundle), "never")
    assert done.returncode != 0
    assert "process.apparmorProfile" in done.stderr
    assert reference.call("state", "never").returncode != 0
