"""Which cgroup a container gets: the hierarchies of this machine, `cgroupsPath`, the driver, and what a user may do.

https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#configLinuxCgroupsPath. Knows the mount
table and the members of config.json that decide; the two versions are in `v1` and `v2`, each imported only where it
is used.

Absolute and relative paths are both taken from the mount point of the hierarchy, so that the same value always is the
same place. An ordinary user's relative and default paths are taken from the user's own cgroup, which is what can be
delegated to them. Without a value the place is /runtime-ref-<id>: one folder in each hierarchy, not two.
"""

from __future__ import annotations

from runtime_ref.errors import ConfigError
from runtime_ref.kernel import os

if False:
    from typing import Any

    from runtime_ref.cgroup.none import NoCgroup
    from runtime_ref.cgroup.systemd import Systemd
    from runtime_ref.cgroup.v1 import V1
    from runtime_ref.cgroup.v2 import V2

    Cgroup = V1 | V2 | Systemd | NoCgroup

CONTROLLERS = (
    "cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids", "hugetlb", "net_cls", "net_prio",
    "perf_event", "rdma", "misc", "name=systemd",
)  # fmt: skip

# No kernel has use for these limits of 0; engines (Docker above all) write it for what nobody asked for.
UNASKED = {
    "memory": ("limit", "swap", "reservation", "kernel", "kernelTCP"),
    "cpu": ("shares", "quota", "period", "realtimeRuntime", "realtimePeriod"),
    "blockIO": ("weight", "leafWeight"),
}  # fmt: skip


def asked(resources: dict[str, Any]) -> dict[str, Any]:
    """`linux.resources` without zeros that ask for nothing. A `pids.limit` of 0 is a limit and stays.

    Device rules are root's alone, in every cgroup. Others go without: the user namespace closes all devices that are not the user's.
    """
    found = dict(resources)
    if found.get("devices") and not _is_root():
        del found["devices"]
    for topic, members in UNASKED.items():
        if entry := found.get(topic):
            found[topic] = {member: value for member, value in entry.items() if value != 0 or member not in members}
    return found


class Hierarchies:
    """What is mounted: `v1`, controller to mount point; `unified`, the mount point of version 2 or ""."""

    def __init__(self, v1: dict[str, str], unified: str) -> None:
        self.v1 = v1
        self.unified = unified

    @property
    def version(self) -> int:
        """1 where any controller is on version 1 (also in a hybrid set-up), else 2; 0 if nothing is mounted."""
        return 1 if any(name != "name=systemd" for name in self.v1) else 2 if self.unified else 0


def hierarchies(mountinfo: str) -> Hierarchies:
    """Reads the text of /proc/self/mountinfo (proc_pid_mountinfo(5)).

    Of several mounts of one hierarchy the first counts.
    """
    v1: dict[str, str] = {}
    unified = ""
    for line in mountinfo.splitlines():
        if " - cgroup" not in line:
            continue
        place, _, about = line.partition(" - ")
        kind, _, options = about.split(" ", 2)
        point = place.split(" ")[4].replace("\\040", " ")
        if kind == "cgroup2":
            unified = unified or point
        elif kind == "cgroup":
            for word in options.split(","):
                if word in CONTROLLERS:
                    v1.setdefault(word, point)
    return Hierarchies(v1, unified)


def here() -> Hierarchies:
    """The hierarchies mounted on this machine."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        return hierarchies(file.read())


def choose(config: dict[str, Any], ident: str, systemd: bool = False, found: Hierarchies | None = None) -> Cgroup:
    """The cgroup of a container, not yet made. `ident` is its id; `systemd` asks for the systemd driver.

    Raises ConfigError for a `cgroupsPath` that cannot be used. Order of use: create, on version 2 before
    the clone (fd_for_clone); attach(pid); and then, at the same time, `limits` in the parent and `join` in the child where
    fd_for_clone gave none.
    """
    found = found or here()
    linux = config.get("linux") or {}
    path: str = linux.get("cgroupsPath") or ""
    devices = linux.get("devices") or ()
    if ".." in path.split("/") or "\0" in path or "\n" in path:
        raise ConfigError("linux.cgroupsPath", "must not hold '..' or a line break")
    if path and not path.strip("/."):
        raise ConfigError("linux.cgroupsPath", "names the root of the hierarchy, which has no limits and other processes")
    if systemd:
        from runtime_ref.cgroup.systemd import Systemd

        return Systemd.of(path, ident, found, devices, _owner(config))
    if not found.version:
        return _none(path, "no cgroup hierarchy is mounted")
    wanted = path.strip("/") or f"runtime-ref-{ident}"
    # Root of a user namespace, as engines for ordinary users make it, may no more than the user.
    ordinary = os.geteuid() != 0 or not os.access(found.unified or next(iter(found.v1.values())), os.W_OK)
    own = _own_cgroups() if ordinary and not path.startswith("/") else {}
    if found.version == 2:
        from runtime_ref.cgroup.v2 import V2

        folder = f"{found.unified}{own.get('', '')}/{wanted}"
        if ordinary and not _may_make(folder):
            return _none(path, f"{folder} cannot be made by uid {os.geteuid()}")
        return V2(found.unified, folder, [], devices, _owner(config))
    from runtime_ref.cgroup.v1 import V1

    dirs = {name: f"{point}{own.get(name, '')}/{wanted}" for name, point in found.v1.items()}
    if ordinary:
        dirs = {name: folder for name, folder in dirs.items() if _may_make(folder)}
        if not dirs:
            return _none(path, f"no cgroup can be made by uid {os.geteuid()}")
    return V1(dirs, [], devices)


def from_state(paths: dict[str, Any]) -> Cgroup:
    """The cgroup of a container that exists, from what `.paths` was when it was made."""
    driver = paths.get("driver")
    if driver == "v1":
        from runtime_ref.cgroup.v1 import V1

        return V1(paths["dirs"], paths["made"])
    if driver == "v2":
        from runtime_ref.cgroup.v2 import V2

        return V2(paths["root"], paths["folder"], paths["made"])
    if driver == "systemd":
        from runtime_ref.cgroup.systemd import Systemd

        inner = from_state(paths["inner"])
        return Systemd(inner, paths["unit"], paths["slice"], paths["user"], paths["made"])  # type: ignore[arg-type]
    from runtime_ref.cgroup.none import NoCgroup

    return NoCgroup(paths.get("why", "the container has no cgroup"), paths.get("init", 0))


def _none(path: str, why: str) -> NoCgroup:
    if path:
        raise ConfigError("linux.cgroupsPath", why)
    from runtime_ref.cgroup.none import NoCgroup

    return NoCgroup(why)


def _owner(config: dict[str, Any]) -> int | None:
    """The host uid to give the cgroup to, or None: only with a new cgroup namespace and a writable cgroup mount.

    https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#cgroup-ownership
    """
    linux = config.get("linux") or {}
    if not any(ns["type"] == "cgroup" and not ns.get("path") for ns in linux.get("namespaces") or ()):
        return None
    if not any(
        mount.get("source") == "cgroup" and mount["destination"] == "/sys/fs/cgroup" and "ro" not in (mount.get("options") or ())
        for mount in config.get("mounts") or ()
    ):
        return None
    uid: int = ((config.get("process") or {}).get("user") or {}).get("uid", 0)
    mappings = linux.get("uidMappings")
    if not mappings:
        joined = any(ns["type"] == "user" for ns in linux["namespaces"])
        return None if joined else uid
    for each in mappings:
        if each["containerID"] <= uid < each["containerID"] + each["size"]:
            return int(each["hostID"] + uid - each["containerID"])
    return None


def _own_cgroups() -> dict[str, str]:
    """This process's cgroups: controller ("" for version 2) to path, without a last slash."""
    found: dict[str, str] = {}
    with open("/proc/self/cgroup", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            _, names, path = line.rstrip("\n").split(":", 2)
            for name in names.split(","):
                found[name] = path.rstrip("/")
    return found


def _is_root() -> bool:
    """Whether this is root of the machine (user_namespaces(7)), who then has cgroups mounted read-only."""
    if os.geteuid() != 0:
        return False
    with open("/proc/self/uid_map", "rb") as file:
        return file.read().split() == [b"0", b"0", b"4294967295"]


def _may_make(folder: str) -> bool:
    """Whether this user may make the folder: may write into the nearest one above it."""
    above = os.path.dirname(folder)
    while not os.path.isdir(above):
        above = os.path.dirname(above)
    return os.access(above, os.W_OK, effective_ids=True)
