"""Id-mapped mounts, and what a mount of type cgroup shows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.runtime_ref.roots import bundle, config, entry, mounted, prepared
from tests.runtime_ref.within import Refused, mountinfo, within

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


MAPS = {
    "uidMappings": [{"containerID": 0, "hostID": 5000, "size": 10}],
    "gidMappings": [{"containerID": 0, "hostID": 6000, "size": 10}],
}


def owner(document: dict[str, Any], where: str, path: str) -> list[int]:
    prepared(document, where)
    found = os.stat(where + "/rootfs" + path)
    return [found.st_uid, found.st_gid]


@pytest.mark.parametrize("options", [["bind", "idmap"], ["rbind", "ridmap"], ["bind"]], ids=" ".join)
def test_id_mapping_of_a_bind(tmp_path: Path, options: list[str]) -> None:
    document = config(entry("/mnt", "none", "source", *options, **MAPS))
    assert within(owner, document, str(bundle(tmp_path)), "/mnt/file") == [5000, 6000]


def test_id_mapping_of_the_user_namespace(tmp_path: Path) -> None:
    # Only the document names a user namespace here; the mapping is taken from it.
    document = config(
        entry("/mnt", "none", "source", "bind", "idmap"), namespaces=[{"type": "mount"}, {"type": "user"}], **MAPS
    )
    assert within(owner, document, str(bundle(tmp_path)), "/mnt/file") == [5000, 6000]


@pytest.mark.parametrize(
    ("rest", "says"),
    [
        ({}, "no user namespace"),
        ({"uidMappings": MAPS["uidMappings"]}, "gidMappings"),
        ({"gidMappings": MAPS["gidMappings"]}, "uidMappings"),
    ],
)
def test_id_mapping_without_mappings_is_an_error(tmp_path: Path, rest: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        mounted(tmp_path, entry("/mnt", "none", "source", "bind", "idmap", **rest))


def test_cgroup_shows_the_own_cgroups(tmp_path: Path) -> None:
    if not Path("/sys/fs/cgroup/pids").is_dir():
        pytest.skip("this host has no version 1 hierarchy of pids")
    result = mounted(tmp_path, entry("/sys/fs/cgroup", "cgroup", "cgroup", "ro", "nosuid"), look=["/sys/fs/cgroup"])
    hierarchies = {
        path for path, seen in mountinfo().items() if path.startswith("/sys/fs/cgroup/") and seen["type"] == "cgroup"
    }
    seen = result["mounts"]
    assert hierarchies <= set(seen)
    for path in hierarchies:
        assert {"ro", "nosuid"} <= set(seen[path]["options"])
    own = dict(line.split(":")[1:] for line in Path("/proc/self/cgroup").read_text().splitlines())
    assert seen["/sys/fs/cgroup/pids"]["root"] == own["pids"]


def test_cgroup_namespace_shows_its_top(tmp_path: Path) -> None:
    if not Path("/sys/fs/cgroup/pids").is_dir():
        pytest.skip("this host has no version 1 hierarchy of pids")
    document = config(entry("/sys/fs/cgroup", "cgroup", "cgroup"), namespaces=[{"type": "mount"}, {"type": "cgroup"}])
    seen = within(prepared, document, str(bundle(tmp_path)), flags=0x2000000)["mounts"]
    assert seen["/sys/fs/cgroup/pids"]["root"] == "/"
