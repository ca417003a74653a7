"""A world in which engines may do as they like: namespaces, a /run, an /etc and cgroups of its own; nothing of it outlives `end`.

Knows unshare and nsenter of util-linux, and where cgroups are mounted. Knows no engine and no runtime.

The world has its own mount, network, ipc, uts, cgroup and pid namespace. The pid namespace is what makes the end certain:
when its first process goes, so does every shim, monitor and container, and with them their mounts and interfaces.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path

DEADLINE = 120.0
# Lines of "POINT TYPE OPTIONS" come on stdin, then an empty one. The pipe's end is the world's end.
BOOT = r"""
set -e
mount --make-rprivate /
while read -r point type options && [ -n "$point" ]; do
    umount "$point"
    mount -t "$type" -o "$options" cgroup "$point"
    if [ "$type" = cgroup2 ] && [ -s "$point/cgroup.controllers" ]; then
        mkdir "$point/first"
        echo 0 > "$point/first/cgroup.procs"
    fi
done
for folder in /run /dev/shm /var/lib/cni /var/lib/containers; do
    [ ! -d "$folder" ] || mount -t tmpfs -o mode=755 tmpfs "$folder"
done
mount -t proc proc /proc
mkdir /run/state /run/etc /run/etc.work
# Engines write a key and locks there.
mount -t overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/etc.work overlay /etc
ip link set lo up
echo ready
exec cat
"""
# A folder of the world's own /run: engines' state is in memory, and overlays work on it wherever the tests' folder is.
STATE = "/run/state"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class World:
    """`call` runs a command in it, `start` leaves one running. `folder` is for what is written; it is seen inside too."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.first = 0
        self.started: list[subprocess.Popen[bytes]] = []
        name = f"engines-{uuid.uuid4().hex[:8]}"
        self.cgroups = [(f"{point}{own.rstrip('/')}/{name}", point, kind, options) for point, own, kind, options in hierarchies()]
        for path, point, kind, options in self.cgroups:
            os.mkdir(path)
            if kind == "cgroup" and "cpuset" in options.split(","):
                for name in ("cpuset.cpus", "cpuset.mems"):
                    Path(path, name).write_text(Path(os.path.dirname(path) or point, name).read_text())
        self.log = folder / "world.log"
        with open(self.log, "wb") as log:
            self.outer = subprocess.Popen(
                ["unshare", "--kill-child", "-fmnpCui", "sh", "-c", BOOT],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, preexec_fn=self._enter, env={"PATH": PATH},
            )  # fmt: skip
        try:
            self.first = self._wait()
            self.handle = os.pidfd_open(self.first)
        except BaseException:
            self.end()
            raise

    def _enter(self) -> None:
        for path, _, _, _ in self.cgroups:
            with open(path + "/cgroup.procs", "w") as file:
                file.write("0")

    def _wait(self) -> int:
        """Tells the world its cgroup mounts, waits until it is set up; its first process as seen from here."""
        assert self.outer.stdin and self.outer.stdout
        lines = "".join(f"{point} {kind} {options or 'rw'}\n" for _, point, kind, options in self.cgroups)
        self.outer.stdin.write(lines.encode() + b"\n")
        self.outer.stdin.flush()
        select.select([self.outer.stdout], [], [], DEADLINE)
        said = os.read(self.outer.stdout.fileno(), 100) if select.select([self.outer.stdout], [], [], 0)[0] else b""
        assert said == b"ready\n", self.log.read_text()
        return int(Path(f"/proc/{self.outer.pid}/task/{self.outer.pid}/children").read_text())

    def words(self, *words: str) -> list[str]:
        """The words that carry a command into the world."""
        return ["nsenter", "-t", str(self.first), "-m", "-n", "-p", "-C", "-u", "-i", "--", *words]

    def call(self, *words: str, env: dict[str, str] | None = None, text: str = "", deadline: float = DEADLINE) -> subprocess.CompletedProcess[str]:
        """A command in the world. What it leaves running must not hold its output."""
        return subprocess.run(
            self.words(*words), env={"PATH": PATH, "HOME": str(self.folder), **(env or {})}, input=text, preexec_fn=self._enter,
            capture_output=True, text=True, timeout=deadline, cwd=self.folder, errors="replace",
        )  # fmt: skip

    def start(self, log: Path, *words: str, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        """A command that goes on (a daemon); it ends with the world at the latest."""
        with open(log, "wb") as out:
            process = subprocess.Popen(
                self.words(*words), env={"PATH": PATH, "HOME": str(self.folder), **(env or {})}, preexec_fn=self._enter,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.folder,
            )  # fmt: skip
        self.started.append(process)
        return process

    def talk(self, *words: str, env: dict[str, str] | None = None, terminal: bool = True, reply: bytes = b"") -> tuple[int, str]:
        """A command with a terminal (or a socket) of its own as its three streams: exit code, what it printed.

        `reply` is sent once a whole line has come: a program that waits for it cannot be over before its line was read.
        """
        ours, theirs = os.openpty() if terminal else (end.detach() for end in socket.socketpair())
        process = subprocess.Popen(
            self.words(*words), env={"PATH": PATH, "HOME": str(self.folder), **(env or {})}, preexec_fn=self._enter,
            stdin=theirs, stdout=theirs, stderr=theirs, cwd=self.folder, start_new_session=True,
        )  # fmt: skip
        self.started.append(process)
        os.close(theirs)
        printed = b""
        until = time.monotonic() + DEADLINE
        try:
            while select.select([ours], [], [], max(0, until - time.monotonic()))[0] and (more := os.read(ours, 4096)):
                printed += more
                if reply and b"\n" in printed:
                    os.write(ours, reply)
                    reply = b""
        except OSError:
            pass  # EIO: nobody has the other side open
        finally:
            os.close(ours)
        return process.wait(DEADLINE), printed.decode(errors="replace")

    def until(self, true: Callable[[], bool]) -> None:
        """Waits for something that a process of the world does. Raises AssertionError after the deadline."""
        until = time.monotonic() + DEADLINE
        while not true():
            assert time.monotonic() < until, "nothing happened"
            select.select([], [], [], 0.02)

    def seen(self, path: str) -> Path:
        """A file of the world, as seen from here."""
        return Path(f"/proc/{self.first}/root{path}")

    def end(self) -> None:
        """Ends every process, and so every mount; removes the cgroups. Raises OSError if one is still in use."""
        assert self.outer.stdin and self.outer.stdout
        if self.first:
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)
            select.select([self.handle], [], [], DEADLINE)  # a first process ends only after all others of its namespace
            os.close(self.handle)
        self.outer.stdin.close()
        for process in [self.outer, *self.started]:
            process.kill()
            process.wait(DEADLINE)
        self.outer.stdout.close()
        for path, _, _, _ in self.cgroups:
            for folder, _, _ in os.walk(path, topdown=False):
                removed(folder)


def removed(cgroup: str) -> None:
    """Removes an empty cgroup; the kernel may need a moment after its last process. Raises OSError if it stays in use."""
    until = time.monotonic() + DEADLINE
    while True:
        try:
            return os.rmdir(cgroup)
        except OSError:
            if time.monotonic() > until:
                raise
        select.select([], [], [], 0.01)


def hierarchies() -> list[tuple[str, str, str, str]]:
    """Every cgroup hierarchy mounted whole: where, our own place in it, its file system, its options (controllers, name)."""
    own = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        number, names, path = line.split(":", 2)
        own[names if number != "0" else ""] = path
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        words, _, rest = line.partition(" - ")
        kind, _, extra = rest.split(" ")[:3]
        if kind not in ("cgroup", "cgroup2") or words.split(" ")[3] != "/":
            continue
        options = ",".join(word for word in extra.split(",") if word not in ("rw", "xattr")) if kind == "cgroup" else ""
        place = own.get(options, own.get(",".join(sorted(options.split(",")))))
        if place is not None:
            found.append((words.split(" ")[4], place, kind, options))
    return found
