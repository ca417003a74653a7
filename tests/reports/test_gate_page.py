"""The page "Gate your runtime in ten minutes" followed word by word, the action's script run, and a seeded regression that turns the gate red."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from reports.record import read

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "gate-your-runtime.md"
ACTION = ROOT / "action.yml"

needs_crun = pytest.mark.skipif(
    shutil.which("crun") is None or os.geteuid() != 0, reason="crun is not on PATH" if shutil.which("crun") is None else "making containers needs root"
)


def _environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "GITHUB"))}
    return kept | {"PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"} | more


def _bash(script: str, cwd: Path = ROOT, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-eu", "-c", script], cwd=cwd, env=_environment(**more), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900, check=False
    )


def _blocks() -> list[str]:
    return re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)


@needs_crun
def test_the_page_word_by_word(tmp_path: Path) -> None:
    blocks = _blocks()
    assert len(blocks) == 7
    if _bash("make -q setup").returncode != 0:  # an environment made by other means than make: it is not made anew below a running test
        blocks[0] = blocks[0].replace("make setup\n", "")
    script = "\n".join(blocks).replace("/tmp/gate", str(tmp_path / "gate"))
    done = _bash(script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "against" in done.stdout and "0 worse, 0 better" in done.stdout
    assert len(read(tmp_path / "gate" / "whole").checks) > 10


@needs_crun
def test_a_seeded_regression_turns_the_gate_red_with_one_line(tmp_path: Path) -> None:
    """A runtime that forgets its limits from one day to the next: the same name, another binary."""
    fine, faulty = tmp_path / "fine", tmp_path / "faulty"
    for path, filter_ in ((fine, ""), (faulty, FORGETS)):
        path.write_text(f'#!/bin/sh\n{filter_}exec {shutil.which("crun")} "$@"\n')
        path.chmod(0o755)
    ask = f"pytest -n0 -q --results={tmp_path}/results -k rlimits/number --baseline={tmp_path}/b.toml "
    assert _bash(ask + f"--runtime=mine={fine} --update-baseline").returncode == 0
    green = _bash(ask + f"--runtime=mine={fine}")
    assert green.returncode == 0, green.stdout
    red = _bash(ask + f"--runtime=mine={faulty}", GITHUB_ACTIONS="true")
    assert red.returncode == 1, red.stdout
    lines = [line for line in red.stdout.splitlines() if line.startswith("REGRESSED")]
    assert lines, red.stdout
    assert all(re.search(r"  mine  MUST \S+  rlimits/number\S+ \S+: expected .+; observed .+ \(FAIL, not in the baseline\)$", line) for line in lines)
    assert len([line for line in red.stdout.splitlines() if line.startswith("::error ")]) == len(lines)
    assert "::error " not in green.stdout


FORGETS = r"""for word; do if [ "$before" = --bundle ]; then sed -i 's/"rlimits"/"limits"/' "$word/config.json"; fi; before=$word; done
"""


def _steps() -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = yaml.safe_load(ACTION.read_text())["runs"]["steps"]
    return steps


def test_no_input_becomes_part_of_a_script() -> None:
    for step in _steps():
        assert "${{" not in step.get("run", "")
    action = yaml.safe_load(ACTION.read_text())
    used = set(re.findall(r"inputs\.(\w+)", ACTION.read_text()))
    assert used == set(action["inputs"])
    assert {"runtime", "spec", "baseline", "require", "shard"} <= used


@needs_crun
def test_the_actions_script(tmp_path: Path) -> None:
    step = next(s for s in _steps() if s.get("id") == "run")
    given = dict.fromkeys(step["env"], "") | {
        "IN_RUNTIME": str(shutil.which("crun")),
        "IN_SPEC": "1.3.0",
        "IN_LEVEL": "must",
        "IN_ARGUMENTS": "-k rlimits/number -n0 -q",
    }
    files = {name: str(tmp_path / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    done = _bash(step["run"], tmp_path, GITHUB_ACTION_PATH=str(ROOT), RUNNER_TEMP=str(tmp_path), **given, **files)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = Path((tmp_path / "GITHUB_OUTPUT").read_text().strip().removeprefix("folder="))
    assert (folder / "results.jsonl").exists()
    assert (tmp_path / "GITHUB_STEP_SUMMARY").read_text().startswith("# Conformance to runtime-spec 1.3.0")


@needs_crun
def test_the_actions_script_hands_on_the_exit_code(tmp_path: Path) -> None:
    step = next(s for s in _steps() if s.get("id") == "run")
    given = dict.fromkeys(step["env"], "") | {"IN_RUNTIME": "no-such-runtime", "IN_SPEC": "1.3.0", "IN_LEVEL": "must"}
    files = {name: str(tmp_path / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    done = _bash(step["run"], tmp_path, GITHUB_ACTION_PATH=str(ROOT), RUNNER_TEMP=str(tmp_path), **given, **files)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "no-such-runtime" in done.stdout + done.stderr


def test_the_example_workflow_uses_the_action_as_it_is() -> None:
    workflow = yaml.safe_load((ROOT / "docs" / "examples" / "conformance.yml").read_text())
    uses = [s["with"] for job in workflow["jobs"].values() for s in job["steps"] if s.get("uses") == "./proctor"]
    assert uses
    assert set(uses[0]) <= set(yaml.safe_load(ACTION.read_text())["inputs"])
