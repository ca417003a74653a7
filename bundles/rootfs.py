"""The container's root filesystem: the probe alone, or what `docker export` wrote.

Knows folders and files; knows nothing of config.json. Hands no device, /proc or /sys of the host to anybody.
"""

import os
import shutil
import tarfile
from pathlib import Path

FOLDERS = ("proc", "dev", "sys", "tmp", "etc")
PROBE = "probe"
JOURNAL = "journal"


def make(folder: Path, probe: Path) -> None:
    """Fills `folder` (made if absent) with the empty folders a container needs, the probe and the journal's FIFO.

    The probe is a copy and no hard link: a container's root may write to its own files, and must not reach the cached
    one (a copy costs 0.2 ms on tmpfs, a link 0.01). Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in FOLDERS:
        place = folder / name
        if not os.path.lexists(place):  # a link of a given rootfs stays: what it names may be the host's
            os.mkdir(place, 0o755)
            if name == "tmp":
                os.chmod(place, 0o1777)
    add_probe(folder, probe)


def add_probe(folder: Path, probe: Path) -> None:
    """Puts the probe and the journal's FIFO (mode 0666: hooks of a user namespace write to it too) into a rootfs."""
    target = folder / PROBE
    if target.is_symlink() or target.exists():
        target.unlink()  # a copy over a running program would fail, and one through a link would go elsewhere
    shutil.copyfile(probe, target)
    os.chmod(target, 0o755)
    journal = folder / JOURNAL
    if journal.is_symlink() or journal.exists():
        journal.unlink()
    os.mkfifo(journal)
    os.chmod(journal, 0o666)  # without the umask


def unpack(tar: Path, folder: Path) -> None:
    """Unpacks what `docker export` wrote into `folder`.

    Members that would land outside are refused, device nodes are left out. Raises tarfile.TarError or OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(tar) as archive:
        kept = (m for m in archive if not (m.ischr() or m.isblk()))
        archive.extractall(folder, members=kept, filter="tar", numeric_owner=True)


def place(folder: Path, source: str) -> None:
    """Makes `folder` from "probe", "none", a folder to copy or a tar; one that exists already is left alone."""
    if source == "none" or folder.exists():
        return
    from bundles.probe import build

    if source == "probe":
        make(folder, build())
        return
    if Path(source).is_dir():
        shutil.copytree(source, folder, symlinks=True)
    else:
        unpack(Path(source), folder)
    add_probe(folder, build())
