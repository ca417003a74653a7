"""config.md: root, hostname, domainname, ociVersion."""

from __future__ import annotations

from conformance.author import (
    Case,
    File,
    Rejects,
    about,
    domainname,
    file_gives,
    host_keeps_its_name,
    hostname,
    it_runs,
    labelled,
    namespaces,
    reads,
    root,
    runs,
    says,
)

OTHER = [
    *(File(path=f"other/fs/{name}", kind="folder") for name in ("proc", "dev", "sys", "tmp")),
    File(path="other/fs/probe", kind="probe"),
    File(path="other/fs/mark", text="other"),
    File(path="rootfs/mark", text="usual"),
]

CASES = [
    Case(
        id="root/path-relative",
        claim="a relative root.path starts at the bundle's folder",
        clause="config.root.path-relative",
        world=OTHER,
        config=[root(path="other/fs"), runs("dump", "read", "/mark")],
        expect=[reads("/mark", "other"), *about("bundle.rootfs-by-root-path", labelled("by-root-path", reads("/mark", "other")))],
    ),
    Case(
        id="root/path-absolute",
        claim="an absolute root.path is used as it is",
        clause="config.root.path-absolute",
        world=OTHER,
        config=[root(path="{bundle}/other/fs"), runs("dump", "read", "/mark")],
        expect=[reads("/mark", "other")],
    ),
    Rejects(
        id="root/path-missing",
        claim="a root.path that does not exist is refused",
        clause="config.root.path-dir-exists",
        config=[root(path="no-such-folder")],
    ),
    Rejects(
        id="root/path-is-a-file",
        claim="a root.path that is a file is refused",
        clause="config.root.path-dir-exists",
        world=[File(path="a-file", text="x")],
        config=[root(path="a-file")],
    ),
    *(
        Case(
            id=f"root/readonly-{word}",
            claim="the root filesystem can be written exactly when root.readonly is not true",
            clause="config.root.readonly-true" if gives == "EROFS" else "config.root.readonly-default-false",
            config=[{"root": {"readonly": value}}, runs("dump", "write", "/new", "x", "mkdir", "/folder", "write", "/dev/new", "x")],
            expect=[
                labelled("file", file_gives("write", "/new", gives)),
                labelled("folder", file_gives("mkdir", "/folder", gives)),
                labelled("a-mount-in-it", file_gives("write", "/dev/new", "OK")),
            ],
        )
        for word, value, gives in (("true", True, "EROFS"), ("false", False, "OK"), ("absent", None, "OK"))
    ),
    Case(
        id="hostname/applied",
        claim="the container has the host name of the configuration, and the host keeps its own",
        clause="config.hostname.applied",
        config=[hostname("of-the-container")],
        expect=[says("hostname", "of-the-container"), *about("config.hostname.no-host-change", host_keeps_its_name())],
    ),
    Case(
        id="hostname/longest",
        claim="a host name of 64 characters is set whole",
        clause="config.hostname.applied",
        config=[hostname("h" * 64)],
        expect=[says("hostname", "h" * 64)],
    ),
    Case(
        id="domainname/applied",
        claim="the container has the domain name of the configuration",
        clause="config.domainname.applied",
        config=[domainname("of.the.container"), namespaces("pid", "mount", "ipc", "uts")],
        expect=[says("domainname", "of.the.container")],
    ),
    *(
        Rejects(
            id=f"version/invalid-{word}",
            claim="a configuration whose ociVersion is no version is refused",
            clause="config.version.invalid-rejected",
            config=[{"ociVersion": value}],
        )
        for word, value in {"word": "latest", "empty": "", "one-number": "1", "number": 1.0}.items()
    ),
    *(
        Case(
            id=f"version/accepts-{version}",
            claim="a configuration of an older minor version of the runtime's major version runs",
            clause="config.version.accepts-older-minor",
            version=version,
            expect=[it_runs()],
        )
        for version in ("1.0.0", "1.0.1", "1.0.2", "1.1.0", "1.2.0", "1.2.1", "1.3.0")
    ),
]
