"""What stands around a container: the worker's own mount namespace and scratch, the namespaces and files a case asks for.

Knows how to make these things and take them away. Must not know runtimes or verdicts.
Everything of a run lies in one folder with a lock, so that the next run can sweep up after one that was killed.
"""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from conformance import kernel
from conformance.listener import Agent
from conformance.model import AppArmor, File, Listener, Ns, World

RUN_VARIABLE = "PROCTOR_RUN"  # in the environment of every runtime we call: how a sweep finds what escaped
_PREFIX = "proctor"


class HarnessError(Exception):
    """Our own fault, or the host's: never the runtime's. The case is ERROR."""


def base() -> Path:
    """The folder of all runs of this user on this machine."""
    return Path(tempfile.gettempdir()) / f"{_PREFIX}-{os.getuid()}"


class Run:
    """One session's place on the machine: an id, a folder, a lock that lives as long as the session's first process."""

    def __init__(self) -> None:
        base().mkdir(mode=0o711, exist_ok=True)
        if base().stat().st_uid != os.getuid() or base().is_symlink():
            raise HarnessError(f"{base()} belongs to somebody else; remove it")
        self.id = f"{os.getpid():x}{time.time_ns() // 1000 % (1 << 24):x}"
        self.folder = base() / self.id
        self.folder.mkdir(mode=0o711)
        self._lock = os.open(self.folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self) -> list[str]:
        """End and remove what is left of this run. Returns what that was."""
        found = sweep_one(self.folder)
        os.close(self._lock)
        return found


def sweep() -> list[str]:
    """Clean up after every run whose process is gone. Returns what was found, a line each."""
    found: list[str] = []
    if not base().is_dir():
        return found
    for folder in sorted(base().iterdir()):
        try:
            lock = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            if folder.is_dir() and time.time() - folder.stat().st_mtime > 60:
                found += sweep_one(folder)
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)
        found += sweep_one(folder)
    return found


def sweep_one(folder: Path) -> list[str]:
    """Kill the processes, remove the cgroups and the folder of one run."""
    found: list[str] = []
    marker = f"{RUN_VARIABLE}={folder.name}".encode()
    for _ in range(3):
        strays = [*_marked(marker), *(p for d in cgroup_folders(folder.name) for p in _pids_below(d))]
        strays = [p for p in strays if p != os.getpid()]
        if not strays:
            break
        for pid in set(strays):
            found.append(f"process {pid}")
            _end(pid)
    for directory in cgroup_folders(folder.name):
        left = remove_cgroup(directory)
        if left:
            found.append(left)
    for point in mounts_below(str(folder)):
        if os.path.dirname(point) != str(folder):  # a room's own tmpfs is ours to take away; what is mounted in it was left
            found.append(f"mount {point}")
        try:
            kernel.umount(point)
        except OSError as fault:
            found.append(str(fault))
    remove_tree(folder)
    return found


def _end(pid: int) -> None:
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return
    try:
        signal.pidfd_send_signal(fd, signal.SIGKILL)
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        poll.poll(5000)
    except OSError:
        pass
    finally:
        os.close(fd)


def _marked(marker: bytes) -> Iterator[int]:
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/environ", "rb") as f:
                    if marker in f.read().split(b"\0"):
                        yield int(name)
            except OSError:
                continue


def cgroup_mounts() -> list[str]:
    """Where cgroup hierarchies are mounted, each once."""
    out: list[str] = []
    with open("/proc/self/mountinfo") as f:
        for line in f:
            left, _, right = line.partition(" - ")
            point = left.split(" ")[4]
            if right.split(" ")[0] in ("cgroup", "cgroup2") and point.startswith("/sys/fs/cgroup") and point not in out:
                out.append(point)
    return out


def cgroup_folders(run: str) -> list[str]:
    """The folders of a run in every hierarchy, whether by our path or below one a runtime chose."""
    return [f"{m}/{_PREFIX}-{run}" for m in cgroup_mounts() if os.path.isdir(f"{m}/{_PREFIX}-{run}")]


def cgroup_of(run: str, worker: str, number: int) -> str:
    """The cgroupsPath of one container."""
    return f"/{_PREFIX}-{run}/{worker}-{number}"


def _pids_below(directory: str) -> Iterator[int]:
    for root, _, files in os.walk(directory):
        if "cgroup.procs" in files:
            try:
                with open(f"{root}/cgroup.procs") as f:
                    yield from (int(p) for p in f.read().split() if p != "0")
            except OSError:
                continue


def cgroups_left(path: str) -> list[str]:
    """Which hierarchies still have the cgroup `path`."""
    return [m + path for m in cgroup_mounts() if os.path.isdir(m + path)]


def remove_cgroup(directory: str) -> str:
    """Kill what is in it, thaw it, and remove it with all below. Returns what could not be, or ""."""
    for root, _, files in os.walk(directory):
        for name, text in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
            if name in files:
                try:
                    Path(root, name).write_text(text)
                except OSError:
                    pass
    for pid in _pids_below(directory):
        _end(pid)
    for root, _, _ in os.walk(directory, topdown=False):
        try:
            os.rmdir(root)
        except OSError as fault:
            return f"cgroup {root}: {fault.strerror}"
    return ""


def mounts_below(folder: str) -> list[str]:
    """Mount points at or below a folder in this mount namespace, the last mounted first."""
    with open("/proc/self/mountinfo") as f:
        points = [line.split(" ")[4].replace("\\040", " ") for line in f]
    return [p for p in reversed(points) if p == folder or p.startswith(folder + "/")]


def remove_tree(folder: str | Path) -> None:
    """Remove a folder, never crossing into another filesystem; nothing may be mounted below it any more."""
    folder = str(folder)
    if not os.path.lexists(folder):
        return
    device = os.lstat(folder).st_dev

    def clear(directory: str) -> None:
        with os.scandir(directory) as entries:
            listed = list(entries)
        for entry in listed:
            seen = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(seen.st_mode):
                if seen.st_dev != device:
                    raise HarnessError(f"{entry.path} is another filesystem; it was not removed")
                clear(entry.path)
                os.rmdir(entry.path)
            else:
                os.unlink(entry.path)

    clear(folder)
    os.rmdir(folder)


class Room:
    """One worker's scratch: a private mount namespace and a tmpfs in it, which both end with the process, however it ends."""

    def __init__(self, run: str, folder: Path, worker: str) -> None:
        self.run, self.worker = run, worker
        self.count = 0
        kernel.unshare(kernel.CLONE["mount"])
        kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
        self.path = folder / worker
        self.path.mkdir(mode=0o711, exist_ok=True)
        kernel.mount("proctor", str(self.path), "tmpfs", 0, "mode=711")

    def next(self) -> tuple[int, Path]:
        """A number and a fresh folder for one container."""
        self.count += 1
        place = self.path / f"c{self.count}"
        place.mkdir(mode=0o711)
        return self.count, place

    def clear(self, place: Path) -> list[str]:
        """Remove a container's folder; returns the mounts which were still below it."""
        left = mounts_below(str(place))
        for point in left:
            try:
                kernel.umount(point)
            except OSError:
                pass
        remove_tree(place)
        return left


class Around:
    """The things that one case asks for: made on entry, taken away on exit. `facts` goes into the observation."""

    def __init__(self, wanted: Sequence[World], bundle: Path, probe: Path) -> None:
        self.wanted, self.bundle, self.probe = wanted, bundle, probe
        self.paths: dict[str, str] = {}
        self.facts: dict[str, object] = {}
        self.pids: list[int] = []
        self.agents: dict[str, Agent] = {}
        self._profiles: list[AppArmor] = []

    def __enter__(self) -> Around:
        try:
            for thing in self.wanted:
                if isinstance(thing, Ns):
                    self._namespace(thing)
                elif isinstance(thing, File):
                    make_file(thing, self.bundle, self.probe)
                elif isinstance(thing, Listener):
                    self.agents[thing.name] = Agent(thing, f"{self.bundle}/{thing.name}.sock")
                else:
                    self._profile(thing, "--replace")
                    self._profiles.append(thing)
        except OSError as fault:
            self.__exit__()
            raise HarnessError(f"the world of the case could not be made: {fault}") from fault
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self.pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for agent in self.agents.values():
            agent.close()
        for profile in self._profiles:
            self._profile(profile, "--remove")

    def kept(self) -> list[str]:
        """Which of the namespaces made here are still what they were."""
        return [name for name, path in self.paths.items() if os.path.exists(path) and os.readlink(path) == self.facts[f"ns:{name}"]]

    def _namespace(self, ns: Ns) -> None:
        """A process that holds one new namespace of the type; it is found below /proc by its pid."""
        ready, tell = os.pipe2(os.O_CLOEXEC)
        gone, hold = os.pipe2(os.O_CLOEXEC)
        pid = os.fork()
        if pid == 0:
            try:
                kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
                kernel.unshare(kernel.CLONE[ns.type])
                if ns.type in ("pid", "time"):  # only a child is in it; it stays so that the namespace can be joined
                    child = os.fork()
                    if child:
                        os.write(tell, b"%d\n" % child)
                        os.close(tell)
                        os.waitpid(child, 0)
                        os._exit(0)
                    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
                else:
                    os.write(tell, b"%d\n" % os.getpid())
                    os.close(tell)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())
                while True:
                    signal.pause()
            except BaseException as fault:
                os.write(tell, f"! {fault}\n".encode())
                os._exit(1)
        for fd in (tell, gone, hold):
            os.close(fd)
        with os.fdopen(ready) as answer:
            said = answer.readline().strip()
        self.pids.append(pid)
        if not said.isdigit():
            raise HarnessError(f"a {ns.type} namespace could not be made: {said.removeprefix('! ')}")
        holder = int(said)
        if holder != pid:
            self.pids.append(holder)
        for name in ("uid_map", "gid_map") if ns.maps else ():
            Path(f"/proc/{holder}/{name}").write_text("".join(f"{a} {b} {n}\n" for a, b, n in ns.maps))
        path = f"/proc/{holder}/ns/{kernel.PROC_NS[ns.type]}"
        self.paths[ns.name] = path
        self.facts[f"ns:{ns.name}"] = os.readlink(path)

    def _profile(self, profile: AppArmor, how: str) -> None:
        done = subprocess.run(["apparmor_parser", how, "--skip-cache"], input=profile.text, capture_output=True, text=True, check=False)
        if done.returncode and how == "--replace":
            raise HarnessError(f"the AppArmor profile {profile.name} could not be loaded: {done.stderr.strip()}")


def make_file(thing: File, bundle: Path, probe: Path) -> None:
    """One File of a case, below the bundle."""
    path = bundle / thing.path
    path.parent.mkdir(parents=True, exist_ok=True)
    if thing.kind == "folder":
        path.mkdir(exist_ok=True)
    elif thing.kind == "link":
        path.symlink_to(thing.text)
    elif thing.kind == "fifo":
        os.mkfifo(path)
    elif thing.kind == "probe":
        shutil.copyfile(probe, path)
    else:
        path.write_text(thing.text)
    if thing.kind != "link":
        path.chmod(0o755 if thing.kind in ("folder", "probe") and thing.mode == 0o644 else thing.mode)
    if thing.owner != (0, 0):
        os.lchown(path, *thing.owner)
