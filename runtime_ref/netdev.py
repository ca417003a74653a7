"""Network devices: moving those of `linux.netDevices` into the container, and setting its loopback up.

Knows rtnetlink(7), as much of it as a move needs: links and addresses. (A library for it costs 200 ms to import.)
Must not touch a device once it is moved and up. https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-
linux.md#network-devices
"""

from __future__ import annotations

import errno
from _socket import AF_NETLINK, SOCK_CLOEXEC, SOCK_RAW, socket  # the socket module costs 9 ms
from _struct import calcsize, pack, unpack_from

from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import const as c
from runtime_ref.kernel import os
from runtime_ref.kernel import sys as k

if False:
    from typing import Any

# linux/netlink.h, linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h
REQUEST, ACK, EXCL, CREATE, DUMP = 0x1, 0x4, 0x200, 0x400, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
RTM_NEWLINK, RTM_GETLINK, RTM_SETLINK, RTM_NEWADDR, RTM_GETADDR = 16, 18, 19, 20, 22
IFLA_IFNAME, IFLA_NET_NS_FD = 3, 28
IFA_LABEL, IFA_CACHEINFO, IFA_FLAGS = 3, 6, 8
IFA_F_PERMANENT, IFA_F_DADFAILED, IFA_F_TENTATIVE = 0x80, 0x08, 0x40
RT_SCOPE_UNIVERSE = 0
HEAD, LINK, ADDRESS, ATTR = "=IHHII", "=BxHiII", "=BBBBI", "=HH"
NAME_MAX = 15


class Route:
    """A netlink socket of the network namespace the process is in when it is made. Errors are OSError."""

    def __init__(self) -> None:
        self.socket = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0)
        self.sequence = 0

    def close(self) -> None:
        self.socket.close()

    def ask(self, kind: int, flags: int, body: bytes) -> list[tuple[int, bytes]]:
        """Sends one request; gives the (type, body) of each answer."""
        self.sequence += 1
        size = calcsize(HEAD) + len(body)
        self.socket.send(pack(HEAD, size, kind, REQUEST | flags, self.sequence, 0) + body)
        answers: list[tuple[int, bytes]] = []
        while True:
            data = self.socket.recv(1 << 17)
            offset = 0
            while offset < len(data):
                size, answer, _, sequence, _ = unpack_from(HEAD, data, offset)
                body = data[offset + calcsize(HEAD) : offset + size]
                offset += (size + 3) & ~3
                if sequence != self.sequence:
                    continue
                if answer == NLMSG_DONE:
                    return answers
                if answer == NLMSG_ERROR:
                    (code,) = unpack_from("=i", body)
                    if code:
                        raise OSError(-code, os.strerror(-code))
                    return answers
                answers.append((answer, body))

    def devices(self) -> dict[int, tuple[str, bool]]:
        """Index -> name, and whether it is up, of every device."""
        found = {}
        for answer, body in self.ask(RTM_GETLINK, DUMP, pack(LINK, 0, 0, 0, 0, 0)):
            if answer == RTM_NEWLINK:
                _, _, index, flags, _ = unpack_from(LINK, body)
                name = _attrs(body, calcsize(LINK)).get(IFLA_IFNAME, b"").rstrip(b"\0")
                found[index] = (name.decode("utf-8", "surrogateescape"), bool(flags & c.IFF_UP))
        return found

    def names(self) -> dict[int, str]:
        """Index -> name of every device."""
        return {index: name for index, (name, _) in self.devices().items()}

    def addresses(self, index: int, name: str = "") -> list[bytes]:
        """The permanent addresses of global scope of a device, each as the body of a request that gives it again.

        A label that only repeats the device's `name` is left out: it would go on naming what no longer is.
        """
        found = []
        for answer, body in self.ask(RTM_GETADDR, DUMP, pack(ADDRESS, 0, 0, 0, 0, 0)):
            if answer != RTM_NEWADDR:
                continue
            family, prefix, flags, scope, device = unpack_from(ADDRESS, body)
            attrs = _attrs(body, calcsize(ADDRESS))
            if IFA_FLAGS in attrs:
                (flags,) = unpack_from("=I", attrs[IFA_FLAGS])
            if device != index or scope != RT_SCOPE_UNIVERSE or not flags & IFA_F_PERMANENT:
                continue
            attrs.pop(IFA_CACHEINFO, None)
            if IFA_LABEL in attrs and attrs[IFA_LABEL].rstrip(b"\0") == os.fsencode(name):
                del attrs[IFA_LABEL]
            attrs[IFA_FLAGS] = pack("=I", flags & ~(IFA_F_DADFAILED | IFA_F_TENTATIVE))
            found.append(
                pack(ADDRESS, family, prefix, 0, scope, 0)
                + b"".join(_attr(kind, value) for kind, value in attrs.items())
            )
        return found

    def up(self, index: int) -> None:
        """Sets a device up."""
        self.ask(RTM_NEWLINK, ACK, pack(LINK, 0, 0, index, c.IFF_UP, c.IFF_UP))


def check(config: dict[str, Any]) -> None:
    """Raises RuntimeFault where the container has no network namespace to move to, or names cannot be device names."""
    linux = config.get("linux", {})
    wanted = linux.get("netDevices") or {}
    if wanted and "network" not in {entry["type"] for entry in linux.get("namespaces", ())}:
        raise RuntimeFault(
            "move network devices", "the container has no network namespace of its own", "linux.netDevices"
        )
    names: set[str] = set()
    for device, entry in wanted.items():
        name = (entry or {}).get("name") or device
        for each in (device, name):
            if (
                not 0 < len(each.encode()) <= NAME_MAX
                or each in (".", "..")
                or any(letter in "/:" or letter.isspace() for letter in each)
            ):
                raise RuntimeFault(
                    "move network devices", f"{each!r} is no name of a device", f"linux.netDevices.{device}"
                )
        if name in names and "%" not in name:
            raise RuntimeFault(
                "move network devices", f"two devices would be named {name}", f"linux.netDevices.{device}"
            )
        names.add(name)


def move_all(config: dict[str, Any], namespace: int) -> None:
    """Moves each device into the network namespace held by the descriptor `namespace`, keeps its addresses, sets it up.

    In the parent, whose network namespace has the devices. Raises RuntimeFault, after taking back those moved before.
    """
    wanted = config.get("linux", {}).get("netDevices") or {}
    if not wanted:
        return
    check(config)
    own = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    here, there = Route(), _route_of(namespace, own)
    before = here.devices()
    moved: list[tuple[int, str]] = []
    try:
        for device, entry in wanted.items():
            name = (entry or {}).get("name") or device
            try:
                moved.append((move(device, name, namespace, here, there), device))
            except OSError as fault:
                for index, former in reversed(moved):
                    move(there.names()[index], former, own, there, here, (former, True) in before.values())
                where = f"linux.netDevices.{device}"
                raise RuntimeFault(f"move network device {device}", _told(fault, device, name), where) from None
    finally:
        here.close()
        there.close()
        os.close(own)


def move(device: str, name: str, namespace: int, here: Route, there: Route, up: bool = True) -> int:
    """Moves one device and gives it `name` there ("%d" in it is filled by the kernel); its index there.

    Raises OSError.
    """
    index = next((index for index, found in here.names().items() if found == device), None)
    if index is None:
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
    before = there.names()
    if name in before.values():
        raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))
    addresses = here.addresses(index, device)
    request = pack(LINK, 0, 0, index, 0, 0) + _attr(IFLA_NET_NS_FD, pack("=i", namespace))
    here.ask(RTM_SETLINK, ACK, request + _attr(IFLA_IFNAME, name.encode() + b"\0"))
    moved = next(index for index in there.names() if index not in before)
    for body in addresses:
        head = pack(ADDRESS, *unpack_from("=BBBB", body), moved)
        try:
            there.ask(RTM_NEWADDR, ACK | CREATE | EXCL, head + body[calcsize(ADDRESS) :])
        except FileExistsError:
            pass
    if up:
        there.up(moved)
    return moved


def _route_of(namespace: int, own: int) -> Route:
    k.setns(namespace, c.CLONE_NEWNET)
    try:
        return Route()
    finally:
        k.setns(own, c.CLONE_NEWNET)


def _attr(kind: int, value: bytes) -> bytes:
    size = calcsize(ATTR) + len(value)
    return pack(ATTR, size, kind) + value + b"\0" * (-size % 4)


def _attrs(body: bytes, offset: int) -> dict[int, bytes]:
    found = {}
    while offset + 4 <= len(body):
        size, kind = unpack_from(ATTR, body, offset)
        if size < 4:
            break
        found[kind & 0x3FFF] = body[offset + 4 : offset + size]
        offset += (size + 3) & ~3
    return found


def _told(fault: OSError, device: str, name: str) -> str:
    if fault.errno == errno.ENODEV:
        return f"{fault.strerror}: the host has no device {device}"
    if fault.errno == errno.EEXIST:
        return f"{fault.strerror}: the container has a device {name} already"
    if fault.errno == errno.EINVAL:
        return f"{fault.strerror}: this device cannot leave its namespace"
    return fault.strerror or str(fault)
