"""A server in a container's network and a client outside it. Knows no engine but by its world."""

from __future__ import annotations

import sys

from tests.engines.drive import Engine

SERVER = """
import socket
server = socket.create_server(("", 80))
print("listening", flush=True)
server.accept()[0].sendall(b"hello")
"""
CLIENT = "import socket, sys; print(socket.create_connection(('127.0.0.1', int(sys.argv[1])), 60).recv(10).decode(), end='')"


def answer(engine: Engine, pid: str, port: int) -> str:
    """What a server in the container's network says to a client outside that asks at the published port."""
    log = engine.world.folder / f"server-{pid}.log"
    server = engine.world.start(log, "nsenter", "-t", pid, "-n", sys.executable, "-c", SERVER)
    engine.world.until(lambda: "listening" in log.read_text() or server.poll() is not None)
    done = engine.world.call(sys.executable, "-c", CLIENT, str(port))
    assert done.returncode == 0, done.stderr + log.read_text()
    return done.stdout
