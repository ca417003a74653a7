"""`python -m bundles`: writes a bundle one can run by hand with any runtime, and names the faults of one.

Knows the command line and the room's own functions; must not call a runtime.
"""

import argparse
import json
import os
import sys
import tarfile
from pathlib import Path
from typing import Any

from bundles import document, probe, schema

NEW = """Writes DIR/config.json (base.json with each patch applied in order) and DIR/rootfs.

A patch is a JSON merge patch (RFC 7396): objects merge, null removes, anything else replaces. "-" reads one from
standard input. With --probe the process runs these verbs of the probe, for example: --probe "read /proc/self/status".
These placeholders are filled: {bundle} {rootfs} {probe} {journal} {id} {cgroup}."""
EXAMPLE = """example:
  python -m bundles new /tmp/demo --probe "dump exit 3"
  runc run --bundle /tmp/demo demo; echo $?"""
CHECK = """Names every fault of DIR/config.json by its JSON path, one a line: PATH: FAULT.
FILE may be any one document instead.

exit status: 0 no fault, 1 faults, 2 nothing to read"""


def main(words: list[str] | None = None) -> int:
    """Runs one command; returns its exit status: 0, 1 faults or failure, 2 usage."""
    options = _parser().parse_args(words)
    try:
        status: int = options.run(options)
    except (OSError, tarfile.TarError, probe.NoCompiler) as fault:
        said = str(fault) if isinstance(fault, probe.NoCompiler) else str(fault).splitlines()[0].rstrip(":")
        print(f"bundles: {said}", file=sys.stderr)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m bundles", description="Makes bundles, and finds faults in them.")
    commands = parser.add_subparsers(required=True, metavar="new | check")
    new = commands.add_parser("new", help="write a bundle", description=NEW, epilog=EXAMPLE, formatter_class=shape)
    new.add_argument("dir", type=Path, metavar="DIR", help="the bundle's folder; made if absent")
    new.add_argument("--patch", action="append", default=[], metavar="FILE", help="a JSON merge patch; repeatable")
    new.add_argument("--probe", metavar="WORDS", help="what the probe does, as one string (default: dump)")
    new.add_argument("--rootfs", default="probe", metavar="DIR|TAR", help="the root filesystem; the probe joins it")
    new.add_argument("--force", action="store_true", help="overwrite a config.json; a rootfs that exists always stays")
    new.set_defaults(run=_new)
    check = commands.add_parser("check", help="find faults", description=CHECK, formatter_class=shape)
    check.add_argument("dir", type=Path, metavar="DIR|FILE", help="a bundle, or one document")
    check.add_argument("--kind", choices=("config", "state", "features"), default="config", help="what FILE is")
    check.add_argument("--should", action="store_true", help="also what the text only advises against")
    check.set_defaults(run=_check)
    return parser


def _usage(message: str) -> int:
    print(f"bundles: {message}", file=sys.stderr)
    return 2


def _new(options: argparse.Namespace) -> int:
    folder: Path = options.dir.absolute()
    config = document.base()
    for name in options.patch:
        try:
            patch: Any = json.loads(sys.stdin.read() if name == "-" else Path(name).read_bytes())
        except ValueError as fault:
            return _usage(f"{name} is not JSON: {fault}")
        except OSError as fault:
            return _usage(f"{name} cannot be read: {fault.strerror}")
        if not isinstance(patch, dict):
            return _usage(f"{name} is no merge patch: an object is needed")
        config = document.merge(config, patch)
    if options.probe is not None:
        config = document.merge(config, {"process": {"args": ["/probe", *options.probe.split()]}})
    if (folder / "config.json").exists() and not options.force:
        return _usage(f"{folder}/config.json exists already; --force overwrites it")
    rootfs = folder / "rootfs"
    values = {
        "bundle": str(folder),
        "rootfs": str(rootfs),
        "probe": str(rootfs / "probe"),
        "journal": str(rootfs / "journal"),
        "id": folder.name,
        "cgroup": f"/proctor-{folder.name}",
    }
    try:
        config = document.fill(config, values)
    except KeyError as fault:
        return _usage(f"{{{fault.args[0]}}} stands for something only the suite makes")
    document.write(folder, config, options.rootfs)
    print(folder)
    return 0


def _check(options: argparse.Namespace) -> int:
    path: Path = options.dir
    if path.is_dir():
        path = path / "config.json"
    try:
        data = path.read_bytes()
    except OSError as fault:
        return _usage(f"{path}: {fault.strerror}")
    faults = schema.read(data, options.kind, "SHOULD" if options.should else "MUST")
    if options.dir.is_dir():
        faults += _root_faults(options.dir, data)
    for found in faults:
        print(f"{found.path}: {found.message}" + (" (advice)" if found.level == "SHOULD" else ""))
    return 1 if faults else 0


def _root_faults(bundle: Path, data: bytes) -> list[schema.Fault]:
    """root.path has to name a folder; only a bundle on disk can tell. Anything else about it is the schema's."""
    try:
        named = json.loads(data)["root"]["path"]
    except (ValueError, LookupError, TypeError):
        return []
    if not isinstance(named, str) or "\0" in named or os.path.isdir(bundle / named):
        return []
    return [schema.Fault("$.root.path", f"names no folder: {bundle / named}")]


if __name__ == "__main__":
    sys.exit(main())
