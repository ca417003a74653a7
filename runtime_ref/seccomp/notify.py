"""Hands the descriptor of a filter's listener to the agent that answers its calls.

Knows the container process state and SCM_RIGHTS; one connection per container, closed after the one message. Must not
know filters. https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#containerprocessstate
"""

from __future__ import annotations

from runtime_ref.errors import RuntimeFault

if False:
    from typing import Any

WHERE = "linux.seccomp.listenerPath"


def process_state(state: dict[str, Any], pid: int, metadata: str) -> dict[str, Any]:
    """The container process state. `state`: as the operation `state` gives it; `pid`: as the runtime sees it."""
    message: dict[str, Any] = {"ociVersion": state["ociVersion"], "fds": ["seccompFd"], "pid": pid}
    if metadata:
        message["metadata"] = metadata
    message["state"] = state
    return message


def send(path: str, listener: int, state: dict[str, Any], pid: int, metadata: str = "") -> None:
    """Connects to the agent's socket, sends the state with the descriptor, and closes the connection.

    Raises RuntimeFault with the path of `listenerPath`: without an agent every such call of the container would wait.
    """
    import _socket
    from _struct import pack

    from runtime_ref import talk, text

    data = text.dumps(process_state(state, pid, metadata)).encode()
    try:
        connection = talk.connect(path)
    except OSError as fault:
        raise RuntimeFault("reach the seccomp agent", f"{path}: {fault.strerror}", WHERE) from None
    try:
        rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, pack("@i", listener))]
        sent = connection.sendmsg([data], rights)
        if sent < len(data):  # the descriptor went with the first part, and goes with no other
            connection.sendall(data[sent:])
        connection.shutdown(_socket.SHUT_WR)
    except OSError as fault:
        raise RuntimeFault("hand the listener to the agent", f"{path}: {fault.strerror}", WHERE) from None
    finally:
        connection.close()
