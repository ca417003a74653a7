"""tmpcopyup: a new tmpfs starts with what lay under it.

Knows how to copy a folder by descriptor: folders, files, links, devices, with mode, owner, times and extended
attributes. Must not know mounts. https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#linux-mount-
options
"""

from __future__ import annotations

import stat

from runtime_ref.kernel import os

PIECE = 1 << 20


def copy(source: int, target: int) -> None:
    """Copies everything in the folder `source` into the folder `target` (both descriptors, O_PATH is enough). Raises
    OSError.

    Links are copied, never followed; other mounts below the source come as the empty folders they cover.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    here = os.open(".", flags, dir_fd=source)
    there = os.open(".", flags, dir_fd=target)
    mask = os.umask(0)
    try:
        _folder(here, there, os.fstat(here).st_dev)
        _attributes(here, there, os.fstat(here))
    finally:
        os.umask(mask)
        os.close(here)
        os.close(there)


def _folder(here: int, there: int, device: int) -> None:
    for name in sorted(os.listdir(here)):
        _one(name, here, there, device)


def _one(name: str, here: int, there: int, device: int) -> None:
    found = os.stat(name, dir_fd=here, follow_symlinks=False)
    if stat.S_ISLNK(found.st_mode):
        os.symlink(os.readlink(name, dir_fd=here), name, dir_fd=there)
        os.chown(name, found.st_uid, found.st_gid, dir_fd=there, follow_symlinks=False)
    elif stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode):
        _contents(name, here, there, device, stat.S_ISDIR(found.st_mode))
    elif not stat.S_ISSOCK(found.st_mode):
        os.mknod(name, found.st_mode, found.st_rdev, dir_fd=there)
        os.chown(name, found.st_uid, found.st_gid, dir_fd=there, follow_symlinks=False)


def _contents(name: str, here: int, there: int, device: int, folder: bool) -> None:
    safe = os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_DIRECTORY if folder else 0)
    source = os.open(name, os.O_RDONLY | os.O_NONBLOCK | safe, dir_fd=here)
    try:
        if folder:
            os.mkdir(name, 0o700, dir_fd=there)
            target = os.open(name, os.O_RDONLY | safe, dir_fd=there)
        else:
            target = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | safe, 0o600, dir_fd=there)
        try:
            found = os.fstat(source)
            if not folder:
                while os.sendfile(target, source, None, PIECE):
                    pass
            elif found.st_dev == device:
                _folder(source, target, device)
            _attributes(source, target, found)
        finally:
            os.close(target)
    finally:
        os.close(source)


def _attributes(source: int, target: int, found: os.stat_result) -> None:
    os.fchown(target, found.st_uid, found.st_gid)
    os.fchmod(target, found.st_mode & 0o7777)
    try:
        for name in os.listxattr(source):
            if not name.startswith("security.selinux"):
                os.setxattr(target, name, os.getxattr(source, name))
    except OSError:
        pass  # either file system may have none
    os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))
