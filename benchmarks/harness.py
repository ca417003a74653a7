"""What the harness costs beside the runtime's own calls: `python -m benchmarks.harness [--runtime crun] [--rounds 30]`.

Three figures, each a median over rounds: one container with all its checks, serial (ms); wall time over the sum of the runtime's own
calls in the same rounds (a ratio); and a whole session's wall time x workers over its calls. Exit 1 if a budget of the design is missed.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from conformance import cases, world
from conformance.judge import items_of, judge
from conformance.run import Where, run_case
from conformance.runtimes import recognise, resolve
from conformance.shim import Shim
from reports.record import read

ROOT = Path(__file__).parents[1]
ONE_CONTAINER, RATIO, SESSION = 40.0, 1.25, 30.0  # ms; a ratio; seconds


def one_container(runtime: str, rounds: int) -> tuple[float, float]:
    """Median ms of a container with all its checks, and the median of wall over own calls in each round."""
    name, path = resolve(runtime)
    found = recognise(path, name=name)
    case = next(c for c in cases.everything() if c.id == "namespaces/isolation")
    run = world.Run()
    walls, ratios = [], []
    try:
        where = Where(shim=Shim(), room=world.Room(run.id, run.folder, "bench"))
        for number in range(rounds + 1):
            begun = time.perf_counter()
            seen = run_case(case, found, where)
            verdicts = [judge(i, case, seen, None).verdict for i in items_of(case)]
            wall = time.perf_counter() - begun
            assert set(verdicts) == {"PASS"}, verdicts
            if number:  # the first fills caches
                walls.append(wall * 1000)
                ratios.append(wall / (sum(c.ended - c.begun for c in seen.calls) / 1e9))
    finally:
        run.close()
    return statistics.median(walls), statistics.median(ratios)


def session(runtime: str) -> tuple[float, int]:
    """Wall seconds of a whole session on two workers, and how many checks it had."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        words = [f"--runtime={runtime}", "-n2", "-q", f"--results={folder}", "--keep=none"]
        subprocess.run([sys.executable, "-m", "pytest", *words], cwd=ROOT, capture_output=True, check=False)
        wall = time.perf_counter() - begun
        return wall, len(read(next(Path(folder).glob("*/results.jsonl"))).checks)


def main() -> int:
    """Print the figures; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runtime", default="crun")
    parser.add_argument("--rounds", type=int, default=30)
    given = parser.parse_args()
    ms, ratio = one_container(given.runtime, given.rounds)
    wall, checks = session(given.runtime)
    rows = [
        ("one container with all its checks, serial", f"{ms:.1f} ms", ms, ONE_CONTAINER),
        ("its wall time / the runtime's own calls", f"{ratio:.2f}", ratio, RATIO),
        (f"a whole session of {checks} checks, two workers", f"{wall:.1f} s", wall, SESSION),
    ]
    for what, figure, value, budget in rows:
        print(f"{what:50} {figure:>10}   budget {budget:g}   {'met' if value <= budget else 'MISSED'}")
    return int(any(value > budget for _, _, value, budget in rows))


if __name__ == "__main__":
    sys.exit(main())
