"""Bundles whose root file systems tests make, and what is then mounted where. Knows no test."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.runtime_ref.within import mountinfo, within


def bundle(tmp_path: Path) -> Path:
    for name in ("rootfs/proc", "rootfs/dev", "rootfs/sys", "rootfs/tmp", "rootfs/mnt", "rootfs/etc", "source/below"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "source/file").write_text("here\n")
    return tmp_path


def config(*mounts: dict[str, Any], **linux: Any) -> dict[str, Any]:
    linux.setdefault("namespaces", [{"type": "mount"}])
    return {"root": {"path": "rootfs"}, "mounts": list(mounts), "linux": linux}


def entry(
    destination: str, kind: str = "tmpfs", source: str | None = None, *options: str, **rest: Any
) -> dict[str, Any]:
    found = {"destination": destination, "type": kind, "options": list(options), **rest}
    return found if source is None else {**found, "source": source}


def prepared(document: dict[str, Any], where: str, look: list[str] | None = None) -> dict[str, Any]:
    """Makes the root file system; gives the mounts below it by their path in the container, and what is at `look`."""
    from runtime_ref import context, rootfs

    ctx = context.of(document, where)
    rootfs.prepare(document, where, ctx)
    top = where + "/rootfs"
    found: dict[str, Any] = {}
    for path in look or ():
        at = Path(top + path)
        if not at.exists() and not at.is_symlink():
            found[path] = None
        elif at.is_dir():
            found[path] = sorted(os.listdir(at))
        else:
            found[path] = at.read_text()
    return {
        "mounts": {path[len(top) :] or "/": seen for path, seen in mountinfo().items() if path.startswith(top)},
        "look": found,
    }


def mounted(tmp_path: Path, *mounts: dict[str, Any], look: list[str] | None = None, **linux: Any) -> dict[str, Any]:
    where = str(bundle(tmp_path))
    result = within(prepared, config(*mounts, **linux), where, look)
    assert isinstance(result, dict)
    return result


def finished(document: dict[str, Any], where: str) -> dict[str, Any]:
    """Goes all the way to the changed root; gives the mount table seen there."""
    from runtime_ref import context, procfs, rootfs

    ctx = context.of(document, where)
    rootfs.prepare(document, where, ctx)
    rootfs.pivot(ctx)
    rootfs.finish(document, ctx)
    # The container may have no /proc; a table opened before would still be told from the old root.
    proc = procfs.private()
    os.fchdir(proc)
    return mountinfo(f"{os.getpid()}/mountinfo")


def over_tree(where: str, options: list[str], all_set: bool) -> dict[str, Any]:
    """A bind of a source with a mount below it, which has every attribute or none."""
    from runtime_ref import filesystems
    from runtime_ref import options as words

    tree = filesystems.new("tmpfs", "tmpfs")
    if all_set:
        attributes = words.Attributes()
        for word in ("ro", "nosuid", "nodev", "noexec", "nodiratime", "nosymfollow", "noatime"):
            attributes.take(word)
        filesystems.change(tree, *attributes.masks())
    below = os.open(where + "/source/below", os.O_PATH)
    filesystems.attach(tree, below)
    found = prepared(config(entry("/mnt", "none", "source", *options)), where)["mounts"]
    assert isinstance(found, dict)
    return found
