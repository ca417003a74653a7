"""A systemd of one's own: first process of a pid namespace, in a cgroup2 subtree of its own, with the bus and nothing else.

Knows util-linux (unshare, nsenter) and systemd's container mode. The machine's files are seen read-only, but for one folder.
Nothing outside is changed except one cgroup, which is removed at the end.
"""

from __future__ import annotations

import os
import select
import subprocess
import uuid
from pathlib import Path

from runtime_ref.cgroup import files

SYSTEMD = "/lib/systemd/systemd"
UNITS = {
    "test.target": "[Unit]\nDefaultDependencies=no\nWants=dbus.socket dbus.service\n",
    "dbus.socket": "[Unit]\nDefaultDependencies=no\n[Socket]\nListenStream=/run/dbus/system_bus_socket\n",
    "dbus.service": (
        "[Unit]\nDefaultDependencies=no\nRequires=dbus.socket\nAfter=dbus.socket\n[Service]\nType=notify\n"
        "ExecStart=/usr/bin/dbus-daemon --system --address=systemd: --nofork --nopidfile --systemd-activation\n"
    ),
}
# $1: the folder that stays writable. /dev is made anew because systemd writes to /dev/console.
BOOT = r"""
set -e
mount --make-rprivate /
umount -R /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs tmpfs /run
mkdir -p /run/dbus /run/newdev
mount --bind "$1" "$1"
mount -t tmpfs tmpfs /run/newdev
for name in null zero full random urandom tty; do
    touch /run/newdev/$name
    mount --bind /dev/$name /run/newdev/$name
done
mkdir /run/newdev/pts /run/newdev/shm
ln -s pts/ptmx /run/newdev/ptmx
mount -t devpts -o newinstance,ptmxmode=666 devpts /run/newdev/pts
mount --move /run/newdev /dev
mount -t proc proc /proc
mount -o remount,bind,ro /
exec env -i container=proctor PATH=/usr/bin:/bin:/usr/sbin:/sbin SYSTEMD_UNIT_PATH="$1/units" \
    /lib/systemd/systemd --system --unit=test.target --log-target=console --show-status=0
"""


class SystemdWorld:
    """A running systemd; `inside` gives the words that carry a command into its namespaces. Close it with `end`."""

    def __init__(self, folder: Path, unified: str) -> None:
        (folder / "units").mkdir()
        for name, text in UNITS.items():
            (folder / "units" / name).write_text(text)
        self.cgroup = f"{unified}/proctor-systemd-{uuid.uuid4().hex[:8]}"
        self.outside = self.cgroup + "-outside"
        for each in (self.cgroup, self.outside):
            os.mkdir(each)
        for name in files.read(unified + "/cgroup.controllers").split():
            files.write(unified + "/cgroup.subtree_control", "+" + name)
        self.log = folder / "systemd.log"
        with open(self.log, "wb") as log:
            self.outer = subprocess.Popen(
                ["unshare", "--kill-child", "-fmpCui", "sh", "-c", BOOT, "sh", str(folder)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=self._enter,
            )  # fmt: skip
        try:
            self._wait()
            # The process around systemd has to leave: controllers go only to cgroups whose parent has no processes.
            with open(self.outside + "/cgroup.procs", "w") as file:
                file.write(str(self.outer.pid))
        except BaseException:
            self.end()
            raise

    def _enter(self) -> None:
        with open(self.cgroup + "/cgroup.procs", "w") as file:
            file.write("0")

    def _wait(self) -> None:
        """Until systemd answers on the bus; busctl itself waits for an answer, so asking again costs little."""
        poll = select.poll()
        poll.register(os.pidfd_open(self.outer.pid), select.POLLIN)
        ask = ["busctl", "--system", "--timeout=5", "get-property", "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
               "org.freedesktop.systemd1.Manager", "SystemState"]  # fmt: skip
        for _ in range(600):
            if self.first() and subprocess.run(self.inside(*ask), capture_output=True).returncode == 0:
                return
            assert not poll.poll(100), self.log.read_text()
        raise AssertionError(f"systemd does not answer: {self.log.read_text()}")

    def first(self) -> int:
        """Systemd's pid out here; 0 before it is there."""
        with open(f"/proc/{self.outer.pid}/task/{self.outer.pid}/children") as file:
            children = file.read().split()
        if not children:
            return 0
        with open(f"/proc/{children[0]}/comm") as file:
            return int(children[0]) if file.read().strip() == "systemd" else 0

    def inside(self, *words: str) -> list[str]:
        """A command line that runs in the namespaces of systemd."""
        return ["nsenter", "-t", str(self.first()), "-m", "-p", "-C", "-u", "-i", "--", *words]

    def end(self) -> None:
        """Kills all of it and removes the cgroup."""
        with open(self.cgroup + "/cgroup.kill", "w") as file:
            file.write("1")
        with open(self.outside + "/cgroup.kill", "w") as file:
            file.write("1")
        self.outer.wait(60)
        for folder in (self.cgroup, self.outside):
            files.remove(folder, lambda: None)
