"""config.md#posix-platform-user: uid, gid, additional groups and umask."""

from conformance.author import (
    Case,
    about,
    create,
    delete,
    ended,
    groups,
    groups_outside,
    held,
    ids,
    ids_outside,
    labelled,
    recorded,
    runs,
    says,
    start,
    user,
    userns,
)

CASES = [
    *(
        Case(
            id=f"user/uid-{uid}-gid-{gid}",
            claim="the program runs with the uid and the gid of the configuration",
            clause="config.process.user.uid",
            config=[user(uid, gid)],
            expect=[ids("uid", uid), *about("config.process.user.gid", ids("gid", gid))],
        )
        for uid, gid in ((1, 2), (1000, 2000), (65534, 65533), (70000, 80000), (2147483647, 2147483646), (0, 5), (5, 0))
    ),
    Case(
        id="user/ids-in-user-namespace",
        claim="uid, gid and additionalGids count inside the container's user namespace",
        clause="config.process.user.ids-in-userns",
        needs=["userns"],
        config=[userns([(0, 100000, 65536)]), user(5, 7, [8, 9]), runs("dump", "pause")],
        steps=held(),
        expect=[
            ids("uid", 5),
            ids("gid", 7),
            groups(8, 9),
            labelled("uid-outside", ids_outside("uid", 100005)),
            labelled("gid-outside", ids_outside("gid", 100007)),
            *about("config.process.user.additional-gids", groups_outside(100008, 100009)),
        ],
    ),
    *(
        Case(
            id=f"user/additional-gids{word}",
            claim="additionalGids are the program's supplementary groups",
            clause="config.process.user.additional-gids",
            config=[user(1000, 2000, numbers)],
            expect=[groups(*numbers)],
        )
        for word, numbers in (
            ("", [3000, 4000, 70000]),
            ("-one", [3000]),
            ("-root", [0, 6]),
            ("-high", [2147483647]),
            ("-many", [10000 + 7 * n for n in range(300)]),
        )
    ),
    Case(
        id="user/additional-gids-of-root",
        claim="uid 0 too has the groups of additionalGids",
        clause="config.process.user.additional-gids",
        config=[user(0, 0, [3000, 4000])],
        expect=[groups(3000, 4000)],
    ),
    Case(
        id="user/additional-gids-own-gid",
        claim="the program's own gid among additionalGids does no harm",
        clause="config.process.user.additional-gids",
        config=[user(1000, 2000, [2000, 3000])],
        expect=[groups(3000), *recorded(labelled("as-listed", says("groups", [2000, 3000])))],
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
        for umask in (0o000, 0o001, 0o007, 0o070, 0o077, 0o700, 0o777)
    ),
    Case(
        id="user/umask-of-another-user",
        claim="a program of another user starts with the umask of the configuration",
        clause="config.process.user.umask",
        config=[user(1000, 2000, (), 0o037)],
        expect=[says("umask", 0o037)],
    ),
    *(
        Case(
            id=f"user/umask-unset-of-caller-{umask:04o}",
            claim="without a umask that of the runtime's caller stays",
            clause="config.process.user.umask-unset",
            steps=[create(umask=umask), start(), ended(), delete()],
            expect=[says("umask", umask)],
        )
        for umask in (0o022, 0o027, 0o077)
    ),
]
