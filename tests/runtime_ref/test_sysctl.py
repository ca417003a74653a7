"""Kernel parameters of the container: what is refused, what is written, and that the host keeps its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.runtime_ref.within import Refused, within

root = pytest.mark.skipif(os.geteuid() != 0, reason="a namespace of its own needs root")
NEWIPC, NEWNET = 0x08000000, 0x40000000


def config(*kinds: str, **sysctl: str) -> dict[str, Any]:
    names = {key.replace("_DOT_", "."): value for key, value in sysctl.items()}
    return {"linux": {"namespaces": [{"type": kind} for kind in kinds], "sysctl": names}}


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
        ("net/ipv4/ip_forward", "net/ipv4/ip_forward"),
        ("net.ipv4.conf.eth0/100.forwarding", "net/ipv4/conf/eth0.100/forwarding"),
        ("net/ipv4/conf/eth0.100/forwarding", "net/ipv4/conf/eth0.100/forwarding"),
    ],
)
def test_names(key: str, path: str) -> None:
    from runtime_ref import sysctl

    assert sysctl.path_of(key) == path


@pytest.mark.parametrize(
    ("kinds", "key", "says"),
    [
        (["network"], "vm.swappiness", "belongs to no namespace"),
        (["network"], "kernel.core_pattern", "belongs to no namespace"),
        ([], "net.ipv4.ip_forward", "no network namespace"),
        (["network"], "kernel.msgmax", "no ipc namespace"),
        (["network"], "net/../kernel/core_pattern", "no name"),
        (["network"], "net/ipv4//x", "no name"),
        (["network"], "netx.core", "belongs to no namespace"),
        (["ipc"], "kernel.shmmax_rmid", "belongs to no namespace"),
    ],
)
def test_what_the_host_shares_is_refused(kinds: list[str], key: str, says: str) -> None:
    from runtime_ref import errors, sysctl

    with pytest.raises(errors.ConfigError, match=says):
        sysctl.check({"linux": {"namespaces": [{"type": kind} for kind in kinds], "sysctl": {key: "1"}}})


def test_joined_own_namespace_is_the_hosts() -> None:
    from runtime_ref import errors, sysctl

    joined = [{"type": "network", "path": "/proc/self/ns/net"}]
    with pytest.raises(errors.ConfigError, match="no network namespace of its own"):
        sysctl.check({"linux": {"namespaces": joined, "sysctl": {"net.ipv4.ip_forward": "1"}}})


def test_hostname_conflict() -> None:
    from runtime_ref import errors, sysctl

    with pytest.raises(errors.ConfigError, match="conflicts with hostname"):
        sysctl.check({"hostname": "a", **config("uts", kernel_DOT_hostname="b")})


def applied(document: dict[str, Any], path: str) -> str:
    from runtime_ref import sysctl

    sysctl.check(document)
    sysctl.apply(document)
    return Path("/proc/sys", path).read_text().strip()


@root
def test_written_in_the_namespace_only() -> None:
    before = Path("/proc/sys/kernel/msgmax").read_text()
    document = config("ipc", kernel_DOT_msgmax="4242")
    assert within(applied, document, "kernel/msgmax", flags=NEWIPC) == "4242"
    assert Path("/proc/sys/kernel/msgmax").read_text() == before


@root
def test_unknown_parameter_is_an_error() -> None:
    with pytest.raises(Refused, match=r"linux\.sysctl\.net\.no\.such"):
        within(applied, config("network", net_DOT_no_DOT_such="1"), "kernel/msgmax", flags=NEWNET)


@root
def test_refused_value_is_an_error() -> None:
    with pytest.raises(Refused, match="Invalid argument"):
        within(applied, config("ipc", kernel_DOT_msgmax="many"), "kernel/msgmax", flags=NEWIPC)


def covered(document: dict[str, Any]) -> str:
    """The container's /proc/sys is a tmpfs with a file of that name: it must not be what is written."""
    from runtime_ref import filesystems, sysctl

    fake = filesystems.new("tmpfs", "tmpfs")
    os.mkdir("kernel", dir_fd=fake)
    os.close(os.open("kernel/msgmax", os.O_CREAT | os.O_WRONLY, dir_fd=fake))
    place = os.open("/proc/sys", os.O_PATH)
    filesystems.attach(fake, place)
    sysctl.apply(document)
    text = Path("/proc/sys/kernel/msgmax").read_text()
    from runtime_ref.kernel import sys as k

    k.umount2("/proc/sys", 2)  # MNT_DETACH
    return text + "," + Path("/proc/sys/kernel/msgmax").read_text().strip()


@root
def test_a_covered_proc_is_passed_by() -> None:
    assert within(covered, config("ipc", kernel_DOT_msgmax="4243"), flags=NEWIPC) == ",4243"
