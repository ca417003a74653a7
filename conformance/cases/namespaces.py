"""config-linux.md: namespaces new, inherited and by path; user namespace mappings; offsets for time namespaces."""

from __future__ import annotations

from conformance.author import (
    Case,
    File,
    Ns,
    Patch,
    Rejects,
    about,
    cgroup_view,
    clock_ahead,
    clock_offset,
    create,
    delete,
    ended,
    file_has,
    fresh,
    hostname,
    id_map,
    inherits,
    joins,
    keeps,
    labelled,
    namespaces,
    only_loopback,
    path_of,
    runs,
    says,
    start,
    time_offsets,
    userns,
)

TYPES = ("pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time")
USUAL = ("pid", "mount", "ipc", "uts")
MAPS = [(0, 100000, 65536)]
# Without a mount namespace the runtime mounts in its own (the worker's); what then stays there is not asked.
ONLY_PROC: Patch = {"mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}]}
OF_HOST = hostname(None)  # a name can only be set in a UTS namespace of one's own
NEEDS = {"time": ["timens"], "user": ["userns"]}


def new(type: str) -> list[Patch]:
    """A configuration with a new namespace of that type beside the usual ones."""
    if type == "user":
        return [userns(MAPS)]
    return [namespaces(*USUAL, *([] if type in USUAL else [type]))]


def without(type: str) -> list[Patch]:
    """A configuration without any entry of that type."""
    rest = [t for t in USUAL if t != type]
    return [namespaces(*rest), *([ONLY_PROC] if type == "mount" else []), *([OF_HOST] if type == "uts" else [])]


def by_path(type: str, name: str = "red") -> list[Patch]:
    """A configuration that joins the world's namespace as that type."""
    rest = [t for t in USUAL if t != type]
    return [namespaces(*rest, **{type: path_of(name)}), *([OF_HOST] if type == "uts" else [])]


CASES = [
    *(
        Case(
            id=f"namespaces/new-{type}",
            claim=f"a {type} entry without path gives the container a new {type} namespace",
            clause=f"linux.namespaces.new.{type}",
            config=new(type),
            needs=NEEDS.get(type, []),
            expect=[fresh(type), *(labelled(f"others-{t}", inherits(t)) for t in ("network", "user", "cgroup") if t != type)],
        )
        for type in TYPES
    ),
    *(
        Case(
            id=f"namespaces/inherits-{type}",
            claim=f"without a {type} entry the container stays in the runtime's {type} namespace",
            clause=f"linux.namespaces.inherit.{type}",
            config=without(type),
            needs=NEEDS.get(type, []),
            steps=(create(), start(), ended(), delete().may_fail()) if type == "mount" else (),
            expect=[inherits(type)],
        )
        for type in TYPES
    ),
    *(
        Case(
            id=f"namespaces/joins-{type}",
            claim=f"a {type} entry with a path puts the container into that namespace",
            clause=f"linux.namespaces.join.{type}",
            world=[Ns(name="red", type=type, maps=[(0, 100000, 65536)] if type == "user" else [])],
            config=by_path(type),
            needs=NEEDS.get(type, []),
            expect=[joins(type, "red"), *about("runtime.ops.delete.foreign-kept", labelled("kept", keeps("red")))],
        )
        for type in TYPES
    ),
    *(
        Rejects(
            id=f"namespaces/path-of-another-type-{type}",
            claim=f"a {type} entry whose path is a namespace of another type is refused",
            clause="linux.namespaces.path-type-mismatch-error",
            world=[Ns(name="red", type=other)],
            config=by_path(type),
            control=by_path(other),
            needs=[*NEEDS.get(type, [])],
            version="1.1.0" if type == "time" else "",
        )
        for type, other in {
            "pid": "ipc",
            "network": "ipc",
            "mount": "ipc",
            "ipc": "network",
            "uts": "ipc",
            "user": "ipc",
            "cgroup": "ipc",
            "time": "ipc",
        }.items()
    ),
    *(
        Rejects(
            id=f"namespaces/path-missing-{type}",
            claim=f"a {type} entry whose path does not exist is refused",
            clause="linux.namespaces.path-missing-error",
            config=[namespaces(*(t for t in USUAL if t != type), **{type: "{bundle}/no-such-namespace"}), *([OF_HOST] if type == "uts" else [])],
            control=new(type),
            needs=NEEDS.get(type, []),
            version="1.1.0" if type == "time" else "",
        )
        for type in TYPES
    ),
    *(
        Rejects(
            id=f"namespaces/duplicate-{type}",
            claim=f"two {type} entries are refused",
            clause="linux.namespaces.duplicate-error",
            config=[*new(type), {"linux": {"namespaces": [*({"type": t} for t in dict.fromkeys((*USUAL, type))), {"type": type}]}}],
            control=new(type),
            needs=NEEDS.get(type, []),
            version="1.1.0" if type == "time" else "",
        )
        for type in TYPES
    ),
    Case(
        id="namespaces/isolation",
        claim="each new namespace isolates what it is for",
        clause="linux.namespaces.isolation",
        config=[namespaces(*USUAL, "network", "cgroup"), runs("dump", "read", "/proc/net/dev")],
        expect=[labelled("pid", says("pid", 1)), labelled("hostname", says("hostname", "proctor")), cgroup_view(), only_loopback()],
    ),
    Case(
        id="namespaces/types-supported",
        claim="all types of namespaces can be had at once",
        clause="linux.namespaces.types-supported",
        config=[userns(MAPS, types=(*USUAL, "user", "network", "cgroup"))],
        needs=["userns"],
        expect=[labelled(f"new-{t}", fresh(t)) for t in TYPES if t != "time"],
    ),
    Case(
        id="userns/mappings",
        claim="uidMappings and gidMappings are the maps of the container's user namespace",
        clause="linux.userns.uid-mappings",
        config=[userns([(0, 100000, 10), (20, 200000, 5)], [(0, 300000, 7), (30, 400000, 3)])],
        needs=["userns"],
        expect=[id_map("uid_map", [0, 100000, 10], [20, 200000, 5]), *about("linux.userns.gid-mappings", id_map("gid_map", [0, 300000, 7], [30, 400000, 3]))],
    ),
    Case(
        id="userns/owners-kept",
        claim="the owners of files in the root filesystem are not changed to fit the mappings",
        clause="linux.userns.no-chown",
        world=[File(path="rootfs/owned", text="x", owner=(100005, 100007))],
        config=[userns(MAPS), runs("dump", "stat", "/owned")],
        needs=["userns"],
        expect=[labelled("uid", file_has("/owned", "uid", 5)), labelled("gid", file_has("/owned", "gid", 7))],
    ),
    *(
        Case(
            id=f"time-offsets/{clock}",
            claim=f"the offset of {clock} is that clock's in the container",
            clause=f"linux.time-offsets.{clock}",
            config=[namespaces(*USUAL, "time"), time_offsets(**{clock: (86400, 500)})],
            needs=["timens"],
            expect=[clock_offset(clock, 86400, 500), clock_ahead(clock, 86400)],
        )
        for clock in ("monotonic", "boottime")
    ),
    Rejects(
        id="time-offsets/unknown-clock",
        claim="an offset for a clock that does not exist is refused",
        clause="linux.time-offsets.unknown-clock-error",
        config=[namespaces(*USUAL, "time"), time_offsets(realtime=(5, 0))],
        control=[namespaces(*USUAL, "time"), time_offsets(monotonic=(5, 0))],
        needs=["timens"],
    ),
]
