"""`maskedPaths` and `readonlyPaths`: paths of the container that nobody in it may read, or write.

Everything goes by descriptor: the path is looked up inside the root, and a file is masked by a copy of a /dev/null
whose numbers were read from its descriptor, never by its name (CVE-2025-31133). Must not know why a path is listed.
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#masked-paths
"""

from __future__ import annotations

import errno
import stat

from runtime_ref import filesystems, paths
from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import const as c
from runtime_ref.kernel import os

if False:
    from typing import Any

NULL = (1, 3)


def mask_all(config: dict[str, Any], root: int) -> None:
    """Covers every masked path below `root`: a folder by an empty read-only one, a file by the null device.

    Paths that do not exist are passed over. Raises RuntimeFault.
    """
    null = -1
    for index, path in enumerate(config.get("linux", {}).get("maskedPaths") or ()):
        try:
            target = paths.find(root, path)
            if target is None:
                continue
            try:
                if paths.is_folder(target):
                    tree = filesystems.new(
                        "tmpfs", "tmpfs", ["nr_blocks=1", "nr_inodes=1", "mode=755"], None, c.MOUNT_ATTR_RDONLY
                    )
                else:
                    if null < 0:
                        null = null_device(root)
                    tree = filesystems.clone(null, False)
                try:
                    filesystems.attach(tree, target)
                finally:
                    os.close(tree)
            finally:
                os.close(target)
        except OSError as fault:
            raise RuntimeFault(f"mask {path}", str(fault.strerror), f"linux.maskedPaths[{index}]") from None
    if null >= 0:
        os.close(null)


def read_only_all(config: dict[str, Any], root: int) -> None:
    """Makes every read-only path below `root` so, with the mounts below it. Paths that do not exist are passed over.

    The copy is read-only before anybody can reach it. Raises RuntimeFault.
    """
    for index, path in enumerate(config.get("linux", {}).get("readonlyPaths") or ()):
        try:
            target = paths.find(root, path)
            if target is None:
                continue
            try:
                tree = filesystems.clone(target, True)
                try:
                    filesystems.change(tree, c.MOUNT_ATTR_RDONLY, whole=True)
                    filesystems.attach(tree, target)
                finally:
                    os.close(tree)
            finally:
                os.close(target)
        except OSError as fault:
            raise RuntimeFault(f"make {path} read-only", str(fault.strerror), f"linux.readonlyPaths[{index}]") from None


def null_device(root: int) -> int:
    """An O_PATH descriptor of the container's /dev/null that is surely the null device. Raises OSError."""
    null = paths.inside(root, "/dev/null", os.O_PATH | os.O_NOFOLLOW)
    found = os.fstat(null)
    if not stat.S_ISCHR(found.st_mode) or (os.major(found.st_rdev), os.minor(found.st_rdev)) != NULL:
        os.close(null)
        raise OSError(
            errno.ENODEV, "the container's /dev/null is not the null device, so nothing can be masked with it"
        )
    return null
