"""The agent behind listenerPath: what comes over its socket, piece by piece, and the calls it answers."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.listener import Agent
from conformance.model import Listener
from conformance.observation import Event

# A process whose munlockall is handed to the agent; it sends the descriptor, calls, and says result and errno.
NOTIFIED = """
import array, ctypes, os, platform, signal, socket, struct, sys
number, seccomp = {"x86_64": (152, 317), "aarch64": (231, 277)}[platform.machine()]
signal.signal(signal.SIGUSR1, lambda *_: None)
signal.siginterrupt(signal.SIGUSR1, True)
code = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (6, 0, 0, 0x7FC00000), (6, 0, 0, 0x7FFF0000)]
room = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *one) for one in code))
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
filter = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", len(code), ctypes.addressof(room)))
fd = libc.syscall(seccomp, 1, 8 | int(sys.argv[2]), filter)
if fd < 0:
    sys.exit(77)
peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
peer.connect(sys.argv[1])
peer.sendmsg([b'{"fds": ["seccompFd"]}'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
os.close(fd)
peer.close()
result = libc.syscall(number, ctypes.c_long(11), ctypes.c_long(2**40))
print(result, ctypes.get_errno(), flush=True)
"""


class Place:
    """Makes agents, and waits on one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.agents: list[Agent] = []
        self.told: list[Event] = []

    def agent(self, **how: object) -> Agent:
        agent = Agent(Listener(name="red", **how), f"{self.folder}/red.sock")  # type: ignore[arg-type]
        agent.tell = self.told.append
        self.agents.append(agent)
        return agent

    def serve(self, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        poll = select.poll()
        poll.register(self.agents[-1].fd, select.POLLIN)
        while not until():
            left = deadline - time.monotonic()
            assert left > 0, "what was waited for did not come"
            poll.poll(min(left, 0.05) * 1000)
            self.agents[-1].drain()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    short = Path(os.path.relpath(tmp_path))  # a socket's path has room for 107 bytes
    here = Place(tmp_path if len(str(tmp_path)) < 90 else short)
    yield here
    for agent in here.agents:
        agent.close()


def peer(agent: Agent) -> socket.socket:
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    one.connect(agent.path)
    return one


def test_a_message_arrives_with_its_descriptors(place: Place) -> None:
    agent = place.agent()
    with peer(agent) as one, open("/dev/null") as file:
        socket.send_fds(one, [b'{"a":1}'], [file.fileno()])
    place.serve(lambda: agent.over)
    assert agent.facts()["connections"] == [{"text": '{"a":1}', "pieces": [[7, 1]], "descriptors": ["/dev/null"], "closed": True}]
    assert [e.name for e in place.told] == ["red.connected", "red.closed"]


def test_descriptors_of_a_later_message_are_seen_there(place: Place) -> None:
    agent = place.agent()
    with peer(agent) as one, open("/dev/null") as file:
        one.sendall(b"first")
        place.serve(lambda: bool(agent.connections and agent.connections[0].pieces))
        socket.send_fds(one, [b"second"], [file.fileno(), file.fileno()])
    place.serve(lambda: agent.over)
    assert agent.connections[0].pieces == [(5, 0), (6, 2)]


def test_a_connection_that_stays_open_is_not_closed(place: Place) -> None:
    agent = place.agent()
    with peer(agent) as one:
        one.sendall(b"{}")
        place.serve(lambda: bool(agent.connections and agent.connections[0].pieces))
        assert not agent.over
        assert agent.facts()["connections"][0]["closed"] is False


def test_each_connection_is_kept_apart(place: Place) -> None:
    agent = place.agent()
    for text in (b"one", b"two"):
        with peer(agent) as one:
            one.sendall(text)
    place.serve(lambda: len(agent.connections) == 2 and agent.over)
    assert [c["text"] for c in agent.facts()["connections"]] == ["one", "two"]


def test_a_deaf_one_takes_no_connection_and_a_datagram_one_no_stream(tmp_path: Path, place: Place) -> None:
    deaf = place.agent(kind="deaf")
    with pytest.raises(ConnectionRefusedError):
        peer(deaf)
    deaf.close()
    with pytest.raises(OSError):
        peer(place.agent(kind="datagram"))


def test_closing_gives_back_every_descriptor_and_the_socket(place: Place) -> None:
    agent = place.agent()
    before = len(os.listdir("/proc/self/fd"))
    with peer(agent) as one:
        one.sendall(b"{}")
        place.serve(lambda: bool(agent.connections))
        agent.close()
        agent.close()
    assert len(os.listdir("/proc/self/fd")) == before - 2  # the listening socket and the epoll descriptor
    assert not os.path.exists(agent.path)


@pytest.mark.parametrize(
    ("how", "flags", "said", "interrupted"),
    [
        ({"value": 4711}, 0, "4711 0", None),
        ({"error": 95}, 0, "-1 95", None),
        ({"value": 7, "interrupt": "SIGUSR1"}, 0, "-1 4", True),
        ({"value": 7, "interrupt": "SIGUSR1"}, 32, "7 0", False),  # SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
    ],
)
def test_a_call_is_answered(place: Place, how: dict[str, object], flags: int, said: str, interrupted: bool | None) -> None:
    agent = place.agent(**how)
    child = subprocess.Popen([sys.executable, "-c", NOTIFIED, agent.path, str(flags)], stdout=subprocess.PIPE, text=True)
    with child:
        place.serve(lambda: child.poll() is not None)
        assert child.stdout is not None
        answer = child.stdout.read().strip()
    if child.returncode == 77:
        pytest.skip("the kernel gives no notify descriptor with these flags here")
    assert answer == said
    (call,) = agent.facts()["calls"]
    assert call["args"][:2] == [11, 2**40]
    assert call.get("interrupted") is interrupted
    assert agent.connections[0].names == ["anon_inode:seccomp notify"]
