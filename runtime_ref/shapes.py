"""What a value in config.json can be: kinds, ranges and enumerated values.

Knows the enumerations and kinds of value; the table of members is `members`, rules that join members are in `spec`.
Must not know files or the kernel. Members without a shape are left unread, as the specification wants
(https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#extensibility).

A shape is a callable that takes one decoded JSON value and raises `Bad` where it does not fit. A `null` in an
optional member counts as absent and is taken out, because Go callers write it so.
"""

from __future__ import annotations

if False:
    from collections.abc import Callable

    Shape = Callable[[object], None]

RLIMITS = (
    "RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_CPU", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_LOCKS", "RLIMIT_MEMLOCK",
    "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_RSS", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
    "RLIMIT_SIGPENDING", "RLIMIT_STACK",
)  # fmt: skip
POLICIES = ("SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "SCHED_IDLE", "SCHED_DEADLINE")
SCHED_FLAGS = (
    "SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN", "SCHED_FLAG_KEEP_POLICY",
    "SCHED_FLAG_KEEP_PARAMS", "SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX",
)  # fmt: skip
IO_CLASSES = ("IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE")
HOOKS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
NAMESPACES = ("pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time")
PROPAGATIONS = ("shared", "slave", "private", "unbindable", "rshared", "rslave", "rprivate", "runbindable")
CLOCKS = ("monotonic", "boottime")
MEMORY_MODES = (
    "MPOL_DEFAULT", "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE", "MPOL_PREFERRED", "MPOL_PREFERRED_MANY",
    "MPOL_LOCAL",
)  # fmt: skip
MEMORY_FLAGS = ("MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES")
DOMAINS = ("LINUX", "LINUX32")
SECCOMP_ACTIONS = (
    "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO",
    "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY",
)  # fmt: skip
SECCOMP_OPERATORS = (
    "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ",
)  # fmt: skip
SECCOMP_ARCHITECTURES = (
    "SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_ARM", "SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPS",
    "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32",
    "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE", "SCMP_ARCH_S390", "SCMP_ARCH_S390X", "SCMP_ARCH_PARISC",
    "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64", "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K", "SCMP_ARCH_SH",
    "SCMP_ARCH_SHEB",
)  # fmt: skip
SECCOMP_FLAGS = (
    "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
)  # fmt: skip


class Bad(Exception):
    """A value that does not fit: `where` is the path below the value given (".user.uid", "[2]"), `why` one sentence."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(where, why)
        self.where = where
        self.why = why


def told(value: object) -> str:
    """The value as JSON-like text of at most 60 characters, for an error."""
    words = {True: "true", False: "false", None: "null"}
    text = words[value] if value is None or type(value) is bool else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def text(value: object) -> None:
    """A string the kernel can take: no NUL inside, and encodable as UTF-8."""
    if type(value) is not str:
        raise Bad("", f"must be a string, is {told(value)}")
    if "\0" in value:
        raise Bad("", f"must not hold a NUL character, is {told(value)}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Bad("", f"must not hold half a surrogate pair, is {told(value)}") from None


def filled(value: object) -> None:
    """A string that is not empty."""
    text(value)
    if not value:
        raise Bad("", "must not be empty")


def absolute(value: object) -> None:
    """An absolute path."""
    text(value)
    if not value.startswith("/"):  # type: ignore[attr-defined]
        raise Bad("", f"must be an absolute path, is {told(value)}")


def flag(value: object) -> None:
    """true or false."""
    if type(value) is not bool:
        raise Bad("", f"must be true or false, is {told(value)}")


def anything(value: object) -> None:
    """Any value: the member is not used, or is checked elsewhere."""


def line(value: object) -> None:
    """A string without a line break (it becomes one line of a kernel file)."""
    text(value)
    if "\n" in value:  # type: ignore[operator]
        raise Bad("", f"must not hold a line break, is {told(value)}")


def numbers(value: object) -> None:
    """A list of numbers and ranges such as "0-3,7" (no number twice is not asked for); an empty list is allowed."""
    text(value)
    ranges(value)  # type: ignore[arg-type]


def ranges(listed: str) -> list[int]:
    """ "0-3,7" as [0, 1, 2, 3, 7]; raises Bad. At most 65,536 is a CPU or node number."""
    found: list[int] = []
    for part in listed.split(",") if listed.strip() else ():
        low, dash, high = part.strip().partition("-")
        if not (low.isdecimal() and low.isascii()) or (dash and not (high.isdecimal() and high.isascii())):
            raise Bad("", f"must be numbers and ranges such as 0-3,7, is {told(listed)}")
        first, last = int(low), int(high or low)
        if last < first or last > 65536:
            raise Bad("", f"has the range {part.strip()}, which does not run upwards or is out of bounds")
        found.extend(range(first, last + 1))
    return found


class Whole:
    """A whole number from `least` to `most`."""

    __slots__ = ("least", "most")

    def __init__(self, least: int, most: int) -> None:
        self.least = least
        self.most = most

    def __call__(self, value: object) -> None:
        if type(value) is not int:
            raise Bad("", f"must be a whole number, is {told(value)}")
        if not self.least <= value <= self.most:
            raise Bad("", f"must be from {self.least} to {self.most}, is {value}")


class OneOf:
    """One of the listed strings."""

    __slots__ = ("values",)

    def __init__(self, *values: str) -> None:
        self.values = values

    def __call__(self, value: object) -> None:
        if value not in self.values:
            raise Bad("", f"must be one of {', '.join(self.values)}, is {told(value)}")


class Array:
    """An array whose entries have one shape; at least `least` of them, and where `most` is given no more than that."""

    __slots__ = ("item", "least", "most")

    def __init__(self, item: Shape, least: int = 0, most: int = 0) -> None:
        self.item = item
        self.least = least
        self.most = most

    def __call__(self, value: object) -> None:
        if type(value) is not list:
            raise Bad("", f"must be an array, is {told(value)}")
        if len(value) < self.least:
            raise Bad("", f"must have at least {self.least} entry, is {told(value)}")
        if 0 < self.most < len(value):
            raise Bad("", f"must have at most {self.most} entries, has {len(value)}")
        item = self.item
        number = 0
        try:
            for entry in value:
                item(entry)
                number += 1
        except Bad as bad:
            raise Bad(f"[{number}]{bad.where}", bad.why) from None


class Table:
    """An object with free keys: each key has the shape `key`, each value the shape `item`."""

    __slots__ = ("item", "key")

    def __init__(self, item: Shape, key: Shape = filled) -> None:
        self.item = item
        self.key = key

    def __call__(self, value: object) -> None:
        if type(value) is not dict:
            raise Bad("", f"must be an object, is {told(value)}")
        for key, entry in value.items():
            try:
                self.key(key)
            except Bad as bad:
                raise Bad("", f"has the key {told(key)}, which {bad.why}") from None
            try:
                self.item(entry)
            except Bad as bad:
                raise Bad(f'["{key}"]{bad.where}', bad.why) from None


class Record:
    """An object with known members; `required` names those that must be there. Others are not looked at."""

    __slots__ = ("members", "required")

    def __init__(self, members: dict[str, Shape], *required: str) -> None:
        self.members = members
        self.required = required

    def __call__(self, value: object) -> None:
        if type(value) is not dict:
            raise Bad("", f"must be an object, is {told(value)}")
        nulls = []
        for name, entry in value.items():
            shape = self.members.get(name)
            if shape is None:
                continue
            if entry is None:
                nulls.append(name)
                continue
            try:
                shape(entry)
            except Bad as bad:
                raise Bad(f".{name}{bad.where}", bad.why) from None
        for name in nulls:
            del value[name]
        for name in self.required:
            if name not in value:
                raise Bad(f".{name}", "is required")
