"""Hands the descriptor of a filter's listener to the agent that answers its calls.

Knows the container process state and SCM_RIGHTS; one connection per process, closed after the one message. It is made
early, at `create`, so that a missing agent is an error there; the listener may come at `start` only. Must not know
filters. https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#containerprocessstate
"""

from __future__ import annotations

from sys import byteorder

from runtime_ref.errors import RuntimeFault

if False:
    from _socket import socket
    from typing import Any

WHERE = "linux.seccomp.listenerPath"


def process_state(state: dict[str, Any], pid: int, metadata: str) -> dict[str, Any]:
    """The container process state. `state`: as the operation `state` gives it; `pid`: as the runtime sees it."""
    message: dict[str, Any] = {"ociVersion": state["ociVersion"], "fds": ["seccompFd"], "pid": pid}
    if metadata:
        message["metadata"] = metadata
    message["state"] = state
    return message


def agent(seccomp: dict[str, Any]) -> socket | None:
    """A connection to the agent of a `linux.seccomp` object; None where no rule notifies, then its path is ignored.

    Raises RuntimeFault with the path of `listenerPath`: without an agent every such call of the container would wait.
    """
    from runtime_ref import talk

    actions = [seccomp["defaultAction"], *[rule["action"] for rule in seccomp.get("syscalls") or ()]]
    if "SCMP_ACT_NOTIFY" not in actions:
        return None
    path = seccomp["listenerPath"]
    try:
        return talk.connect(path)
    except OSError as fault:
        raise RuntimeFault("reach the seccomp agent", f"{path}: {fault.strerror}", WHERE) from None


def deliver(connection: socket, listener: int, state: dict[str, Any], pid: int, metadata: str = "") -> None:
    """Sends the state with the descriptor, and closes the connection. Raises RuntimeFault."""
    from _socket import SCM_RIGHTS, SHUT_WR, SOL_SOCKET

    from runtime_ref import text

    data = text.dumps(process_state(state, pid, metadata)).encode()
    try:
        sent = connection.sendmsg([data], [(SOL_SOCKET, SCM_RIGHTS, listener.to_bytes(4, byteorder))])
        if sent < len(data):  # the descriptor went with the first part, and goes with no other
            connection.sendall(data[sent:])
        connection.shutdown(SHUT_WR)
    except OSError as fault:
        raise RuntimeFault("hand the listener to the agent", fault.strerror or str(fault), WHERE) from None
    finally:
        connection.close()


def send(path: str, listener: int, state: dict[str, Any], pid: int, metadata: str = "") -> None:
    """`agent` and `deliver` at once."""
    connection = agent({"defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": path})
    if connection is not None:
        deliver(connection, listener, state, pid, metadata)
