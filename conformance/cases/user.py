"""config.md#posix-platform-user and capabilities: ids, groups, umask, and each of the five capability sets."""

from conformance.author import (
    CAPABILITIES,
    Case,
    about,
    all_capabilities,
    capabilities,
    capability_set,
    groups,
    held,
    ids,
    ids_outside,
    it_runs,
    labelled,
    runs,
    says,
    user,
    userns,
    warned,
)

SETS = ("effective", "permitted", "inheritable", "bounding", "ambient")
SET = "config.process.capabilities"

CASES = [
    *(
        Case(
            id=f"user/uid-{uid}-gid-{gid}",
            claim="the program runs with the uid and the gid of the configuration",
            clause="config.process.user.uid",
            config=[user(uid, gid)],
            expect=[ids("uid", uid), *about("config.process.user.gid", ids("gid", gid))],
        )
        for uid, gid in ((1, 2), (1000, 2000), (65534, 65533), (70000, 80000), (0, 5), (5, 0))
    ),
    Case(
        id="user/ids-in-user-namespace",
        claim="uid and gid count inside the container's user namespace",
        clause="config.process.user.ids-in-userns",
        needs=["userns"],
        config=[userns([(0, 100000, 65536)]), user(5, 7), runs("dump", "pause")],
        steps=held(),
        expect=[
            ids("uid", 5),
            ids("gid", 7),
            labelled("uid-outside", ids_outside("uid", 100005)),
            labelled("gid-outside", ids_outside("gid", 100007)),
        ],
    ),
    Case(
        id="user/additional-gids",
        claim="additionalGids are the program's supplementary groups",
        clause="config.process.user.additional-gids",
        config=[user(1000, 2000, [3000, 4000, 70000])],
        expect=[groups(3000, 4000, 70000)],
    ),
    *(
        Case(
            id=f"user/no-inherited-groups-{uid}",
            claim="the program has none of the supplementary groups of the runtime's caller",
            clause="config.process.user.no-inherited-groups",
            config=[user(uid, 2000)],
            expect=[groups()],
        )
        for uid in (0, 1000)
    ),
    *(
        Case(
            id=f"user/umask-{umask:04o}",
            claim="the program starts with the umask of the configuration",
            clause="config.process.user.umask",
            config=[user(0, 0, (), umask)],
            expect=[says("umask", umask)],
        )
        for umask in (0o000, 0o007, 0o077, 0o777)
    ),
    Case(
        id="user/umask-unset",
        claim="without a umask that of the runtime's caller stays",
        clause="config.process.user.umask-unset",
        expect=[says("umask", 0o022)],
    ),
    # Ambient capabilities alone survive execve of another user than 0, and need the permitted and the inheritable set.
    *(
        Case(
            id=f"capabilities/{name.removeprefix('CAP_').lower().replace('_', '-')}",
            claim=f"{name} in all five sets is in all five sets of the program, alone",
            clause=f"{SET}.ambient",
            needs=[f"cap:{name}"],
            config=[user(1000), all_capabilities(name)],
            expect=[about(f"{SET}.{one}", capability_set(one, name))[0] for one in SETS],
        )
        for name in CAPABILITIES
    ),
    Case(
        id="capabilities/bounding-only",
        claim="a capability that is only in the bounding set is in no other set of the program",
        clause=f"{SET}.bounding",
        config=[user(1000), capabilities(bounding=["CAP_KILL"], permitted=[], effective=[], inheritable=[], ambient=[])],
        expect=[about(f"{SET}.{one}", capability_set(one, *(["CAP_KILL"] if one == "bounding" else [])))[0] for one in SETS],
    ),
    Case(
        id="capabilities/without-ambient",
        claim="without an ambient set another user than 0 has no permitted or effective one after execve",
        clause=f"{SET}.permitted",
        config=[
            user(1000),
            capabilities(bounding=["CAP_KILL", "CAP_CHOWN"], permitted=["CAP_KILL"], effective=["CAP_KILL"], inheritable=["CAP_KILL"], ambient=[]),
        ],
        expect=[
            about(f"{SET}.{one}", capability_set(one, *{"bounding": ["CAP_KILL", "CAP_CHOWN"], "inheritable": ["CAP_KILL"]}.get(one, [])))[0]
            for one in SETS
        ],
    ),
    Case(
        id="capabilities/root-has-the-bounding-set",
        claim="uid 0 has the bounding set as permitted and effective set after execve",
        clause=f"{SET}.effective",
        config=[capabilities(bounding=["CAP_CHOWN", "CAP_KILL"], permitted=["CAP_CHOWN", "CAP_KILL"], effective=["CAP_CHOWN"], inheritable=[], ambient=[])],
        expect=[
            about(f"{SET}.{one}", capability_set(one, *([] if one in ("inheritable", "ambient") else ["CAP_CHOWN", "CAP_KILL"])))[0] for one in SETS
        ],
    ),
    Case(
        id="capabilities/none",
        claim="empty sets leave the program without any capability",
        clause=f"{SET}.bounding",
        config=[capabilities(bounding=[], permitted=[], effective=[], inheritable=[], ambient=[])],
        expect=[about(f"{SET}.{one}", capability_set(one))[0] for one in SETS],
    ),
    Case(
        id="capabilities/unknown-name",
        claim="a name that the kernel does not know is left out with a warning, and the container runs",
        clause=f"{SET}.unknown-not-fatal",
        config=[user(1000), capabilities(bounding=["CAP_KILL", "CAP_NO_SUCH"], permitted=[], effective=[], inheritable=[], ambient=[])],
        expect=[
            it_runs(),
            *about("runtime.warnings.flow-unchanged", labelled("flow", it_runs())),
            *about(f"{SET}.unknown-warns", warned("CAP_NO_SUCH")),
            *about(f"{SET}.bounding", capability_set("bounding", "CAP_KILL")),
        ],
    ),
]
