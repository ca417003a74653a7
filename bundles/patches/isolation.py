"""Patches of `linux` about namespaces, devices, resources and names."""

from collections.abc import Mapping, Sequence
from typing import Any

from bundles.document import Document

IdMapping = tuple[int, int, int]


def _linux(**members: Any) -> Document:
    return {"linux": members}


def path_of(name: str) -> str:
    """Stands for the path of the namespace that the case's world made under this name."""
    return "{ns:" + name + "}"


def namespaces(*types: str, **paths: str) -> Document:
    """`linux.namespaces`, whole: new ones by type ("pid", "mount", ...), then joined ones (network=path_of("red"))."""
    new: list[Document] = [{"type": kind} for kind in types]
    return _linux(namespaces=[*new, *({"type": kind, "path": path} for kind, path in paths.items())])


def _mapped(maps: Sequence[IdMapping]) -> list[Document]:
    return [{"containerID": inside, "hostID": outside, "size": size} for inside, outside, size in maps]


def userns(
    uid_maps: Sequence[IdMapping],
    gid_maps: Sequence[IdMapping] | None = None,
    types: Sequence[str] = ("pid", "mount", "ipc", "uts", "user"),
    **paths: str,
) -> Document:
    """A user namespace with its mappings (inside, outside, size); the groups' are the users' unless given.

    `types` and `paths` are those of namespaces(), whole.
    """
    patch = namespaces(*types, **paths)
    patch["linux"]["uidMappings"] = _mapped(uid_maps)
    patch["linux"]["gidMappings"] = _mapped(uid_maps if gid_maps is None else gid_maps)
    return patch


def time_offsets(**clocks: tuple[int, int]) -> Document:
    """`linux.timeOffsets`: monotonic=(seconds, nanoseconds), boottime=..."""
    return _linux(timeOffsets={clock: {"secs": secs, "nanosecs": nanos} for clock, (secs, nanos) in clocks.items()})


def hostname(name: str | None) -> Document:
    """`hostname`; None removes it."""
    return {"hostname": name}


def domainname(name: str | None) -> Document:
    """`domainname` (spec 1.1 or later)."""
    return {"domainname": name}


def sysctl(values: Mapping[str, str]) -> Document:
    """`linux.sysctl`: {"net.ipv4.ip_forward": "1"}."""
    return _linux(sysctl=dict(values))


def devices(*entries: Mapping[str, Any]) -> Document:
    """`linux.devices`, whole: each {"path", "type", "major", "minor", "fileMode", "uid", "gid"}."""
    return _linux(devices=[dict(entry) for entry in entries])


def resources(**members: Any) -> Document:
    """`linux.resources`: pids={"limit": 8}, memory={...}, cpu={...}, devices=[...], unified={...}."""
    return _linux(resources=members)


def personality(domain: str, flags: Sequence[str] = ()) -> Document:
    """`linux.personality`: domain "LINUX" or "LINUX32"."""
    return _linux(personality={"domain": domain, **({"flags": list(flags)} if flags else {})})


def net_devices(**names: str | None) -> Document:
    """`linux.netDevices` (spec 1.3): host name = name inside, or None to keep it."""
    return _linux(netDevices={outside: {} if inside is None else {"name": inside} for outside, inside in names.items()})


def memory_policy(mode: str, nodes: str | None = None, flags: Sequence[str] = ()) -> Document:
    """`linux.memoryPolicy` (spec 1.3): mode such as "MPOL_BIND", nodes a list such as "0-1"."""
    policy: Document = {"mode": mode}
    if nodes is not None:
        policy["nodes"] = nodes
    if flags:
        policy["flags"] = list(flags)
    return _linux(memoryPolicy=policy)


def intel_rdt(**members: Any) -> Document:
    """`linux.intelRdt`: closID, l3CacheSchema, memBwSchema, schemata, enableMonitoring."""
    return _linux(intelRdt=members)
