"""System calls, each a function of its own name. On failure they raise OSError whose text starts with the call's name.

Paths are str or bytes, descriptors int, flags as in `const`. Knows only how a call is passed to the kernel; what it is
for is in the callers and in section 2 of the manual. Imports nothing slow: all that makes a container loads this.
Memory that a call points to must have a name of its own until the call is over.
"""

from __future__ import annotations

import posix  # `os` takes 2 ms, and the seal comes before it
from sys import getfilesystemencoding

from runtime_ref.kernel import const as c
from runtime_ref.kernel._abi import ffi as _ffi

if False:
    from typing import Any

    Path = str | bytes
    Buffer = bytes | bytearray

ffi: Any = _ffi
_syscall = ffi.dlopen(None).syscall
_ENCODING = getfilesystemencoding()
# The same door for the calls that a container is mostly made of: cffi hands bytes and structures over faster than we can as numbers.
_pointers_2_3 = ffi.cast("long(*)(long, long, void *, void *, long, long, long)", _syscall)
_pointers_2_4 = ffi.cast("long(*)(long, long, void *, long, void *, long, long)", _syscall)
_pointers_3_4 = ffi.cast("long(*)(long, long, long, void *, void *, long, long)", _syscall)
_NULL = ffi.NULL
_WORD = ffi.typeof("intptr_t")
_OPEN_HOW, _MOUNT_ATTR = ffi.typeof("struct open_how *"), ffi.typeof("struct mount_attr *")
_BYTES = ffi.typeof("char[]")
_UNTOLD = 0xFFFFFFFF


def _call(
    name: str, a: int = 0, b: int = 0, d: int = 0, e: int = 0, f: int = 0, g: int = 0, path: Path | None = None
) -> int:
    return _checked(_syscall(c.SYS[name], a, b, d, e, f, g), name, path)


def _checked(got: int, name: str, path: Path | None = None) -> int:
    if got == -1:
        number = ffi.errno
        text = f"{name}: {posix.strerror(number)}"
        raise OSError(number, text) if path is None else OSError(number, text, path)
    return got


def _bytes(value: Path) -> bytes:
    """As os.fsencode, for the kernel, which reads up to a NUL: bytes objects end in one, and may have none inside."""
    data = value if isinstance(value, bytes) else value.encode(_ENCODING, "surrogateescape")
    if b"\0" in data:
        raise ValueError("embedded null byte")
    return data


class _Ref:
    """Memory to be pointed at by a call, kept alive until this goes."""

    def __init__(self, memory: Any) -> None:
        self.memory = memory
        self.at = int(ffi.cast(_WORD, memory))


def _text(value: Path) -> _Ref:
    return _Ref(ffi.from_buffer(_BYTES, _bytes(value)))


def _struct(kind: str, **values: int) -> _Ref:
    return _Ref(ffi.new(f"struct {kind} *", values))


def address(data: Buffer) -> int:
    """The address of a bytes object or bytearray, which the caller keeps alive (and of one size)."""
    return int(ffi.cast(_WORD, ffi.from_buffer(_BYTES, data)))


# Processes and namespaces


def clone3(flags: int, exit_signal: int, cgroup: int | None = None) -> int:
    """clone(2): the child's pid in the parent, 0 in the child. `cgroup`: a descriptor for CLONE_INTO_CGROUP.

    Fork handlers of Python and libc do not run: the process must have one thread, and so must the child until it execs.
    """
    if cgroup is not None:
        flags |= c.CLONE_INTO_CGROUP
    args = _struct("clone_args", flags=flags, exit_signal=exit_signal, cgroup=cgroup or 0)
    return _call("clone3", args.at, ffi.sizeof("struct clone_args"))


def unshare(flags: int) -> None:
    """unshare(2)."""
    _call("unshare", flags)


def setns(fd: int, flags: int) -> None:
    """setns(2): `fd` of a namespace, or of a process (pidfd) with several CLONE_NEW* flags."""
    _call("setns", fd, flags)


def prctl(option: int, a: int = 0, b: int = 0, d: int = 0, e: int = 0) -> int:
    """prctl(2)."""
    return _call("prctl", option, a, b, d, e)


def personality(persona: int) -> int:
    """personality(2): the former one."""
    return _call("personality", persona)


def close_range(first: int, last: int, flags: int = 0) -> None:
    """close_range(2)."""
    _call("close_range", first, last, flags)


def keyctl(operation: int, a: int = 0, b: int = 0, d: int = 0) -> int:
    """keyctl(2)."""
    return _call("keyctl", operation, a, b, d)


def new_session_keyring() -> int:
    """keyctl(2) KEYCTL_JOIN_SESSION_KEYRING without a name, by which it would join one that somebody has made; its serial number."""
    return _call("keyctl", c.KEYCTL_JOIN_SESSION_KEYRING, 0)


def sethostname(name: str) -> None:
    """sethostname(2)."""
    data = _bytes(name)
    _call("sethostname", address(data), len(data))


def setdomainname(name: str) -> None:
    """setdomainname(2): the NIS domain name."""
    data = _bytes(name)
    _call("setdomainname", address(data), len(data))


# Mounts


def mount(source: Path | None, target: Path, kind: str | None, flags: int, data: str | None = None) -> None:
    """mount(2)."""
    words = [_text(word) if word is not None else None for word in (source, target, kind, data)]
    at = [word.at if word else 0 for word in words]
    _call("mount", at[0], at[1], at[2], flags, at[3], path=target)


def umount2(target: Path, flags: int) -> None:
    """umount2(2)."""
    text = _text(target)
    _call("umount2", text.at, flags, path=target)


def pivot_root(new: Path, old: Path) -> None:
    """pivot_root(2)."""
    first, second = _text(new), _text(old)
    _call("pivot_root", first.at, second.at, path=new)


def open_tree(folder: int, path: Path, flags: int) -> int:
    """open_tree(2): a descriptor."""
    return _checked(_pointers_2_4(c.SYS["open_tree"], folder, _bytes(path), flags, _NULL, 0, 0), "open_tree", path or None)


def move_mount(source: int, source_path: Path, target: int, target_path: Path, flags: int) -> None:
    """move_mount(2)."""
    got = _pointers_2_4(c.SYS["move_mount"], source, _bytes(source_path), target, _bytes(target_path), flags, 0)
    _checked(got, "move_mount", target_path or None)


def fsopen(kind: str, flags: int) -> int:
    """fsopen(2): a descriptor of a new file system's context."""
    text = _text(kind)
    return _call("fsopen", text.at, flags)


def fspick(folder: int, path: Path, flags: int) -> int:
    """fspick(2): a context to reconfigure a file system that is mounted."""
    text = _text(path)
    return _call("fspick", folder, text.at, flags, path=path or None)


def fsconfig(context: int, command: int, key: str | None, value: Path | None, aux: int = 0) -> None:
    """fsconfig(2): `value` a string or bytes, `aux` a descriptor or length, as the command wants it."""
    first, second = (_NULL if word is None else _bytes(word) for word in (key, value))
    _checked(_pointers_3_4(c.SYS["fsconfig"], context, command, first, second, aux, 0), "fsconfig", key)


def fsmount(context: int, flags: int, attributes: int) -> int:
    """fsmount(2): a descriptor of a detached mount."""
    return _call("fsmount", context, flags, attributes)


def mount_setattr(
    folder: int, path: Path, flags: int, bits: int, clear: int = 0, propagation: int = 0, userns: int = 0
) -> None:
    """mount_setattr(2): sets and clears MOUNT_ATTR_ bits, sets the propagation (MS_SHARED and the like)."""
    args = ffi.new(_MOUNT_ATTR, (bits, clear, propagation, userns))
    got = _pointers_2_4(c.SYS["mount_setattr"], folder, _bytes(path), flags, args, 32, 0)
    _checked(got, "mount_setattr", path or None)


def openat2(folder: int, path: Path, flags: int, mode: int = 0, resolve: int = 0) -> int:
    """openat2(2): a descriptor. `resolve`: RESOLVE_ bits."""
    how = ffi.new(_OPEN_HOW, (flags, mode, resolve))
    return _checked(_pointers_2_3(c.SYS["openat2"], folder, _bytes(path), how, 24, 0, 0), "openat2", path)


def fstatfs_type(fd: int) -> int:
    """The type of the file system a descriptor is on, a *_MAGIC of fstatfs(2)."""
    memory = ffi.new("long[32]")  # struct statfs starts with f_type, a word on both machines, and has 120 bytes
    _call("fstatfs", fd, _Ref(memory).at)
    return int(memory[0])


# Rights and limits


def capget(pid: int = 0) -> tuple[int, int, int]:
    """capget(2): the effective, permitted and inheritable sets as bits; sets that nobody has where a filter skips the call."""
    head = _struct("cap_header", version=c.CAPABILITY_VERSION_3, pid=pid)
    data = ffi.new("struct cap_data[2]", [(_UNTOLD,) * 3] * 2)
    _call("capget", head.at, _Ref(data).at)
    low, high = data[0], data[1]
    return (
        low.effective | high.effective << 32,
        low.permitted | high.permitted << 32,
        low.inheritable | high.inheritable << 32,
    )


def capset(effective: int, permitted: int, inheritable: int) -> None:
    """capset(2) for the calling thread: the three sets as bits."""
    head = _struct("cap_header", version=c.CAPABILITY_VERSION_3, pid=0)
    sets = (effective, permitted, inheritable)
    data = ffi.new("struct cap_data[2]", [[bits & 0xFFFFFFFF for bits in sets], [bits >> 32 for bits in sets]])
    _call("capset", head.at, _Ref(data).at)


def prlimit(pid: int, resource: int, limit: tuple[int, int] | None = None) -> tuple[int, int]:
    """prlimit(2): the former (soft, hard), after setting `limit`. 2**64-1 is RLIM_INFINITY."""
    new = _struct("rlimit64", soft=limit[0], hard=limit[1]) if limit else None
    old = _struct("rlimit64")
    _call("prlimit64", pid, resource, new.at if new else 0, old.at)
    return int(old.memory.soft), int(old.memory.hard)


def seccomp(operation: int, flags: int, program: bytes) -> int:
    """seccomp(2): SECCOMP_SET_MODE_FILTER with BPF instructions; 0 or a listener's descriptor."""
    args = _struct("sock_fprog", len=len(program) // 8, filter=address(program))
    return _call("seccomp", operation, flags, args.at)


def sched_setattr(pid: int, attributes: bytes, flags: int = 0) -> None:
    """sched_setattr(2): `attributes` is a struct sched_attr, its first word its size."""
    _call("sched_setattr", pid, address(attributes), flags)


def ioprio_set(which: int, who: int, value: int) -> None:
    """ioprio_set(2)."""
    _call("ioprio_set", which, who, value)


def set_mempolicy(mode: int, nodes: bytes, bits: int) -> None:
    """set_mempolicy(2): `nodes` a mask of whole words, of which `bits` count."""
    _call("set_mempolicy", mode, address(nodes) if nodes else 0, bits)


def bpf(command: int, attributes: Buffer) -> int:
    """bpf(2): `attributes` is a union bpf_attr, written to where the call gives something back (then a bytearray)."""
    return _call("bpf", command, address(attributes), len(attributes))


def execve(path: Path, argv: list[str], env: list[str]) -> None:
    """execve(2). `env` is passed on word for word: also entries without "=" and names that come twice, which a dict loses."""
    text = _text(path)
    words = [[_text(word) for word in each] for each in (argv, env)]
    arrays = [ffi.new("intptr_t[]", [word.at for word in each] + [0]) for each in words]
    _call("execve", text.at, _Ref(arrays[0]).at, _Ref(arrays[1]).at, path=path)
