"""Moving network devices into a namespace: names, addresses, attributes, errors.

Devices are made in a namespace of the test's own.
"""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path
from typing import Any

import pytest

from tests.runtime_ref.within import Refused, within

NEWNET = 0x40000000


def can_make_devices() -> bool:
    try:
        return bool(within(make_only, flags=NEWNET))
    except (Refused, AssertionError):
        return False


def make_only() -> bool:
    make("one")
    return True


def make(name: str, kind: str = "veth") -> int:
    """A new device of a kind (a pair where it is veth; the other end is of no matter), and its index."""
    from runtime_ref import netdev

    route = netdev.Route()
    info = netdev._attr(1, kind.encode())  # IFLA_INFO_KIND
    body = struct.pack(netdev.LINK, 0, 0, 0, 0, 0) + netdev._attr(3, name.encode() + b"\0") + netdev._attr(18, info)
    route.ask(netdev.RTM_NEWLINK, netdev.ACK | netdev.CREATE | netdev.EXCL, body)
    index = next(index for index, found in route.names().items() if found == name)
    route.close()
    return index


def give(index: int, address: str, prefix: int, scope: int = 0, valid: int | None = None) -> None:
    """An address for a device; `valid` in seconds makes it a temporary one."""
    from runtime_ref import netdev

    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    data = socket.inet_pton(family, address)
    body = struct.pack(netdev.ADDRESS, family, prefix, 0, scope, index) + netdev._attr(1, data) + netdev._attr(2, data)
    if valid is not None:
        body += netdev._attr(netdev.IFA_CACHEINFO, struct.pack("=IIII", valid, valid, 0, 0))
    route = netdev.Route()
    route.ask(netdev.RTM_NEWADDR, netdev.ACK | netdev.CREATE | netdev.EXCL, body)
    route.close()


def moved(devices: dict[str, Any], there: list[str]) -> dict[str, Any]:
    """Devices one and two go to a second namespace, which has those of `there` already; what that has then."""
    from runtime_ref import netdev
    from runtime_ref.kernel import sys as k

    first = os.open("/proc/self/ns/net", os.O_RDONLY)
    k.unshare(NEWNET)
    for name in there:
        make(name)
    second = os.open("/proc/self/ns/net", os.O_RDONLY)
    k.setns(first, NEWNET)
    one = make("one")
    make("two")
    give(one, "192.0.2.7", 24)
    give(one, "2001:db8::7", 64)
    give(one, "192.0.2.9", 32, valid=1000)
    give(one, "198.51.100.1", 24, scope=253)
    netdev.move_all({"linux": {"namespaces": [{"type": "network"}], "netDevices": devices}}, second)
    left = sorted(netdev.Route().names().values())
    k.setns(second, NEWNET)
    route = netdev.Route()
    found = {}
    for index, name in route.names().items():
        found[name] = sorted(text(body) for body in route.addresses(index))
    with socket.socket() as asked:
        flags = {name: up(asked, name) for name in found}
    labels = {
        netdev._attrs(body, 8).get(netdev.IFA_LABEL, b"").decode()
        for body in route.addresses(index_of(route, "inside"))
    }
    return {"left": left, "there": found, "up": flags, "labels": sorted(labels)}


def index_of(route: Any, name: str) -> int:
    return next((index for index, found in route.names().items() if found == name), 0)


def text(body: bytes) -> str:
    from runtime_ref import netdev

    family, prefix = struct.unpack_from("=BB", body)
    return f"{socket.inet_ntop(family, netdev._attrs(body, struct.calcsize(netdev.ADDRESS))[1])}/{prefix}"


def up(asked: socket.socket, name: str) -> bool:
    import fcntl

    answer = fcntl.ioctl(asked, 0x8913, struct.pack("16sH14x", name.encode(), 0))  # SIOCGIFFLAGS
    return bool(struct.unpack("16xH14x", answer)[0] & 1)


pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root"),
    pytest.mark.skipif(os.geteuid() == 0 and not can_make_devices(), reason="this kernel makes no veth devices"),
]


def test_moved_renamed_up_with_its_addresses() -> None:
    result = within(moved, {"one": {"name": "inside"}, "two": {}}, [], flags=NEWNET)
    assert "one" not in result["left"] and "two" not in result["left"]
    assert result["there"]["inside"] == ["192.0.2.7/24", "2001:db8::7/64"]
    assert result["there"]["two"] == []
    assert result["labels"] == ["", "inside\0"]
    assert result["up"]["inside"] and result["up"]["two"]


def test_template_is_filled_by_the_kernel() -> None:
    result = within(moved, {"one": {"name": "eth%d"}, "two": {"name": "eth%d"}}, ["eth0"], flags=NEWNET)
    assert {"eth0", "eth1", "eth2"} <= set(result["there"])
    assert result["there"]["eth1"] == ["192.0.2.7/24", "2001:db8::7/64"]


@pytest.mark.parametrize(
    ("devices", "there", "says"),
    [
        ({"one": {"name": "taken"}}, ["taken"], r"linux\.netDevices\.one.*has a device taken already"),
        ({"one": {}}, ["one"], "has a device one already"),
        ({"absent": {}}, [], "the host has no device absent"),
        ({"one": {"name": "a" * 16}}, [], "no name of a device"),
        ({"one": {"name": "a/b"}}, [], "no name of a device"),
        ({"one": {"name": "x"}, "two": {"name": "x"}}, [], "two devices would be named x"),
        ({"lo": {"name": "x"}}, [], "move network device lo"),
    ],
)
def test_moves_that_are_refused(devices: dict[str, Any], there: list[str], says: str) -> None:
    with pytest.raises(Refused, match=says):
        within(moved, devices, there, flags=NEWNET)


def taken_back() -> dict[str, Any]:
    """The second of two devices cannot be moved: where the first is then, with which addresses."""
    from runtime_ref import errors, netdev
    from runtime_ref.kernel import sys as k

    first = os.open("/proc/self/ns/net", os.O_RDONLY)
    k.unshare(NEWNET)
    second = os.open("/proc/self/ns/net", os.O_RDONLY)
    k.setns(first, NEWNET)
    give(make("one"), "192.0.2.7", 24)
    try:
        netdev.move_all(
            {"linux": {"namespaces": [{"type": "network"}], "netDevices": {"one": {"name": "x"}, "absent": {}}}}, second
        )
    except errors.RuntimeFault as fault:
        route = netdev.Route()
        found = {name: [text(body) for body in route.addresses(index)] for index, name in route.names().items()}
        return {"fault": fault.where, "one": found.get("one")}
    return {}


def test_failed_move_takes_back_the_others() -> None:
    assert within(taken_back, flags=NEWNET) == {"fault": "linux.netDevices.absent", "one": ["192.0.2.7/24"]}


def test_no_namespace_no_move() -> None:
    from runtime_ref import errors, netdev

    with pytest.raises(errors.RuntimeFault, match="no network namespace"):
        netdev.check({"linux": {"namespaces": [], "netDevices": {"one": {}}}})


def loopback() -> list[bool]:
    from runtime_ref import namespaces

    with socket.socket() as asked:
        before = up(asked, "lo")
        namespaces.loopback_up()
        return [before, up(asked, "lo")]


def test_loopback() -> None:
    assert within(loopback, flags=NEWNET) == [False, True]


def test_nothing_is_left_here() -> None:
    assert not Path("/sys/class/net/inside").exists()
