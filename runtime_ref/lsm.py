"""Labels of security modules: AppArmor's profile and SELinux's context for the next exec, and the context of mounts.

Knows the files of /proc/PID/attr and how to tell whether a module is on. Must not know the run; the order is `check`
(in the runtime), `open_labels` (in the process, while the host's /proc is still there), `write` (last before exec,
since what is written also goes to children).
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#linux-process,
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#mount-label.
"""

from __future__ import annotations

from runtime_ref import procfs
from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import const as c
from runtime_ref.kernel import os
from runtime_ref.kernel import sys as k

if False:
    from typing import Any

    Label = tuple[int, bytes, str]  # descriptor of an attr file, what to write, JSON path


def apparmor_on() -> bool:
    """Whether the kernel runs with AppArmor."""
    try:
        with open("/sys/module/apparmor/parameters/enabled", "rb") as file:
            return file.read(1) == b"Y"
    except OSError:
        return False


def selinux_on() -> bool:
    """Whether the kernel runs with SELinux and a policy (its file system is mounted at its usual place)."""
    return os.path.exists("/sys/fs/selinux/enforce")


def check(config: dict[str, Any]) -> None:
    """Refuses labels of a module that is not on: a container without the protection asked for must not run."""
    process, linux = config.get("process") or {}, config.get("linux") or {}
    profile = process.get("apparmorProfile")
    if profile and profile != "unconfined" and not apparmor_on():
        raise RuntimeFault("check labels", "AppArmor is not enabled on this host", "process.apparmorProfile")
    if process.get("selinuxLabel") and not selinux_on():
        raise RuntimeFault("check labels", "SELinux is not enabled on this host", "process.selinuxLabel")
    if linux.get("mountLabel") and not selinux_on():
        raise RuntimeFault("check labels", "SELinux is not enabled on this host", "linux.mountLabel")


def mount_option(linux: dict[str, Any]) -> str | None:
    """The file system option that puts `linux.mountLabel` on a mount; None without one. Commas need the quotes."""
    label = linux.get("mountLabel")
    return f'context="{label}"' if label else None


def open_labels(process: dict[str, Any], folder: int | None = None) -> list[Label]:
    """Opens what `write` will write to. The process that calls it must be the one that later execs.

    `folder`: a descriptor of this process's folder in a procfs; /proc/thread-self if absent. It is checked.
    """
    labels: list[Label] = []
    profile, context = process.get("apparmorProfile"), process.get("selinuxLabel")
    if not profile and not context:
        return labels
    own = folder is None
    here = os.open("/proc/thread-self", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC) if folder is None else folder
    try:
        if k.fstatfs_type(here) != c.PROC_SUPER_MAGIC:
            raise RuntimeFault("open labels", "/proc is not a procfs", "process")
        if profile and (profile != "unconfined" or apparmor_on()):
            # The file of its own came with Linux 5.8, for kernels with several modules.
            name = "attr/apparmor/exec" if _there(here, "attr/apparmor/exec") else "attr/exec"
            fd = _open(here, name, "process.apparmorProfile")
            labels.append((fd, b"exec " + os.fsencode(profile), "process.apparmorProfile"))
        if context:
            fd = _open(here, "attr/exec", "process.selinuxLabel")
            labels.append((fd, os.fsencode(context), "process.selinuxLabel"))
    finally:
        if own:
            os.close(here)
    return labels


def write(labels: list[Label]) -> None:
    """Sets the labels of the next exec of this process, and closes the files."""
    for fd, label, where in labels:
        try:
            os.write(fd, label)
        except OSError as fault:
            why = f"{os.fsdecode(label)}: {fault.strerror}"
            raise RuntimeFault("set the label", why, where) from None
        finally:
            os.close(fd)


def exec_labels(process: dict[str, Any]) -> None:
    """Both steps at once, where the host's /proc is still in place."""
    write(open_labels(process))


def _there(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder)
    except OSError:
        return False
    return True


def _open(folder: int, name: str, where: str) -> int:
    try:
        # No link, and no mount that somebody laid over the file: the label would go there (CVE-2025-52881).
        return procfs.open_file(folder, name, os.O_WRONLY)
    except OSError as fault:
        raise RuntimeFault("open labels", f"{name}: {fault.strerror}", where) from None
