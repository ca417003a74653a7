"""The reports' command line: compare, merge, draw, gate, publish, differences, allure. `python -m reports COMMAND --help` tells each.

Knows arguments and exit codes: 0 nothing is worse, 1 something regressed, 2 usage or a file that cannot be used.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path

from reports import published, sides
from reports.allure import AllureFault, single_file
from reports.baseline import Baseline, BaselineFault, propose, text_of
from reports.compare import Incomparable, compare
from reports.draw import draw
from reports.merge import merge
from reports.record import RecordFault, read
from reports.terminal import annotation

ROOT = Path(__file__).parent


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reports",
        description="What came out of runs of Proctor: side by side, joined, drawn, gated. A record is a results.jsonl or the folder it is in.",
        epilog="Exit code: 0 nothing is worse, 1 something regressed, 2 a wrong command line or a file that cannot be used.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")

    one = command("compare", "compare records: what got worse or better since the first, and which runtime differs alone")
    one.add_argument("records", nargs="+", type=Path, metavar="RECORD")
    one.add_argument("--format", choices=["text", "json", "md", "html"], default="text")
    one.add_argument("--out", type=Path, metavar="FILE", help="write there instead of to standard output")
    one.add_argument("--runtime", action="append", default=[], metavar="NAME", help="compare only this runtime; may be repeated")
    one.add_argument("--other-suites", action="store_true", help="compare records of different suite or spec versions nevertheless")
    one.add_argument("--same-runtime", action="store_true", help="compare two runs of the very same binary nevertheless")

    one = command("merge", "join the shards of one run (pytest --shard I/N) into one record, and draw it")
    one.add_argument("records", nargs="+", type=Path, metavar="RECORD")
    one.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the folder to make")
    one.add_argument("--partial", action="store_true", help="join although a shard is missing")

    one = command("draw", "draw summary, matrix and reports of a record again")
    one.add_argument("folder", type=Path)

    one = command("gate", "judge a record against a baseline (a .toml, or an older record)")
    one.add_argument("record", type=Path)
    one.add_argument("--baseline", type=Path, required=True, metavar="FILE")
    one.add_argument("--update-baseline", action="store_true", help="show how the .toml would change for this record, and write it")
    one.add_argument("--annotate", action="store_true", help="also print GitHub error commands, one a regression")

    one = command("publish", "write the publishable report of every runtime of a record")
    one.add_argument("record", type=Path)
    one.add_argument("--to", type=Path, default=ROOT / "published", metavar="FOLDER")
    one.add_argument("--runtime", action="append", default=[], metavar="NAME", help="publish only this one; may be repeated")

    one = command("differences", "print the page of how the published runtimes differ")
    one.add_argument("--published", type=Path, default=ROOT / "published", metavar="FOLDER")
    one.add_argument("--out", type=Path, metavar="FILE")

    one = command("allure", "make one allure.html of a run's allure-results, without scripts from elsewhere (needs Node)")
    one.add_argument("folder", type=Path, help="the run's folder")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; the exit code."""
    words = _parser().parse_args(argv)
    gc.freeze()  # a short life with many small objects, none of them in a cycle
    gc.disable()
    try:
        return int(_COMMANDS[words.command](words))
    except (RecordFault, Incomparable, BaselineFault, published.PublishedFault, AllureFault) as fault:
        sys.stderr.write(f"reports: {fault}\n")
    except OSError as fault:
        sys.stderr.write(f"reports: {fault.filename or ''}: {fault.strerror}\n")
    finally:
        gc.enable()
    return 2


def _give(text: str, out: Path | None) -> None:
    if out is None:
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        out.write_text(text, encoding="utf-8")


def _compare(words: argparse.Namespace) -> int:
    found = compare([read(p) for p in words.records], other_suites=words.other_suites, same_runtime=words.same_runtime, only=words.runtime)
    _give(sides.show(found, words.format), words.out)
    return 1 if found.regressed else 0


def _merge(words: argparse.Namespace) -> int:
    path = merge(words.records, words.out, partial=words.partial)
    draw(words.out, newest=False)
    print(path)
    return 0


def _draw(words: argparse.Namespace) -> int:
    for path in draw(words.folder, newest=False):
        print(path)
    return 0


def _gate(words: argparse.Namespace) -> int:
    run = read(words.record)
    if words.update_baseline:
        if words.baseline.suffix != ".toml":
            raise BaselineFault(f"{words.baseline}: only a .toml baseline can be updated")
        old = Baseline.load(words.baseline) if words.baseline.exists() else Baseline()
        print(propose(old, run) or "the baseline stays as it is")
        words.baseline.write_text(text_of(old, run.checks), encoding="utf-8")
        return 0
    worse, better = Baseline.load(words.baseline).judge_all(run.checks)
    for line in [*(r.line for r in worse), *(f.line for f in better)]:
        print(line)
    for regression in worse if words.annotate else []:
        print(annotation(regression.check))
    print(f"{len(worse)} worse than the baseline, {len(better)} better")
    return 1 if worse else 0


def _publish(words: argparse.Namespace) -> int:
    for path in published.publish(read(words.record), words.to, only=words.runtime):
        print(path)
    return 0


def _differences(words: argparse.Namespace) -> int:
    _give(published.differences(words.published), words.out)
    return 0


def _allure(words: argparse.Namespace) -> int:
    print(single_file(words.folder / "allure-results", words.folder / "allure.html"))
    return 0


_COMMANDS = {
    "compare": _compare,
    "merge": _merge,
    "draw": _draw,
    "gate": _gate,
    "publish": _publish,
    "differences": _differences,
    "allure": _allure,
}

if __name__ == "__main__":
    try:
        code = main()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)
