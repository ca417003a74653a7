"""Filters in the running kernel: every action does what its name says, and the listener reaches the agent."""

from __future__ import annotations

import array
import json
import os
import signal
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from runtime_ref.errors import RuntimeFault
from runtime_ref.seccomp import bpf, notify
from tests.runtime_ref.reference import Reference
from tests.runtime_ref.within import within

MACHINE = os.uname().machine
RULE = "getcwd"


def profile(action: str, errno: int | None = None, **more: Any) -> dict[str, Any]:
    rule: dict[str, Any] = {"names": [RULE, "no-such-call"], "action": action}
    if errno is not None:
        rule["errnoRet"] = errno
    return {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule], **more}


def filtered(document: dict[str, Any]) -> str:
    """Runs in a child: loads the filter in a grandchild, calls getcwd(2), and says how that ended."""
    from runtime_ref.kernel import const as c
    from runtime_ref.kernel import sys as k
    from runtime_ref.seccomp import bpf as there
    from runtime_ref.seccomp import load

    pid = os.fork()
    if pid == 0:
        k.prctl(c.PR_SET_NO_NEW_PRIVS, 1)
        signal.signal(signal.SIGSYS, signal.SIG_DFL)
        load(there.compile(document, MACHINE), there.flags_of(document))
        try:
            os.getcwd()
        except OSError as fault:
            os._exit(fault.errno or 99)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else str(os.WEXITSTATUS(status))


@pytest.mark.parametrize(
    ("action", "errno", "ends"),
    [
        ("SCMP_ACT_ALLOW", None, "0"),
        ("SCMP_ACT_LOG", None, "0"),
        ("SCMP_ACT_ERRNO", None, "1"),
        ("SCMP_ACT_ERRNO", 13, "13"),
        ("SCMP_ACT_TRACE", None, "38"),  # no tracer: ENOSYS
        ("SCMP_ACT_TRAP", None, "SIGSYS"),
        ("SCMP_ACT_KILL", None, "SIGSYS"),
        ("SCMP_ACT_KILL_THREAD", None, "SIGSYS"),
        ("SCMP_ACT_KILL_PROCESS", None, "SIGSYS"),
    ],
)
def test_action(action: str, errno: int | None, ends: str) -> None:
    assert within(filtered, profile(action, errno), cut_off=False) == ends


IDS = ("setresuid", "setresgid", "setgroups", "umask", "prctl")
USER: dict[str, Any] = {"uid": 5, "gid": 6, "additionalGids": [7], "umask": 0o27}


def skipping(*names: str) -> dict[str, Any]:
    """A filter that is loaded before the rights go, and with which these calls do nothing and seem to work."""
    rule = {"names": list(names), "action": "SCMP_ACT_ERRNO", "errnoRet": 0}
    process = {"args": ["/probe", "dump"], "user": USER, "noNewPrivileges": False}
    return {"process": process, "linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}}}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_call_that_the_filter_skips_is_done_before(tmp_path: Path) -> None:
    reference = Reference(tmp_path)
    (seen,) = reference.lines(reference.bundle(skipping(*IDS)))
    reference.end()
    assert (seen["uid"], seen["gid"], seen["groups"]) == ([5] * 4, [6] * 4, [7])
    assert "Umask:\t0027" in seen["files"]["status"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("name", ["capset", "capget"])
def test_capabilities_are_not_taken_for_set(name: str, tmp_path: Path) -> None:
    reference = Reference(tmp_path)
    done = reference.call("run", "--bundle", str(reference.bundle(skipping(name, "setresuid"))), reference.ident())
    assert done.returncode == 1 and "process.capabilities: a filter keeps" in done.stderr
    reference.end()


def test_every_flag_is_taken_by_the_kernel() -> None:
    document = profile("SCMP_ACT_ERRNO", 7, flags=sorted(bpf.FLAGS))
    assert within(filtered, document, cut_off=False) == "7"


def test_default_errno() -> None:
    document = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 42,
        "syscalls": [{"names": ["exit_group", "rt_sigreturn", "close", "munmap"], "action": "SCMP_ACT_ALLOW"}],
    }
    assert within(filtered, document, cut_off=False) == "42"


def listening(document: dict[str, Any]) -> list[Any]:
    """Runs in a child: whether load gives a descriptor of a listener, and whether it is closed by exec."""
    from runtime_ref.kernel import const as c
    from runtime_ref.kernel import sys as k
    from runtime_ref.seccomp import bpf as there
    from runtime_ref.seccomp import load

    k.prctl(c.PR_SET_NO_NEW_PRIVS, 1)
    listener = load(there.compile(document, MACHINE), there.flags_of(document))
    if listener is None:
        return [None]
    return [os.readlink(f"/proc/self/fd/{listener}"), os.get_inheritable(listener)]


def test_load_gives_the_listener() -> None:
    assert within(listening, profile("SCMP_ACT_NOTIFY"), cut_off=False) == ["anon_inode:seccomp notify", False]
    every = profile("SCMP_ACT_NOTIFY", flags=sorted(bpf.FLAGS))
    assert within(listening, every, cut_off=False) == ["anon_inode:seccomp notify", False]
    assert within(listening, profile("SCMP_ACT_ERRNO"), cut_off=False) == [None]


STATE = {
    "ociVersion": "1.3.0",
    "id": "c1",
    "status": "creating",
    "pid": 5,
    "bundle": "/b",
    "annotations": {"k": "\u00e9"},
}


def test_the_agent_gets_one_state_with_the_descriptor_and_then_the_end(tmp_path: Path) -> None:
    path = str(tmp_path / "agent.sock")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        server.settimeout(30)
        got: dict[str, Any] = {}

        def agent() -> None:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(30)
                data, control, _, _ = connection.recvmsg(1 << 16, socket.CMSG_SPACE(16))
                while more := connection.recv(1 << 16):
                    data += more
            got["data"], got["control"] = data, control

        thread = threading.Thread(target=agent)
        thread.start()
        read, write = os.pipe()
        notify.send(path, write, STATE, 5, "opaque \u20ac" * 20_000)
        thread.join(30)
    message = json.loads(got["data"])
    assert message == {
        "ociVersion": "1.3.0",
        "fds": ["seccompFd"],
        "pid": 5,
        "metadata": "opaque \u20ac" * 20_000,
        "state": STATE,
    }
    [(level, kind, payload)] = got["control"]
    assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
    [descriptor] = array.array("i", payload)
    assert os.fstat(descriptor) == os.fstat(write)
    for each in (read, write, descriptor):
        os.close(each)


def test_without_metadata_there_is_no_such_member() -> None:
    assert "metadata" not in notify.process_state(STATE, 5, "")


def test_no_agent_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(RuntimeFault) as fault:
        notify.send(str(tmp_path / "nobody"), 0, STATE, 5)
    assert fault.value.where == "linux.seccomp.listenerPath"
    assert "No such file" in fault.value.why
