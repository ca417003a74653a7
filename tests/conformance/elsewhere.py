"""Cases on another kernel than this machine's, without pytest: one process, one line for each red verdict, then how many of each.

`python -m tests.conformance.elsewhere RUNTIME [--need=WORD...] MODULE...` (root); with WORDs, the cases alone that need one of them.
In the emulated kernel each start of an interpreter costs seconds, so that all cases share one. It must not know which kernel it is on.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator

from conformance import cases, deviations, world
from conformance.host import Host
from conformance.judge import items_of, judge
from conformance.needs import needs
from conformance.run import Where, run_case, version_of
from conformance.runtimes import recognise, resolve
from conformance.session import speaks
from conformance.shim import Shim


def verdicts(runtime: str, modules: list[str], wanted: set[str]) -> Iterator[tuple[str, str, str]]:
    """Case and check, verdict, and what was observed or is missing. Takes over the process."""
    name, path = resolve(runtime)
    found = recognise(path, name=name)
    host = Host.read()
    run = world.Run()
    try:
        where = Where(shim=Shim(), room=world.Room(run.id, run.folder, "elsewhere"), timeout=60)
        for module in modules:
            for case in cases.of_module(cases.FOLDER / f"{module}.py"):
                if wanted and not wanted & {n.partition(">=")[0] for n in case.needs}:
                    continue
                missing = next((m for n in case.needs if (m := needs(n, host, found.features))), None)
                if missing or not speaks(found, version_of(case)):
                    yield case.id, "SKIP", missing.reason if missing else f"the case is of spec {version_of(case)}"
                    continue
                seen = run_case(case, found, where)
                for item in items_of(case):
                    judged = judge(item, case, seen, deviations.find(found, case.id, item.id))
                    yield f"{case.id} {item.id}", judged.verdict, judged.observed or judged.reason or ""
    finally:
        yield from (("leaks", "ERROR", line) for line in run.close())


if __name__ == "__main__":
    counts: Counter[str] = Counter()
    named = [word for word in sys.argv[2:] if not word.startswith("--need=")]
    wanted = {word.removeprefix("--need=") for word in sys.argv[2:] if word.startswith("--need=")}
    for what, verdict, told in verdicts(sys.argv[1], named, wanted):
        counts[verdict] += 1
        if verdict not in ("PASS", "INFO", "KNOWN"):
            print(f"{verdict} {what}: {told}", flush=True)
    print(" ".join(f"{verdict} {count}" for verdict, count in sorted(counts.items())))
    sys.exit(1 if {"FAIL", "NONSTRICT", "FIXED", "ERROR"} & set(counts) else 0)
