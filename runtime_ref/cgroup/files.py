"""Folders and files of a cgroup hierarchy: make, write, read, list tasks, wait, remove.

Knows mkdir, rmdir and the plain files that every hierarchy has (cgroups(7)). Must not know controllers, limits or
config.json.
"""

from __future__ import annotations

from errno import EBUSY, EINVAL, ENODEV, ENOENT
from time import monotonic

from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import os

if False:
    from collections.abc import Callable, Iterator

    Write = tuple[str, str, str, str]
    """One limit: controller, file, text, and the JSON path of the member that asks for it."""

GONE = (ENOENT, ENODEV)
"""What a file of a cgroup says that is removed meanwhile: systemd takes away those that are empty."""
PATIENCE = 10.0
"""Seconds that tasks get to die or to freeze."""


def read(path: str) -> str:
    """The text of a small kernel file, without its last line break. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(fd, 65536):
            parts.append(part)
    finally:
        os.close(fd)
    return b"".join(parts).decode().rstrip("\n")


def read_or(path: str, otherwise: str) -> str:
    """The text of a file, or `otherwise` where it cannot be read."""
    try:
        return read(path)
    except OSError:
        return otherwise


def write(path: str, text: str) -> None:
    """One write(2) of the text into an existing file. Raises OSError."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def unless_gone(step: Callable[[], None]) -> None:
    """A step on a cgroup that may go meanwhile, with which it is done. Raises OSError for anything else."""
    try:
        step()
    except OSError as fault:
        if fault.errno not in GONE:
            raise


def settle(writes: list[Write], place: Callable[[str], str]) -> None:
    """Writes all limits. One that the kernel refuses because of another (EINVAL, EBUSY) is tried again after it.

    Some limits bound each other (memory and memory+swap, burst and quota and period), and which order works depends
    on the values in force. `place` gives the folder of a controller. Raises RuntimeFault for the first that cannot be
    written.
    """
    left = writes
    while left:
        refused: list[tuple[Write, OSError]] = []
        for one in left:
            try:
                write(place(one[0]) + "/" + one[1], one[2])
            except OSError as fault:
                if fault.errno not in (EINVAL, EBUSY):
                    raise _unwritten(one, fault) from None
                refused.append((one, fault))
        if len(refused) == len(left):
            raise _unwritten(*refused[0]) from None
        left = [one for one, _ in refused]


def _unwritten(one: Write, fault: OSError) -> RuntimeFault:
    why = "this kernel has no such file" if fault.errno == ENOENT else fault.strerror
    return RuntimeFault("set cgroup limits", f"{one[1]} does not take {one[2]!r}: {why}", one[3])


def make(folder: str, made: list[str], born: Callable[[str], None]) -> bool:
    """Makes a folder and those above it. Each new one is put into `made` and given to `born`. False: it was there.

    A folder above may vanish in between, when another container that shared it is deleted, so each step is tried again.
    """
    above_exists = False
    while True:
        try:
            os.mkdir(folder, 0o755)
        except FileExistsError:
            return False
        except FileNotFoundError:
            if above_exists and os.path.isdir(os.path.dirname(folder)):
                raise  # this filesystem takes no new folders
            above_exists = not make(os.path.dirname(folder), made, born)
            continue
        made.append(folder)
        born(folder)
        return True


def missing(folder: str) -> list[str]:
    """The folder and those above it that `make` would make, outermost first."""
    found: list[str] = []
    while not os.path.exists(folder):
        found.insert(0, folder)
        folder = os.path.dirname(folder)
    return found


def below(folder: str) -> Iterator[str]:
    """The folder and all below it, deepest first. Folders that vanish meanwhile are passed over."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return
    for name in names:
        yield from below(name)
    yield folder


def processes(folder: str) -> list[int]:
    """The process ids in a cgroup and in those below it.

    (A zombie is in none; a pid of 0 is outside our pid namespace.)
    """
    found: dict[int, None] = {}
    for each in below(folder):
        for line in read_or(each + "/cgroup.procs", "").split():
            if line != "0":
                found[int(line)] = None
    return list(found)


def until(holds: Callable[[], bool], fd: int = -1, patience: float = PATIENCE) -> bool:
    """Waits until `holds()`; looks again whenever `fd` (a kernfs file) reports a change, and every 1 to 20 ms.

    False: too late.
    """
    if holds():
        return True
    import select

    poll = select.poll()
    if fd >= 0:
        poll.register(fd, select.POLLPRI)
    end = monotonic() + patience
    pause = 1
    while monotonic() < end:
        poll.poll(pause)
        if holds():
            return True
        pause = min(2 * pause, 20)
    return holds()


def remove(folder: str, kill: Callable[[], None]) -> None:
    """Removes a cgroup and those below it; `kill` is called where tasks are still in.

    Raises RuntimeFault if it stays busy.
    """

    def gone() -> bool:
        try:
            os.rmdir(folder)
            return True
        except OSError:
            pass  # not there, in use, or not alone
        for each in below(folder):
            try:
                os.rmdir(each)
            except FileNotFoundError:
                pass
            except OSError as fault:
                if fault.errno != EBUSY:
                    raise RuntimeFault("remove cgroup", f"{each}: {fault.strerror}") from None
                kill()
                return False
        return True

    if not until(gone):
        raise RuntimeFault("remove cgroup", f"{folder} is still in use by processes {processes(folder)}")


def prune(made: list[str]) -> None:
    """Removes those folders of `made` that are empty, newest first."""
    for folder in reversed(made):
        try:
            os.rmdir(folder)
        except OSError:
            pass
