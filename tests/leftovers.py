"""What a run of ours may have left on the host: processes, mounts, cgroups, folders. `python -m tests.leftovers` exits 1 if anything is there.

Runs that are still going on (their lock is held) are not counted. `--clean` first takes away what an earlier, killed run has left.
"""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator

from conformance import world


def found() -> Iterator[str]:
    """A line for each thing that belongs to no run that still goes on."""
    alive = set()
    if world.base().is_dir():
        for folder in world.base().iterdir():
            if going_on(str(folder / "lock")):
                alive.add(folder.name)
            else:
                yield f"folder {folder}"
    for mount in world.cgroup_mounts():
        for name in os.listdir(mount):
            if name.startswith("proctor-") and name.removeprefix("proctor-") not in alive:
                yield f"cgroup {mount}/{name}"
    with open("/proc/self/mountinfo") as table:
        for line in table:
            point = line.split(" ")[4]
            if point.startswith(str(world.base())) and not any(f"/{run}" in point for run in alive):
                yield f"mount {point}"
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        for word in words:
            name, _, run = word.decode("latin-1").partition("=")
            if name == world.RUN_VARIABLE and run not in alive:
                yield f"process {pid}"


def going_on(lock: str) -> bool:
    """Whether somebody holds the lock of a run."""
    try:
        fd = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def clean() -> None:
    """Take away what killed runs have left: their folders and processes, and cgroups in which nothing runs."""
    world.sweep()
    for thing in list(found()):
        kind, _, where = thing.partition(" ")
        if kind == "cgroup":
            for folder, _, _ in os.walk(where, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    pass  # somebody is in it


def main() -> int:
    """Print what is there; the exit code. With --clean, clean up and succeed."""
    if "--clean" in sys.argv[1:]:
        clean()
        return 0
    things = list(found())
    for thing in things:
        print(f"left behind: {thing}")
    if not things:
        print("nothing left behind")
    return 1 if things else 0


if __name__ == "__main__":
    sys.exit(main())
