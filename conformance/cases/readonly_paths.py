"""config-linux.md#readonly-paths: what is read-only can be read and not be changed, whoever asks."""

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
    readonly,
    recorded,
    runs,
    start,
    user,
    userns,
)

FILE, FOLDER = "linux.masked-paths.file", "linux.masked-paths.directory"
RO_FILE, RO_FOLDER = "linux.readonly-paths.file", "linux.readonly-paths.directory"
# /d holds a file, a folder with a file, and is beside /f; /g and /e are the same and named by no configuration.
TREE = [
    File(path=f"rootfs/{path}", text=f"text of {path}\n", mode=0o666)
    for path in ("f", "g", "d/one", "d/deep/two", "e/one", "e/deep/two")
]
MAYBE = (create().may_fail(), start().may_fail(), ended().may_fail(), delete(force=True).may_fail())
TMPFS = mount("/t", "tmpfs", "tmpfs", ["nosuid", "nodev", "mode=0777"])
CASES: list[Case | Rejects | Scenario] = [
    Case(
        id="readonly-paths/file",
        claim="a read-only file can be read and not be changed",
        clause=RO_FILE,
        world=TREE,
        config=[
            readonly("/f"),
            runs(
                "dump",
                "read",
                "/f",
                "write",
                "/f",
                "other",
                "append",
                "/f",
                "other",
                "open",
                "/f",
                "O_RDWR",
                "chmod",
                "/f",
                "0600",
                "read",
                "/f",
                "write",
                "/g",
                "other",
                "read",
                "/g",
            ),
        ],
        expect=[
            path_text("/f", "text of f\n"),
            path_gives("write /f", "EROFS"),
            path_gives("append /f", "EROFS"),
            path_gives("open /f", "EROFS"),
            path_gives("chmod /f", "EROFS"),
            labelled("unchanged", path_text("/f", "text of f\n", nth=1)),
            labelled("other", path_gives("write /g", "OK")),
            labelled("other-changed", path_text("/g", "other")),
        ],
    ),
    Case(
        id="readonly-paths/folder",
        claim="nothing can be made, changed or removed in a read-only folder, and all can be read",
        clause=RO_FOLDER,
        world=TREE,
        config=[
            readonly("/d"),
            runs(
                "dump",
                "mkdir",
                "/d/new",
                "write",
                "/d/file",
                "x",
                "write",
                "/d/one",
                "x",
                "unlink",
                "/d/one",
                "write",
                "/d/deep/two",
                "x",
                "mkdir",
                "/d/deep/new",
                "symlink",
                "x",
                "/d/link",
                "list",
                "/d",
                "read",
                "/d/one",
                "read",
                "/d/deep/two",
                "mkdir",
                "/e/new",
                "write",
                "/e/one",
                "x",
            ),
        ],
        expect=[
            *(
                path_gives(what, "EROFS")
                for what in ("mkdir /d/new", "write /d/file", "write /d/one", "unlink /d/one", "symlink /d/link")
            ),
            labelled("deep-file", path_gives("write /d/deep/two", "EROFS")),
            labelled("deep-folder", path_gives("mkdir /d/deep/new", "EROFS")),
            path_entries("/d", "one", "deep"),
            labelled("text", path_text("/d/one", "text of d/one\n")),
            labelled("deep-text", path_text("/d/deep/two", "text of d/deep/two\n")),
            labelled("other-folder", path_gives("mkdir /e/new", "OK")),
            labelled("other-file", path_gives("write /e/one", "OK")),
        ],
    ),
    Case(
        id="readonly-paths/below-a-folder",
        claim="a read-only path below a folder leaves the rest of the folder writable",
        clause=RO_FOLDER,
        world=TREE,
        config=[
            readonly("/d/deep", "/e/one"),
            runs(
                "dump",
                "write",
                "/d/deep/two",
                "x",
                "write",
                "/d/one",
                "x",
                "write",
                "/e/one",
                "x",
                "write",
                "/e/deep/two",
                "x",
            ),
        ],
        expect=[
            labelled("folder", path_gives("write /d/deep/two", "EROFS")),
            labelled("beside-it", path_gives("write /d/one", "OK")),
            labelled("file", path_gives("write /e/one", "EROFS")),
            labelled("beside-that", path_gives("write /e/deep/two", "OK")),
        ],
    ),
    Case(
        id="readonly-paths/of-proc",
        claim="/proc/sys is read-only where it is listed, with what stands below it",
        clause=RO_FOLDER,
        config=[
            readonly("/proc/sys"),
            runs(
                "dump",
                "write",
                "/proc/sys/kernel/domainname",
                "x",
                "read",
                "/proc/sys/kernel/hostname",
                "write",
                "/proc/self/comm",
                "x",
            ),
        ],
        expect=[
            labelled("parameter", path_gives("write /proc/sys/kernel/domainname", "EROFS")),
            labelled("read", path_text("/proc/sys/kernel/hostname", "proctor\n")),
            labelled("rest", path_gives("write /proc/self/comm", "OK")),
        ],
    ),
    Case(
        id="readonly-paths/of-proc-when-not-listed",
        claim="/proc/sys is writable where it is not listed",
        clause=RO_FOLDER,
        config=[readonly("/proc/irq"), runs("dump", "write", "/proc/sys/kernel/domainname", "x")],
        expect=[*recorded(labelled("parameter", path_gives("write /proc/sys/kernel/domainname", "OK")))],
    ),
    Case(
        id="readonly-paths/of-another-mount",
        claim="a path on a mount of the configuration can be read-only, and the rest of the mount is not",
        clause=RO_FOLDER,
        world=[File(path="side/s/one", text="text of s\n")],
        config=[
            mounts(mount("/side", "bind", "{bundle}/side", ["bind", "rw"]), TMPFS),
            readonly("/side/s", "/t"),
            runs("dump", "mkdir", "/side/s/new", "mkdir", "/side/new", "read", "/side/s/one", "mkdir", "/t/new"),
        ],
        expect=[
            path_gives("mkdir /side/s/new", "EROFS"),
            path_gives("mkdir /side/new", "OK"),
            path_text("/side/s/one", "text of s\n"),
            labelled("mount-point", path_gives("mkdir /t/new", "EROFS")),
        ],
    ),
    Case(
        id="readonly-paths/mounts-below",
        claim="whether a mount below a read-only folder is read-only too is recorded",
        clause=RO_FOLDER,
        world=TREE,
        config=[
            mounts(mount("/d/deep", "tmpfs", "tmpfs")),
            readonly("/d"),
            runs("dump", "mkdir", "/d/deep/new", "mkdir", "/d/new"),
        ],
        expect=[
            labelled("folder", path_gives("mkdir /d/new", "EROFS")),
            *recorded(labelled("mount", path_gives("mkdir /d/deep/new", "OK"))),
        ],
    ),
    *(
        Case(
            id=f"readonly-paths/{where}",
            claim=f"read-only paths are read-only {phrase}",
            clause=RO_FOLDER,
            world=[*TREE, File(path="rootfs/d/open", kind="folder", mode=0o777)],
            needs=need,
            config=[
                readonly("/f", "/d"),
                runs("dump", "write", "/f", "x", "mkdir", "/d/open/new", "read", "/f", "write", "/g", "x"),
                *patches,
            ],
            expect=[
                path_gives("write /f", "EROFS"),
                path_gives("mkdir /d/open/new", "EROFS"),
                path_text("/f", "text of f\n"),
                labelled("other", path_gives("write /g", "OK")),
            ],
        )
        for where, phrase, patches, need in (
            (
                "with-capabilities",
                "for a program that may pass over permissions",
                [all_capabilities("CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER")],
                [],
            ),
            ("as-another-user", "for a program of another user", [user(1000)], []),
            ("in-a-user-namespace", "in a user namespace", [userns([(0, 0, 65536)])], ["userns"]),
        )
    ),
    Case(
        id="readonly-paths/empty",
        claim="an empty list makes nothing read-only",
        clause=RO_FILE,
        world=TREE,
        config=[readonly(), runs("dump", "write", "/f", "x", "mkdir", "/d/new")],
        expect=[path_gives("write /f", "OK"), path_gives("mkdir /d/new", "OK")],
    ),
    Case(
        id="readonly-paths/twice",
        claim="a path that is listed twice is read-only",
        clause=RO_FILE,
        world=TREE,
        config=[readonly("/f", "/f"), runs("dump", "write", "/f", "x", "read", "/f")],
        expect=[path_gives("write /f", "EROFS"), path_text("/f", "text of f\n")],
    ),
    Case(
        id="readonly-paths/and-masked",
        claim="a path that is listed as masked and as read-only cannot be read",
        clause=FILE,
        world=TREE,
        config=[
            masked("/f", "/d"),
            readonly("/f", "/d", "/g"),
            runs("dump", "read", "/f", "list", "/d", "write", "/g", "x"),
        ],
        expect=[hidden_text("/f"), hidden_entries("/d"), path_gives("write /g", "EROFS")],
    ),
    Case(
        id="readonly-paths/masked-below",
        claim="a masked path below a read-only folder cannot be read",
        clause=FOLDER,
        world=TREE,
        config=[
            masked("/d/deep"),
            readonly("/d"),
            runs("dump", "list", "/d/deep", "read", "/d/deep/two", "mkdir", "/d/new", "read", "/d/one"),
        ],
        expect=[
            hidden_entries("/d/deep"),
            out_of_reach("/d/deep/two"),
            path_gives("mkdir /d/new", "EROFS"),
            labelled("beside", path_text("/d/one", "text of d/one\n")),
        ],
    ),
    Case(
        id="readonly-paths/cannot-be-undone",
        claim="a read-only path cannot be made writable by a program without CAP_SYS_ADMIN",
        clause=RO_FILE,
        world=TREE,
        config=[
            readonly("/f"),
            runs("dump", "try", "mount,@none,@/f,@none,0x1020,0", "try", "umount2,@/f,2", "write", "/f", "x"),
        ],
        expect=[
            attempts({"mount,@none,@/f,@none,0x1020,0": "EPERM", "umount2,@/f,2": "EPERM"}),
            path_gives("write /f", "EROFS"),
        ],
    ),
]


CASES += [
    Rejects(
        id="readonly-paths/relative",
        claim="a path that is not absolute is refused",
        clause="valid-values.error",
        world=TREE,
        config=[readonly("f")],
        control=[readonly("/f")],
    ),
    *(
        Scenario(
            id=f"readonly-paths/{what}",
            claim=f"{phrase} is passed over, followed or refused",
            clause=RO_FILE,
            world=[
                *TREE,
                File(path="rootfs/link", kind="link", text="/g"),
                File(path="rootfs/hop", kind="link", text="/e"),
            ],
            config=[readonly(path, "/f"), runs("dump", "write", "/g", "x", "write", "/e/one", "x", "write", "/f", "x")],
            steps=MAYBE,
            expect=[*recorded(path_taken_as("write /g", "write /e/one", "write /f"))],
        )
        for what, phrase, path in (
            ("missing", "a path that does not exist", "/no/such/path"),
            ("link", "a link", "/link"),
            ("through-a-link", "a path through a link", "/hop/one"),
            ("root", "the root", "/"),
        )
    ),
]
