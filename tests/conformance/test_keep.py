"""What a session keeps, and that the scripts it kept repeat its cases without it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from tests.conformance.fakes import real
from tests.conformance.suite import examine

FORGETS = 'for word; do if [ "$before" = --bundle ]; then sed -i \'s/"hostname"/"forgotten"/\' "$word/config.json"; fi; before=$word; done\n'
PLACES = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


def _repeat(script: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", str(script), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False, cwd="/", env=PLACES)


def _hostname(said: str) -> str:
    line = next(line for line in said.splitlines() if line.startswith('{"kind":"dump"'))
    return str(json.loads(line, strict=False)["hostname"])


def test_what_is_red_is_kept_and_shows_the_fault_by_hand(tmp_path: Path) -> None:
    faulty = tmp_path / "faulty"
    faulty.write_text(f'#!/bin/sh\n{FORGETS}exec {real()} "$@"\n')
    faulty.chmod(0o755)
    result = examine(tmp_path / "r", f"--runtime=mine={faulty}", "-n0", "conformance/cases/root.py", "-k", "hostname/ or root/path")
    assert result.exit == 1 and result.run is not None, result.output
    red = {c["case"] for c in result.run.checks if c["verdict"] == "FAIL"}
    green = {c["case"] for c in result.run.checks} - red
    assert red and green
    kept = result.run.path.parent / "kept"
    assert {str(p.parent.parent.relative_to(kept)) for p in kept.rglob("repro.sh")} == red
    one = next(c for c in result.run.checks if c["verdict"] == "FAIL" and c["observed"] == os.uname().nodename)
    script = Path(one["kept"]) / "repro.sh"
    wrong, right = _repeat(script), _repeat(script, real())
    assert wrong.returncode == 0, wrong.stdout + wrong.stderr
    assert right.returncode == 0, right.stdout + right.stderr
    assert _hostname(wrong.stdout) == one["observed"]
    assert _hostname(right.stdout) == one["expected"]


def test_every_kind_of_case_is_repeated_or_says_what_a_shell_cannot(tmp_path: Path) -> None:
    """Refusals, a missing file, namespaces that are held open, failing hooks, files of the bundle, standard input, another umask."""
    repeated = {
        "exit/code-41", "streams/passed", "create/no-config", "lifecycle/start-running", "namespaces/joins-user", "namespaces/joins-network",
        "namespaces/path-missing-pid", "hooks/create-runtime-state", "hooks/start-container-fails-1", "process/cwd-a-file",
    }  # fmt: skip
    never = {"user/umask-unset-of-caller-0077", "terminal/size-24x80"}
    result = examine(tmp_path / "r", f"--runtime=it={real()}", "-n2", "--keep=all", "-k", " or ".join(sorted(repeated | never)))
    assert result.run is not None, result.output
    kept = result.run.path.parent / "kept"
    ended = {str(s.parent.parent.relative_to(kept)): _repeat(s) for s in kept.rglob("repro.sh")}
    assert repeated | never <= set(ended)
    for case in repeated:
        assert ended[case].returncode == 0, case + ended[case].stdout + ended[case].stderr
    assert "a line for the program" in ended["streams/passed"].stdout
    for case in never:
        assert ended[case].returncode == 2 and "a shell cannot make again" in ended[case].stderr, case


def test_nothing_is_kept_where_nobody_wants_it(tmp_path: Path) -> None:
    result = examine(tmp_path / "r", f"--runtime=it={real()}", "-n0", "--keep=none", "conformance/cases/root.py", "-k", "hostname/")
    assert result.exit == 0 and result.run is not None, result.output
    assert not (result.run.path.parent / "kept").exists()
