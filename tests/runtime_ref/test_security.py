"""One test for each known class of escape, and each once more on a copy of the runtime with its measure taken out:
there it works.

A test that stays green without the measure would prove nothing, so `without` cuts the measure out of a copy of the
source (and fails where the text is no longer there), and the same attack must then reach what it is after. All of it
happens in a mount namespace of the test's own, on files of the test's own.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.runtime_ref.roots import bundle, config, entry
from tests.runtime_ref.within import REPO, Refused, within

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the attacks start from root in a container")

NEWIPC = 0x08000000
DEV = entry("/dev", "tmpfs", "tmpfs", "mode=755")


def without(tmp_path: Path, *cuts: tuple[str, str, str]) -> Path:
    """The folder of a copy of runtime_ref with each (file, text, other text) replaced; the text must be there once."""
    copy = tmp_path / "copy"
    shutil.copytree(REPO / "runtime_ref", copy / "runtime_ref", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text, other in cuts:
        file = copy / "runtime_ref" / name
        source = file.read_text()
        assert source.count(text) == 1, f"{name} no longer has the measure this test takes out: {text!r}"
        file.write_text(source.replace(text, other))
    return copy


def prepare(document: dict[str, Any], where: str, between: Callable[[Any], None] | None = None) -> Any:
    """The root file system up to its last step; `between` is the attacker's chance before the pivot."""
    from runtime_ref import context, rootfs

    ctx = context.of(document, where)
    rootfs.prepare(document, where, ctx)
    if between:
        between(ctx)
    rootfs.pivot(ctx)
    rootfs.finish(document, ctx)
    return ctx


# CVE-2019-19921, CVE-2023-27561: an image whose /proc is a link, so that the runtime's procfs comes to lie elsewhere
# and what the runtime later finds at /proc is the attacker's.

PROC_LINK = ("mounts.py", "os.O_PATH | os.O_DIRECTORY, c.RESOLVE_NO_SYMLINKS)", "os.O_PATH | os.O_DIRECTORY)")


def proc_through_link(where: str) -> bool:
    """Whether the procfs was led astray: it lies in the attacker's folder, where /proc of the image points."""
    (Path(where) / "rootfs/fake").mkdir()
    (Path(where) / "rootfs/proc").rmdir()
    (Path(where) / "rootfs/proc").symlink_to("fake")
    prepare(config(entry("/proc", "proc", "proc")), where)
    return os.path.exists("/fake/self")


def test_proc_of_the_image_is_no_link(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="symbolic link is in the way"):
        within(proc_through_link, str(bundle(tmp_path)))


def test_proc_of_the_image_is_no_link_needs_its_measure(tmp_path: Path) -> None:
    assert within(proc_through_link, str(bundle(tmp_path)), package=without(tmp_path, PROC_LINK)) is True


COVER = ("mounts.py", "if not procfs.is_procfs(target) or", "if True or")


def volume_over_attr(where: str) -> str:
    """A volume whose destination is, by a link of the image, the folder through which a process is confined."""
    (Path(where) / "rootfs/data").symlink_to("/proc/1/attr")
    (Path(where) / "source/exec").write_text("the attacker's")
    prepare(config(entry("/proc", "proc", "proc"), entry("/data", "none", "source", "bind")), where)
    return Path("/proc/1/attr/exec").read_text()


def test_no_volume_over_proc(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cover a part of a procfs"):
        within(volume_over_attr, str(bundle(tmp_path)))


def test_no_volume_over_proc_needs_its_measure(tmp_path: Path) -> None:
    copy = without(tmp_path, COVER)
    assert within(volume_over_attr, str(bundle(tmp_path)), package=copy) == "the attacker's"


@pytest.mark.parametrize("kind", ["mqueue", "cgroup"])
def test_no_file_system_over_proc(kind: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cover a part of a procfs"):
        within(system_over_attr, str(bundle(tmp_path)), kind)


@pytest.mark.parametrize("kind", ["mqueue", "cgroup"])
def test_no_file_system_over_proc_needs_its_measure(kind: str, tmp_path: Path) -> None:
    copy = without(tmp_path, COVER)
    assert within(system_over_attr, str(bundle(tmp_path)), kind, package=copy) is False


def system_over_attr(where: str, kind: str) -> bool:
    """The same with one of the kernel's own file systems; whether the folder is still the procfs's."""
    (Path(where) / "rootfs/data").symlink_to("/proc/1/attr")
    prepare(config(entry("/proc", "proc", "proc"), entry("/data", kind, kind)), where)
    return os.path.exists("/proc/1/attr/current")


# CVE-2021-30465: a folder on the way to a mount's destination becomes a link between the check and the mount.

BY_NAME = (
    "filesystems.py",
    'k.move_mount(tree, "", target, "", c.MOVE_MOUNT_F_EMPTY_PATH | c.MOVE_MOUNT_T_EMPTY_PATH)',
    'k.move_mount(tree, "", c.AT_FDCWD, place, c.MOVE_MOUNT_F_EMPTY_PATH | c.MOVE_MOUNT_T_SYMLINKS)',
)
# What the copy does instead: it looks the destination up, finds it good, and mounts on its name.
NAMED = (
    "filesystems.py",
    "def attach(tree: int, target: int) -> None:\n",
    "def attach(tree: int, target: int) -> None:\n    place = SEEN\n",
)
SWAPPED = ("filesystems.py", "import errno\n", "import errno\n\nSEEN = ''\n")


def exchanged(where: str) -> dict[str, bool]:
    """Another container with the same volume exchanges a folder for a link right before the mount: where is it?"""
    from runtime_ref import filesystems

    volume, outside = Path(where) / "rootfs/mnt", Path(where) / "outside"
    (outside / "in").mkdir(parents=True)
    (volume / "in").mkdir()
    attach = filesystems.attach

    def racing(tree: int, target: int) -> None:
        name = os.readlink(f"/proc/self/fd/{target}")
        if name.endswith("/mnt/in"):
            volume.rename(volume.with_name("moved"))
            volume.symlink_to(outside)
        filesystems.SEEN = name  # type: ignore[attr-defined]
        attach(tree, target)

    filesystems.attach = racing
    found = {}

    def look(ctx: Any) -> None:
        found["outside"] = (outside / "in/file").exists()
        found["inside"] = (volume.with_name("moved") / "in/file").exists()

    prepare(config(entry("/mnt/in", "none", "source", "bind")), where, look)
    return found


def test_exchanged_folder(tmp_path: Path) -> None:
    assert within(exchanged, str(bundle(tmp_path))) == {"outside": False, "inside": True}


def test_exchanged_folder_needs_its_measure(tmp_path: Path) -> None:
    copy = without(tmp_path, BY_NAME, NAMED, SWAPPED)
    assert within(exchanged, str(bundle(tmp_path)), package=copy) == {"outside": True, "inside": False}


IN_ROOT = ("paths.py", "0, c.RESOLVE_IN_ROOT | resolve)", "0, resolve)")


def climbing(where: str) -> bool:
    """The plain form: a link of the image that leads out. Whether the mount lands on the host's folder."""
    outside = Path(where) / "outside"
    outside.mkdir()
    (Path(where) / "rootfs/way").symlink_to(outside)
    found = []
    prepare(
        config(entry("/way", "none", "source", "bind")), where, lambda ctx: found.append((outside / "file").exists())
    )
    return found[0]


def test_link_that_leads_out(tmp_path: Path) -> None:
    assert within(climbing, str(bundle(tmp_path))) is False


def test_link_that_leads_out_needs_its_measure(tmp_path: Path) -> None:
    # Without the root, an absolute name is the host's: the destination is handed over relative, as joining it would
    # make it.
    copy = without(
        tmp_path, IN_ROOT, ("paths.py", 'k.openat2(root, path or "."', 'k.openat2(root, path.lstrip("/") or "."')
    )
    assert within(climbing, str(bundle(tmp_path)), package=copy) is True


# The interpreter's own door: a module imported after the pivot would come from the image.

NO_IMPORTS = ("rootfs.py", "sys.meta_path.clear()", "pass")


def module_of_the_image(where: str) -> bool:
    """Whether a module that the image brings is run by the runtime: `wave` stands for any that is imported late."""
    for folder in sys.path:
        if folder.startswith("/"):
            (Path(where) / "rootfs" / folder[1:]).mkdir(parents=True, exist_ok=True)
            (Path(where) / "rootfs" / folder[1:] / "wave.py").write_text("import sys; sys.owned = True")
    sys.modules.pop("wave", None)
    prepare(config(), where)
    sys.path_importer_cache.clear()
    try:
        import wave  # noqa: F401
    except ImportError:
        return False
    return hasattr(sys, "owned")


def test_no_module_of_the_image_is_run(tmp_path: Path) -> None:
    assert within(module_of_the_image, str(bundle(tmp_path))) is False


def test_no_module_of_the_image_is_run_needs_its_measure(tmp_path: Path) -> None:
    assert within(module_of_the_image, str(bundle(tmp_path)), package=without(tmp_path, NO_IMPORTS)) is True


# CVE-2025-31133: /dev/null becomes a link before the masks are laid, so that the masked file shows (or frees) another
# one.

VERIFIED = (
    "masks.py",
    "if not stat.S_ISCHR(found.st_mode) or (os.major(found.st_rdev), os.minor(found.st_rdev)) != NULL:",
    "if False:",
)
FOLLOWS = ("masks.py", '"/dev/null", os.O_PATH | os.O_NOFOLLOW)', '"/dev/null", os.O_PATH)')


def null_is_a_link(where: str) -> str:
    """What the masked file shows after the attacker exchanged the container's /dev/null."""
    root = Path(where) / "rootfs"
    (root / "etc/secret").write_text("secret")
    (root / "etc/wanted").write_text("what the attacker wants there")

    def exchange(ctx: Any) -> None:
        (root / "dev/null").unlink()
        (root / "dev/null").symlink_to("/etc/wanted")

    prepare(config(DEV, maskedPaths=["/etc/secret"]), where, exchange)
    return Path("/etc/secret").read_text()


def test_masks_are_the_null_device(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not the null device"):
        within(null_is_a_link, str(bundle(tmp_path)))


def test_masks_are_the_null_device_needs_its_measure(tmp_path: Path) -> None:
    copy = without(tmp_path, VERIFIED, FOLLOWS)
    assert within(null_is_a_link, str(bundle(tmp_path)), package=copy) == "what the attacker wants there"


# CVE-2025-52565: /dev/console is a link, so that the terminal is laid over a file that protects or is protected.

NO_LINK = (
    "devices.py",
    "return os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)",
    "return os.open(name, os.O_PATH | os.O_CLOEXEC, dir_fd=folder)",
)


def console_is_a_link(where: str) -> bool:
    """Whether the terminal came to lie over the file that /dev/console of the image points to."""
    from runtime_ref import devices

    (Path(where) / "rootfs/etc/wanted").write_text("covered by nobody")
    (Path(where) / "rootfs/dev/console").symlink_to("../etc/wanted")
    terminal = os.openpty()[1]
    prepare(config(), where, lambda ctx: devices.console(ctx, terminal))
    return os.stat("/etc/wanted").st_rdev == os.fstat(terminal).st_rdev


def test_console_is_no_link(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="/dev/console"):
        within(console_is_a_link, str(bundle(tmp_path)))


def test_console_is_no_link_needs_its_measure(tmp_path: Path) -> None:
    assert within(console_is_a_link, str(bundle(tmp_path)), package=without(tmp_path, NO_LINK)) is True


A_TERMINAL = ("devices.py", "or os.major(os.fstat(terminal).st_rdev) not in range(136, 144)", "and False")


def console_is_another_file(where: str) -> str:
    """The container's end of the terminal was exchanged for a file of /proc: what then is at /dev/console."""
    from runtime_ref import devices

    other = os.open(where + "/source/file", os.O_RDWR)
    prepare(config(DEV), where, lambda ctx: devices.console(ctx, other))
    return Path("/dev/console").read_text()


def test_console_is_a_terminal(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="pseudoterminal"):
        within(console_is_another_file, str(bundle(tmp_path)))


def test_console_is_a_terminal_needs_its_measure(tmp_path: Path) -> None:
    assert within(console_is_another_file, str(bundle(tmp_path)), package=without(tmp_path, A_TERMINAL)) == "here\n"


# CVE-2025-52881: what the runtime writes to /proc is led to another file, by a mount or a link in the container's
# /proc.

PRIVATE = ("procfs.py", 'return filesystems.new("proc", "proc")', "return os.open(below, os.O_PATH | os.O_DIRECTORY)")
NO_CROSSING = (
    "procfs.py",
    "SAFE = c.RESOLVE_BENEATH | c.RESOLVE_NO_XDEV | c.RESOLVE_NO_MAGICLINKS | c.RESOLVE_NO_SYMLINKS",
    "SAFE = 0",
)
NO_CHECK = (
    "procfs.py",
    "    if not is_procfs(fd):\n        os.close(fd)\n        raise OSError(errno.EXDEV",
    "    if False:\n        raise OSError(errno.EXDEV",
)


def redirected(where: str) -> str:
    """The attacker's tmpfs over /proc/sys leads the parameter to a file it wants written: what that then has."""
    from runtime_ref import filesystems, sysctl

    wanted = Path(where) / "wanted"
    wanted.write_text("untouched")
    fake = filesystems.new("tmpfs", "tmpfs")
    os.mkdir("kernel", dir_fd=fake)
    os.symlink(str(wanted), "kernel/msgmax", dir_fd=fake)
    filesystems.attach(fake, os.open("/proc/sys", os.O_PATH))
    sysctl.apply({"linux": {"namespaces": [{"type": "ipc"}], "sysctl": {"kernel.msgmax": "4242"}}})
    return wanted.read_text()


def test_writes_to_proc_are_not_led_away(tmp_path: Path) -> None:
    assert within(redirected, str(bundle(tmp_path)), flags=NEWIPC) == "untouched"


def test_writes_to_proc_are_not_led_away_needs_its_measure(tmp_path: Path) -> None:
    copy = without(tmp_path, PRIVATE, NO_CROSSING, NO_CHECK)
    assert within(redirected, str(bundle(tmp_path)), package=copy, flags=NEWIPC).startswith("4242")


def label_led_away(where: str) -> str:
    """The attacker's file lies over the one through which the process gets its label: what that file then has."""
    from runtime_ref import filesystems, lsm

    wanted = Path(where) / "source/file"
    cover = filesystems.clone_of(str(wanted))
    filesystems.attach(cover, os.open("/proc/thread-self/attr/exec", os.O_PATH))
    lsm.write(lsm.open_labels({"selinuxLabel": "the label"}))
    return wanted.read_text()


def test_labels_are_not_led_away(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"attr/exec: .*Invalid cross-device link"):
        within(label_led_away, str(bundle(tmp_path)))


def test_labels_are_not_led_away_needs_its_measure(tmp_path: Path) -> None:
    copy = without(tmp_path, NO_CROSSING, NO_CHECK)
    assert within(label_led_away, str(bundle(tmp_path)), package=copy).startswith("the label")


def test_without_a_private_procfs_the_writes_are_refused(tmp_path: Path) -> None:
    """Where the kernel gives no private procfs, the checks of the shared one still stand between."""
    with pytest.raises(Refused, match=r"linux\.sysctl\.kernel\.msgmax"):
        within(redirected, str(bundle(tmp_path)), package=without(tmp_path, PRIVATE), flags=NEWIPC)
