"""The folder of each container below --root, and what it says: state.json, config.json, the start socket.

Knows files, their lock, and how the status follows from them and from /proc. Must not know how a container is made. Imports
nothing but `os` and the reader of JSON: `state` and `list` load no more than this.

    ROOT/<id>/            0700; flock(2)ed by a command that changes the container
        state.json        replaced as a whole; see `Record`
        config.json       the configuration as it was at `create`
        start             a unix socket; see `launch`

https://github.com/opencontainers/runtime-spec/blob/v1.3.0/runtime.md#state
"""

from __future__ import annotations

from runtime_ref import text
from runtime_ref.errors import ConfigError, RuntimeFault, Usage
from runtime_ref.kernel import os

if False:
    from typing import Any

    from runtime_ref.cli import Call

SPEC = "1.3.0"
ID_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.")
ID_MAX = 255  # a file name
PF_FORKNOEXEC = 0x40  # include/linux/sched.h
CREATING, CREATED, RUNNING, PAUSED, STOPPED = "creating", "created", "running", "paused", "stopped"


def root_of(settings: dict[str, Any]) -> str:
    """The folder of all containers."""
    given = settings.get("root")
    if given is not None:
        if not given:
            raise Usage("--root must not be empty")
        return os.path.abspath(str(given))
    if os.geteuid() == 0:
        return "/run/runtime-ref"
    home = os.environ.get("XDG_RUNTIME_DIR")
    return home + "/runtime-ref" if home else _own(f"/tmp/runtime-ref-{os.geteuid()}")


def _own(folder: str) -> str:
    """A folder whose name anybody may have taken first. Raises RuntimeFault if it is not ours: hooks that it tells of would run as us."""
    try:
        os.mkdir(folder, 0o700)
    except OSError:
        pass  # it is there, or the next call says why not
    try:
        found = os.lstat(folder)
    except OSError as fault:
        raise RuntimeFault("root folder", f"{folder}: {fault.strerror}") from None
    if found.st_uid != os.geteuid() or found.st_mode >> 12 != 0o4:
        raise RuntimeFault("root folder", f"{folder} is no folder of uid {os.geteuid()}; set XDG_RUNTIME_DIR or give --root")
    return folder


def check_id(ident: str) -> None:
    """Raises RuntimeFault for an id that could not be a folder's name or would puzzle a reader."""
    if not ident or len(ident) > ID_MAX or ident in (".", "..") or not ID_LETTERS.issuperset(ident):
        raise RuntimeFault("container id", f"{ident!r} must be 1 to {ID_MAX} letters, digits or _ + - . and not . or ..")


class Record:
    """What is known of one container. `data` is the content of state.json:

    id, bundle, created (RFC 3339), status (creating or created; the kernel knows the rest), pid and start (of the
    init; 0 before there is one; start in clock ticks after boot), maker (pid and start of the command that creates it),
    annotations, cgroup, rdt, hooks (those still to come), rootfs, mountns (whether it has its own), terminal, process (is there one).
    """

    def __init__(self, folder: str, data: dict[str, Any]) -> None:
        self.folder = folder
        self.data = data
        self.lock = -1

    @property
    def ident(self) -> str:
        """The container's id."""
        return os.path.basename(self.folder)

    @property
    def pid(self) -> int:
        """The init's pid, in the runtime's namespace; 0 if there never was one."""
        return int(self.data.get("pid") or 0)

    @property
    def status(self) -> str:
        """The status now: config.md's four, and `paused`."""
        said: str = self.data.get("status", CREATING)
        found = living(self.pid, self.data.get("start", 0))
        if found is None:
            if said == CREATING and ("maker" not in self.data or alive(*self.data["maker"])):
                return CREATING
            return STOPPED
        if found[2] & PF_FORKNOEXEC:
            return said
        return PAUSED if self._frozen() else RUNNING

    def _frozen(self) -> bool:
        """Whether the cgroup is frozen, by its own file; as `cgroup` does it, but without its modules."""
        cgroup = self.data.get("cgroup") or {}
        cgroup = cgroup.get("inner", cgroup)
        place = (cgroup.get("dirs") or {}).get("freezer")
        path = place + "/freezer.state" if place else cgroup.get("folder", "") + "/cgroup.freeze"
        try:
            with open(path, "rb") as file:
                return file.read().strip() in (b"FROZEN", b"FREEZING", b"1")
        except OSError:
            return False

    def document(self, status: str = "") -> dict[str, Any]:
        """The state as the specification has it, also what hooks read."""
        status = status or self.status
        found: dict[str, Any] = {"ociVersion": SPEC, "id": self.ident, "status": status}
        if status != STOPPED and self.pid:
            found["pid"] = self.pid
        found["bundle"] = self.data.get("bundle", "")
        if self.data.get("annotations"):
            found["annotations"] = self.data["annotations"]
        return found

    def save(self) -> None:
        """Writes state.json; readers see the old one or the new one."""
        write_whole(self.folder + "/state.json", text.dumps(self.data))

    def config(self) -> dict[str, Any]:
        """The configuration the container was made from."""
        from runtime_ref import spec

        return spec.read(self.folder + "/config.json", "the saved config.json")

    def clear(self) -> None:
        """Removes the folder, with which the id is free again."""
        for name in os.listdir(self.folder):
            os.unlink(f"{self.folder}/{name}")
        os.rmdir(self.folder)

    def take(self) -> Record:
        """Locks the container against other commands that change it, and reads its state again. Raises RuntimeFault."""
        self.lock = lock(self.folder)
        self.data = _data(self.folder, True)
        return self

    def release(self) -> None:
        """Gives the lock back."""
        if self.lock >= 0:
            import fcntl

            # The first process of a container has a copy of the descriptor: closing ours alone would not unlock.
            fcntl.flock(self.lock, fcntl.LOCK_UN)
            os.close(self.lock)
            self.lock = -1


def claim(settings: dict[str, Any], ident: str) -> Record:
    """A new container's folder, which claims its id, made and locked. Raises RuntimeFault."""
    root = root_of(settings)
    record = Record(os.path.join(root, ident), {})
    try:
        _make(root)
    except OSError as fault:
        raise RuntimeFault("--root", f"{root}: {fault.strerror}") from None
    try:
        os.mkdir(record.folder, 0o700)
    except FileExistsError:
        raise RuntimeFault(f"container {ident}", "exists already") from None
    except OSError as fault:
        raise RuntimeFault(f"container {ident}", f"{record.folder}: {fault.strerror}") from None
    try:
        record.lock = lock(record.folder)
    except BaseException:
        record.clear()
        raise
    return record


def _make(root: str) -> None:
    """Makes --root where it is missing. What is above it is as usual, whatever the caller's umask is."""
    if os.path.isdir(root):
        return
    above = []
    place = os.path.dirname(root)
    while not os.path.isdir(place):
        above.append(place)
        place = os.path.dirname(place)
    for place, mode in (*((place, 0o755) for place in reversed(above)), (root, 0o700)):
        try:
            os.mkdir(place, mode)
        except FileExistsError:
            if not os.path.isdir(place):
                raise


def lock(folder: str) -> int:
    """The locked descriptor of a container's folder. Raises RuntimeFault if it is gone."""
    import fcntl

    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
        fcntl.flock(fd, fcntl.LOCK_EX)
        try:
            mine, there = os.fstat(fd), os.stat(folder)
            if (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino):
                return fd
        except OSError:
            pass
        os.close(fd)
    except FileNotFoundError:
        pass
    raise missing(os.path.basename(folder))


def _is_locked(folder: str) -> bool:
    """Whether some command holds the folder's lock."""
    import fcntl

    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def missing(ident: str) -> RuntimeFault:
    """The error for an id that no container has."""
    return RuntimeFault(f"container {ident}", "does not exist")


def find(settings: dict[str, Any], ident: str) -> Record:
    """The container of this id. Raises RuntimeFault."""
    check_id(ident)
    folder = os.path.join(root_of(settings), ident)
    return Record(folder, _data(folder))


def is_gone(settings: dict[str, Any], ident: str) -> bool:
    """Whether there is surely no container of this id: what may not be looked at may be one. Raises RuntimeFault for what is no id."""
    check_id(ident)
    try:
        os.lstat(os.path.join(root_of(settings), ident))
    except FileNotFoundError:
        return True
    except OSError:
        pass
    return False


def everyone(settings: dict[str, Any]) -> list[Record]:
    """All containers, by id. Those that vanish meanwhile are left out."""
    found = []
    root = root_of(settings)
    try:
        names = sorted(os.listdir(root))
    except FileNotFoundError:
        return []
    for name in names:
        try:
            found.append(find(settings, name))
        except RuntimeFault:
            pass
    return found


def _data(folder: str, locked: bool = False) -> dict[str, Any]:
    """The content of state.json. `locked`: by this command, so that nobody is making the container. Raises RuntimeFault."""
    from runtime_ref import spec

    try:
        os.stat(folder)
    except FileNotFoundError:
        raise missing(os.path.basename(folder)) from None
    except OSError as fault:
        raise RuntimeFault(f"container {os.path.basename(folder)}", f"{folder}: {fault.strerror}") from None
    try:
        return spec.read(folder + "/state.json", "state.json")
    except ConfigError as fault:
        if os.path.exists(folder + "/state.json"):
            raise RuntimeFault(f"container {os.path.basename(folder)}", fault.why) from None
    if not os.path.isdir(folder):
        raise missing(os.path.basename(folder))
    # Its maker has not written yet, or died before it could.
    return {"status": CREATING if not locked and _is_locked(folder) else STOPPED}


def alive(pid: int, start: int) -> bool:
    """Whether the process that started at `start` (clock ticks after boot) runs under this pid, and is no zombie."""
    return living(pid, start) is not None


def living(pid: int, start: int) -> tuple[str, int, int] | None:
    """`stat_of` that process; None if it is not there or a zombie."""
    found = stat_of(pid) if pid > 0 else None
    return found if found and found[0] not in ("Z", "X") and found[1] == start else None


def stat_of(pid: int) -> tuple[str, int, int] | None:
    """State letter, start time and flags of a process, proc_pid_stat(5); None if there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return fields[0].decode(), int(fields[19]), int(fields[6])


def write_whole(path: str, content: str, mode: int = 0o600) -> None:
    """Replaces a file as a whole. The temporary one beside it is new, so no link is followed."""
    temporary = f"{path}.{os.getpid()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        fd = os.open(temporary, flags, mode)
    except FileExistsError:
        os.unlink(temporary)
        fd = os.open(temporary, flags, mode)
    try:
        data = content.encode("utf-8", "surrogateescape")
        while data:
            data = data[os.write(fd, data) :]
    finally:
        os.close(fd)
    os.rename(temporary, path)


def state_command(call: Call) -> None:
    """`state ID`: https://github.com/opencontainers/runtime-spec/blob/v1.3.0/runtime.md#query-state"""
    print(text.pretty(find(call.settings, call.ident).document()))
