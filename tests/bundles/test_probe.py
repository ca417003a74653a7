"""The probe on the host: what its facts, attempts and file verbs say, also where little works (no /proc, a filter)."""

import ctypes
import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bundles.asking import DEADLINE, ask, run


def test_dump_tells_what_the_kernel_tells(program: str, tmp_path: Path) -> None:
    [found] = ask(program, "dump", cwd=tmp_path, umask=0o27, start_new_session=True)
    assert found["argv"] == [program, "dump"]
    assert found["env"] == ["A=1"]
    assert found["cwd"] == str(tmp_path)
    assert found["umask"] == 0o27
    assert found["pid"] == found["sid"] == found["pgid"]
    assert found["ppid"] == os.getpid()
    assert found["uid"] == [os.getuid()] * 4
    assert found["gid"] == [os.getgid()] * 4
    assert found["groups"] == os.getgroups()
    assert set(found["fds"]) >= {"0", "1", "2"} and found["fds"]["0"] == "/dev/null"
    assert found["hostname"] == os.uname().nodename
    assert found["ns"]["pid"] == os.readlink("/proc/self/ns/pid")
    assert found["ns"]["time"] == os.readlink("/proc/self/ns/time")
    assert f"Pid:\t{found['pid']}\n" in found["files"]["status"]
    assert found["files"]["cgroup"] == Path("/proc/self/cgroup").read_text()
    assert found["files"]["uid_map"] == Path("/proc/self/uid_map").read_text()
    assert found["affinity"] == sorted(os.sched_getaffinity(0))
    assert found["sched"]["policy"] == os.sched_getscheduler(0)
    assert found["dev"]["null"]["type"] == "char"
    assert (found["dev"]["null"]["major"], found["dev"]["null"]["minor"]) == (1, 3)
    assert found["tty"] is None
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    for name, key in [("bounding", "CapBnd"), ("inheritable", "CapInh"), ("ambient", "CapAmb")]:
        assert found["caps"][name] == status[key]
    assert len(found["rlimits"]) == 16


def test_dump_is_one_line_whatever_its_length(program: str) -> None:
    big = "x" * 100_000
    done = run(program, "dump", env={"BIG": big})
    assert done.stdout.count(b"\n") == 1
    assert json.loads(done.stdout)["env"] == [f"BIG={big}"]


def test_dump_shows_any_bytes(program: str) -> None:
    env = {b"A": b'\xff\x01"\\\t\n\x7f', b"B": "ä€\U0001f600".encode(), b"C": b"\xc3(\xed\xa0\x80\xe2\x82"}
    [found] = ask(program, "dump", env=env)
    assert found["env"] == [
        'A=\xff\x01"\\\t\n\x7f',
        "B=ä€\U0001f600",
        "C=\xc3(\xed\xa0\x80\xe2\x82",
    ]


def test_dump_needs_no_proc(program: str) -> None:
    if os.geteuid():
        pytest.skip("not root: no mount namespace")
    script = f"mount --make-rprivate / && mount -t tmpfs none /proc && exec {program} dump"
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, timeout=DEADLINE, check=True)
    found = json.loads(done.stdout)
    assert found["ns"] is None and found["fds"] is None and found["exe"] is None
    assert set(found["files"].values()) == {None}
    assert found["caps"]["effective"] != "0" * 16


def test_dump_as_another_user(program: str, tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("not root: no other user to become")
    copy = tmp_path / "probe"
    copy.write_bytes(Path(program).read_bytes())
    copy.chmod(0o755)
    # By descriptor: the folders above belong to root alone.
    with copy.open("rb") as file:
        [found] = ask(
            program,
            "dump",
            executable=f"/proc/self/fd/{file.fileno()}",
            pass_fds=[file.fileno()],
            user=1000,
            group=1001,
            extra_groups=[5, 6],
        )
    assert found["uid"] == [1000] * 4
    assert found["gid"] == [1001] * 4
    assert found["groups"] == [5, 6]
    assert "CapEff:\t0000000000000000" in found["files"]["status"]


def test_dump_sees_the_terminal(program: str) -> None:
    owner, child = pty.openpty()
    try:
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
        done = subprocess.run(
            [program, "dump", "isatty", "winsize"], stdin=child, stdout=subprocess.PIPE, timeout=DEADLINE, check=True
        )
        dump, isatty, winsize = map(json.loads, done.stdout.splitlines())
        assert (dump["tty"]["rows"], dump["tty"]["cols"], dump["tty"]["name"]) == (33, 99, os.ttyname(child))
        assert isatty["fds"][:2] == [True, False]
        assert (winsize["rows"], winsize["cols"]) == (33, 99)
    finally:
        os.close(owner)
        os.close(child)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("getppid", {"errno": "OK", "signal": None}),
        ("openat,-100,@/nonexistent,0", {"ret": -1, "errno": "ENOENT", "args": ["-100", "@/nonexistent", "0"]}),
        ("getcwd,&4096,4096", {"errno": "OK"}),
        ("getcwd,0,0", {"ret": -1}),
        ("close,-1", {"ret": -1, "errno": "EBADF"}),
        ("100000", {"ret": -1, "errno": "ENOSYS"}),
        ("no_such_call", {"ret": None, "errno": None, "unknown": "no_such_call"}),
        ("exit_group,3", {"ret": None, "errno": None, "signal": None}),
        ("kill,0x0,0", {"ret": 0, "errno": "OK"}),
        ("clone,17", {"errno": "OK"}),
    ],
)
def test_try(program: str, words: str, wanted: dict[str, Any]) -> None:
    [found] = ask(program, "try", words)
    assert {name: found[name] for name in wanted} == wanted
    assert found["kind"] == "try" and found["name"] == words.split(",")[0]


GETPPID = {"x86_64": 110, "aarch64": 173}[os.uname().machine]
ALLOW, ERRNO, TRAP, KILL_THREAD, KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x00030000, 0x00000000, 0x80000000


def filtered(action: int) -> Callable[[], None]:
    """For preexec_fn: from here on getppid(2) meets this action, all else is allowed."""
    return filtering([GETPPID], action, ALLOW)


def filtering(calls: list[int], action: int, otherwise: int) -> Callable[[], None]:
    jumps = [(0x15, len(calls) - at, 0, call) for at, call in enumerate(calls)]
    code = [(0x20, 0, 0, 0), *jumps, (0x06, 0, 0, otherwise), (0x06, 0, 0, action)]
    rules = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in code))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(rules)))
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def install() -> None:
        assert prctl(38, 1, 0, 0, 0) == 0
        assert prctl(22, 2, program, 0, 0) == 0
        assert rules

    return install


@pytest.mark.parametrize(
    ("action", "errno", "killed", "thread", "process"),
    [
        (ALLOW, "OK", None, "returned", "lived"),
        (ERRNO | 13, "EACCES", None, "returned", "lived"),
        (ERRNO | 4000, "4000", None, "returned", "lived"),
        (TRAP, None, "SIGSYS", "died", "died"),
        (KILL_THREAD, None, "SIGSYS", "died", "lived"),
        (KILL_PROCESS, None, "SIGSYS", "died", "died"),
    ],
)
def test_try_outlives_every_action(
    program: str, action: int, errno: str | None, killed: str | None, thread: str, process: str
) -> None:
    words = ["try", "getppid", "try-thread", "getppid", "try", "getuid"]
    alone, threaded, control = ask(program, *words, preexec_fn=filtered(action))
    assert (alone["errno"], alone["signal"]) == (errno, killed)
    assert (threaded["errno"], threaded["thread"], threaded["process"]) == (errno, thread, process)
    assert threaded["signal"] == ("SIGSYS" if process == "died" else None)
    assert control["errno"] == "OK"


def test_dump_under_a_filter_that_refuses_one_of_its_calls(program: str) -> None:
    [found] = ask(program, "dump", preexec_fn=filtered(ERRNO | 1))
    assert found["ppid"] == -1
    assert found["pid"] > 0


def test_dump_with_hardly_any_system_call(program: str) -> None:
    # execve, write, exit_group and what libc needs to start: brk, and arch_prctl where there is one
    calls = {"x86_64": [59, 1, 231, 12, 158], "aarch64": [221, 64, 94, 214]}[os.uname().machine]
    [found] = ask(program, "dump", preexec_fn=filtering(calls, ALLOW, ERRNO | 1), close_fds=False)
    assert found["argv"] == [program, "dump"]
    assert (found["cwd"], found["ns"], found["hostname"], found["uid"]) == (None, None, None, [])


def test_files(program: str, tmp_path: Path) -> None:
    file, folder = tmp_path / "file", tmp_path / "folder"
    words = ["write", file, "one", "append", file, "two", "read", file, "stat", file, "mkdir", folder, "list", tmp_path]
    words += ["symlink", "file", folder / "link", "readlink", folder / "link", "lstat", folder / "link"]
    words += [
        "chmod",
        file,
        "0640",
        "access",
        file,
        "open",
        file,
        "O_RDONLY|O_DIRECTORY",
        "unlink",
        file,
        "rmdir",
        folder,
    ]
    words += ["read", file, "statfs", "/proc", "mknod", tmp_path / "pipe", "p", 0, 0, "xattr", "/", "user.none"]
    found = ask(program, *words)
    assert [(f["kind"], f["errno"]) for f in found] == [
        ("write", "OK"),
        ("append", "OK"),
        ("read", "OK"),
        ("stat", "OK"),
        ("mkdir", "OK"),
        ("list", "OK"),
        ("symlink", "OK"),
        ("readlink", "OK"),
        ("lstat", "OK"),
        ("chmod", "OK"),
        ("access", "OK"),
        ("open", "ENOTDIR"),
        ("unlink", "OK"),
        ("rmdir", "ENOTEMPTY"),
        ("read", "ENOENT"),
        ("statfs", "OK"),
        ("mknod", "OK"),
        ("xattr", found[-1]["errno"]),
    ]
    assert found[2]["text"] == "onetwo"
    assert (found[3]["type"], found[3]["size"], found[3]["uid"]) == ("file", 6, os.geteuid())
    assert found[5]["entries"] == ["file", "folder"] or found[5]["entries"] == ["folder", "file"]
    assert found[7]["text"] == "file" and found[8]["type"] == "link"
    assert found[10]["execute"] == "EACCES"
    assert found[15]["type"] == 0x9FA0
    assert (tmp_path / "pipe").is_fifo()


def test_exec_tells_whether_a_file_runs(program: str, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("text")
    runs, refused, absent = ask(program, "exec", program, "exec", plain, "exec", tmp_path / "absent")
    assert (runs["errno"], runs["status"]) == ("OK", 0)
    assert (refused["errno"], refused["status"]) == ("EACCES", None)
    assert absent["errno"] == "ENOENT"


def test_streams(program: str) -> None:
    done = run(program, "wait-line", "say", "out", "err", "bad", "wait-line", "wait-line", input=b"one\n\xfftwo")
    lines = done.stdout.splitlines()
    assert json.loads(lines[0]) == {"kind": "line", "text": "one", "eof": False}
    assert lines[1] == b"out" and done.stderr == b"bad\n"
    assert json.loads(lines[2]) == {"kind": "line", "text": "\xfftwo", "eof": True}
    assert json.loads(lines[3]) == {"kind": "line", "text": "", "eof": True}


def test_descriptors(program: str, tmp_path: Path) -> None:
    (tmp_path / "given").write_text("text")
    with (tmp_path / "given").open("rb") as file:
        fd = file.fileno()
        read, closed, again = ask(program, "fd-read", fd, "close", fd, "fd-write", fd, "x", pass_fds=[fd])
    assert (read["text"], closed["errno"], again["errno"]) == ("text", "OK", "EBADF")
