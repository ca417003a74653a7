"""The suite by hand: run one case on one runtime and see everything, export the cases, count the coverage.

python -m conformance run --runtime crun namespaces/path-joined
python -m conformance list seccomp
python -m conformance export DIR
python -m conformance coverage
python -m conformance propose-deviations reports/results/latest/results.jsonl
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from conformance import byhand, cases, coverage, export
from conformance.cases import CaseFault
from conformance.runtimes import RuntimeUnusable
from conformance.world import HarnessError


def main(argv: list[str] | None = None) -> int:
    """The command line; returns the exit code: 0 done, 1 a check failed, 2 usage, 3 our own fault."""
    parser = argparse.ArgumentParser(prog="python -m conformance", description="Examine OCI runtimes by hand. The suite itself is `pytest --runtime=...`.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run one case on one runtime: the bundle, each call, the observation, the verdicts")
    run.add_argument("case", help="a case's id, e.g. namespaces/path-joined")
    run.add_argument("--runtime", default="reference", help="a path, a name on PATH, or 'reference' (default)")
    run.add_argument("--runtime-timeout", type=float, default=10.0, metavar="SECONDS")
    run.add_argument("--json", action="store_true", help="print the whole observation as JSON")
    run.add_argument("--keep", metavar="DIR", help="copy the bundle there")
    listing = commands.add_parser("list", help="the cases, a line each")
    listing.add_argument("words", nargs="*", help="only ids that hold one of these words")
    out = commands.add_parser("export", help="write every case as a bundle and its expectations as JSON, for other harnesses")
    out.add_argument("folder", type=Path)
    count = commands.add_parser("coverage", help="statements, observable ones and those with a check, per section")
    count.add_argument("--missing", action="store_true", help="name the observable statements without a check")
    propose = commands.add_parser("propose-deviations", help="entries for what fails in a record file; you write each `why`")
    propose.add_argument("record", type=Path)
    given = parser.parse_args(argv)
    try:
        if given.command == "run":
            return byhand.run(given.case, given.runtime, given.runtime_timeout, as_json=given.json, keep=given.keep)
        if given.command == "list":
            for case in cases.everything():
                if not given.words or any(w in case.id for w in given.words):
                    print(f"{case.id:50} {case.claim}")
            return 0
        if given.command == "export":
            print(f"{export.export(given.folder)} cases written below {given.folder}")
            return 0
        if given.command == "propose-deviations":
            print(byhand.propose(given.record))
            return 0
        print(coverage.table(list(cases.everything()), missing=given.missing))
        return 0
    except (CaseFault, RuntimeUnusable, FileNotFoundError, ValueError) as fault:
        print(f"proctor: {fault}", file=sys.stderr)
        return 2
    except HarnessError as fault:
        print(f"proctor: {fault}", file=sys.stderr)
        return 3
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
