"""config-linux.md#masked-paths: what is masked cannot be read, whoever asks, and what is not masked can."""

from __future__ import annotations

from conformance.author import (
    Case,
    File,
    Rejects,
    Scenario,
    all_capabilities,
    attempts,
    create,
    delete,
    ended,
    hidden_entries,
    hidden_text,
    labelled,
    masked,
    mount,
    mounts,
    out_of_reach,
    path_entries,
    path_gives,
    path_taken_as,
    path_text,
    recorded,
    root,
    runs,
    start,
    user,
    userns,
)

FILE, FOLDER = "linux.masked-paths.file", "linux.masked-paths.directory"
# /d holds a file, a folder with a file, and is beside /f; /g and /e are the same and named by no configuration.
TREE = [
    File(path=f"rootfs/{path}", text=f"text of {path}\n", mode=0o666)
    for path in ("f", "g", "d/one", "d/deep/two", "e/one", "e/deep/two")
]
MAYBE = (create().may_fail(), start().may_fail(), ended().may_fail(), delete(force=True).may_fail())
CASES: list[Case | Rejects | Scenario] = [
    Case(
        id="masked-paths/file",
        claim="nothing of a masked file can be read",
        clause=FILE,
        world=TREE,
        config=[masked("/f"), runs("dump", "read", "/f", "read", "/g")],
        expect=[hidden_text("/f"), path_text("/g", "text of g\n")],
    ),
    Case(
        id="masked-paths/folder",
        claim="nothing in a masked folder can be seen or read",
        clause=FOLDER,
        world=TREE,
        config=[
            masked("/d"),
            runs("dump", "list", "/d", "read", "/d/one", "read", "/d/deep/two", "list", "/e", "read", "/e/one"),
        ],
        expect=[
            hidden_entries("/d"),
            out_of_reach("/d/one"),
            out_of_reach("/d/deep/two"),
            labelled("other-folder", path_entries("/e", "one", "deep")),
            labelled("other-file", path_text("/e/one", "text of e/one\n")),
        ],
    ),
    Case(
        id="masked-paths/below-a-folder",
        claim="a masked path below a folder leaves the rest of the folder as it is",
        clause=FOLDER,
        world=TREE,
        config=[
            masked("/d/deep", "/e/one"),
            runs(
                "dump",
                "list",
                "/d/deep",
                "read",
                "/d/deep/two",
                "read",
                "/d/one",
                "read",
                "/e/one",
                "read",
                "/e/deep/two",
            ),
        ],
        expect=[
            hidden_entries("/d/deep"),
            out_of_reach("/d/deep/two"),
            labelled("beside", path_text("/d/one", "text of d/one\n")),
            hidden_text("/e/one"),
            labelled("in-other", path_text("/e/deep/two", "text of e/deep/two\n")),
        ],
    ),
    Case(
        id="masked-paths/several",
        claim="each of several masked paths is masked",
        clause=FILE,
        world=TREE,
        config=[
            masked("/f", "/d", "/g", "/e/one"),
            runs("dump", "read", "/f", "list", "/d", "read", "/g", "read", "/e/one", "list", "/e"),
        ],
        expect=[
            hidden_text("/f"),
            hidden_entries("/d"),
            hidden_text("/g"),
            hidden_text("/e/one"),
            path_entries("/e", "one", "deep"),
        ],
    ),
    Case(
        id="masked-paths/of-proc",
        claim="files and folders of proc can be masked",
        clause=FILE,
        config=[
            masked("/proc/uptime", "/proc/meminfo", "/proc/sys", "/proc/irq"),
            runs(
                "dump",
                "read",
                "/proc/uptime",
                "read",
                "/proc/meminfo",
                "list",
                "/proc/sys",
                "list",
                "/proc/irq",
                "read",
                "/proc/loadavg",
            ),
        ],
        expect=[
            hidden_text("/proc/uptime"),
            hidden_text("/proc/meminfo"),
            hidden_entries("/proc/sys"),
            hidden_entries("/proc/irq"),
            labelled("other", path_gives("read /proc/loadavg", "OK")),
        ],
    ),
    Case(
        id="masked-paths/of-another-mount",
        claim="a path on a mount of the configuration can be masked",
        clause=FOLDER,
        world=[*TREE, File(path="side/s/one", text="text of s\n")],
        config=[
            mounts(mount("/side", "bind", "{bundle}/side", ["bind", "rw"])),
            masked("/side/s"),
            runs("dump", "list", "/side/s", "read", "/side/s/one", "list", "/side"),
        ],
        expect=[hidden_entries("/side/s"), out_of_reach("/side/s/one"), path_entries("/side", "s")],
    ),
    Case(
        id="masked-paths/mount-point",
        claim="a mount point can be masked, with all that is mounted there",
        clause=FOLDER,
        world=[File(path="side/one", text="text of side\n")],
        config=[
            mounts(mount("/side", "bind", "{bundle}/side", ["bind", "rw"])),
            masked("/side"),
            runs("dump", "list", "/side", "read", "/side/one"),
        ],
        expect=[hidden_entries("/side"), out_of_reach("/side/one")],
    ),
    *(
        Case(
            id=f"masked-paths/{where}",
            claim=f"masked paths are masked {phrase}",
            clause=FOLDER,
            world=TREE,
            needs=need,
            config=[
                masked("/f", "/d"),
                runs("dump", "read", "/f", "list", "/d", "read", "/d/one", "read", "/g"),
                *patches,
            ],
            expect=[hidden_text("/f"), hidden_entries("/d"), out_of_reach("/d/one"), path_text("/g", "text of g\n")],
        )
        for where, phrase, patches, need in (
            (
                "with-capabilities",
                "from a program that may pass over permissions",
                [all_capabilities("CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER")],
                [],
            ),
            ("as-another-user", "from a program of another user", [user(1000)], []),
            ("on-a-read-only-root", "on a read-only root", [root(readonly=True)], []),
            ("in-a-user-namespace", "in a user namespace", [userns([(0, 0, 65536)])], ["userns"]),
        )
    ),
    Case(
        id="masked-paths/empty",
        claim="an empty list masks nothing",
        clause=FILE,
        world=TREE,
        config=[masked(), runs("dump", "read", "/f", "list", "/d")],
        expect=[path_text("/f", "text of f\n"), path_entries("/d", "one", "deep")],
    ),
    Case(
        id="masked-paths/twice",
        claim="a path that is listed twice is masked",
        clause=FILE,
        world=TREE,
        config=[masked("/f", "/f", "/d", "/d"), runs("dump", "read", "/f", "list", "/d")],
        expect=[hidden_text("/f"), hidden_entries("/d")],
    ),
    Case(
        id="masked-paths/cannot-be-taken-away",
        claim="a mask cannot be unmounted by a program without CAP_SYS_ADMIN",
        clause=FILE,
        world=TREE,
        config=[
            masked("/f", "/d"),
            runs("dump", "try", "umount2,@/f,2", "try", "umount2,@/d,2", "read", "/f", "list", "/d"),
        ],
        expect=[
            attempts({"umount2,@/f,2": "EPERM", "umount2,@/d,2": "EPERM"}),
            hidden_text("/f"),
            hidden_entries("/d"),
        ],
    ),
    Case(
        id="masked-paths/and-writing",
        claim="what writing to a masked path does, and changes outside it, is recorded",
        clause=FILE,
        world=TREE,
        config=[
            masked("/f", "/d"),
            runs("dump", "write", "/f", "other", "mkdir", "/d/new", "read", "/f"),
        ],
        expect=[
            *recorded(path_gives("write /f", "OK"), path_gives("mkdir /d/new", "EROFS")),
            labelled("still", hidden_text("/f")),
        ],
    ),
]


CASES += [
    Rejects(
        id="masked-paths/relative",
        claim="a path that is not absolute is refused",
        clause="valid-values.error",
        world=TREE,
        config=[masked("f")],
        control=[masked("/f")],
    ),
    *(
        Scenario(
            id=f"masked-paths/{what}",
            claim=f"{phrase} is passed over, followed or refused",
            clause=FILE,
            world=[
                *TREE,
                File(path="rootfs/link", kind="link", text="/g"),
                File(path="rootfs/hop", kind="link", text="/e"),
            ],
            config=[masked(path, "/f"), runs("dump", "read", "/g", "read", "/e/one", "read", "/f")],
            steps=MAYBE,
            expect=[*recorded(path_taken_as("read /g", "read /e/one", "read /f"))],
        )
        for what, phrase, path in (
            ("missing", "a path that does not exist", "/no/such/path"),
            ("link", "a link", "/link"),
            ("through-a-link", "a path through a link", "/hop/one"),
            ("root", "the root", "/"),
        )
    ),
]
