"""Reading config.json: from the file of the bundle to a checked dict, or an error with the member's JSON path.

Knows the file, its JSON, the version rule, and the rules that join two members; the form of single ones is in
`members`. Must not know how anything is carried out. Clauses:
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/bundle.md#container-format,
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#specification-version,
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#valid-values.
"""

from __future__ import annotations

from runtime_ref.errors import ConfigError
from runtime_ref.kernel import os

if False:
    from typing import Any

VERSION_MIN = "1.0.0"
VERSION_MAX = "1.3.0"


def load(bundle: str) -> dict[str, Any]:
    """The checked configuration of a bundle folder.

    Always there afterwards: `linux`, `mounts`, `hooks`; and where `process` is: `process.env` and `process.user`.
    Raises ConfigError; its path is empty where the whole document is at fault.
    """
    config = read(bundle + "/config.json", "config.json")
    check(config)
    folder = os.path.join(bundle, config["root"]["path"])
    if not os.path.isdir(folder):
        what = "is not a folder" if os.path.lexists(folder) else "does not exist"
        raise ConfigError("root.path", f"{folder} {what}")
    return config


def load_process(path: str) -> dict[str, Any]:
    """The checked process object of a file (`exec --process FILE`). Raises ConfigError with paths below `process`."""
    process = read(path, path)
    _form("process", process, "process")
    _process(process)
    return process


def load_resources(path: str) -> dict[str, Any]:
    """The checked resources object of a file, "-" being standard input (`update --resources FILE`)."""
    document = read("/dev/stdin" if path == "-" else path, path)
    check_resources(document)
    return document


def read(path: str, name: str) -> dict[str, Any]:
    """The JSON object in a file. `name` is what errors call it. Raises ConfigError."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as fault:
        raise ConfigError("", f"{path}: {fault.strerror}") from None
    try:
        with open(fd, "rb", buffering=0) as file:
            data = file.read()
    except OSError as fault:
        raise ConfigError("", f"{path}: {fault.strerror}") from None
    document = parse(data, name)
    if type(document) is not dict:
        raise ConfigError("", f"{name} must hold a JSON object, holds {told(document)}")
    return document


def told(value: object) -> str:
    """The value as text of at most 60 characters, for an error."""
    from runtime_ref import shapes

    return shapes.told(value)


class _Scan:
    """The settings `_json` asks for. (The `json` package costs 8 ms to import, through `re`; this costs 0.3.)"""

    strict = True
    object_hook = None
    object_pairs_hook = None
    array_hook = None
    parse_float = float
    parse_int = int
    memo: dict[str, str] = {}  # noqa: RUF012

    @staticmethod
    def parse_constant(name: str) -> object:
        raise ValueError(name)


def parse(data: bytes, name: str = "config.json") -> object:
    """A JSON text in UTF-8, decoded. Raises ConfigError that says where the text is wrong.

    On any doubt the standard `json` package reads it again: its errors are better, and the bare scanner is lax.
    """
    try:
        from _json import make_scanner

        source = data.decode().strip(" \t\r\n")
        document, end = make_scanner(_Scan)(source, 0)  # type: ignore[arg-type]
        if end == len(source):
            return document
    except (ImportError, SystemError, StopIteration, IndexError, ValueError, TypeError, AttributeError):
        pass
    except RecursionError:
        raise ConfigError("", f"{name} is nested too deeply") from None
    import json

    def constant(word: str) -> object:
        raise ConfigError("", f"{name} holds {word}, which is not JSON")

    try:
        return json.loads(data.decode(), parse_constant=constant)
    except UnicodeDecodeError as fault:
        raise ConfigError("", f"{name} is not UTF-8 at byte {fault.start}") from None
    except json.JSONDecodeError as fault:
        raise ConfigError("", f"{name} is not JSON: {fault}") from None
    except ValueError as fault:  # a number of thousands of digits
        raise ConfigError("", f"{name}: {fault}") from None


def check(config: dict[str, Any]) -> None:
    """Checks a whole configuration and fills in the defaults that `load` names. Raises ConfigError."""
    _version(config)
    _form("config", config, "")
    linux = config.setdefault("linux", {})
    config.setdefault("mounts", [])
    config.setdefault("hooks", {})
    if "process" in config:
        _process(config["process"])
    kinds = _namespaces(linux)
    for name in ("hostname", "domainname"):
        if config.get(name) and "uts" not in kinds:
            raise ConfigError(name, "needs an entry of type uts in linux.namespaces: it would change the host's own")
    _mappings(config, linux, kinds)
    if linux.get("timeOffsets") and "time" not in kinds:
        raise ConfigError("linux.timeOffsets", "needs an entry of type time in linux.namespaces")
    if linux.get("netDevices") and "network" not in kinds:
        raise ConfigError("linux.netDevices", "needs an entry of type network in linux.namespaces")
    for number, device in enumerate(linux.get("devices") or ()):
        if device["type"] != "p":
            for member in ("major", "minor"):
                if member not in device:
                    raise ConfigError(f"linux.devices[{number}].{member}", f'is required for type "{device["type"]}"')
    if linux.get("resources"):
        check_resources(linux["resources"], "linux.resources", formed=True)
    if "seccomp" in linux:
        _seccomp(linux["seccomp"])
    if "memoryPolicy" in linux:
        _memory_policy(linux["memoryPolicy"])
    if linux.get("personality", {}).get("flags"):
        raise ConfigError("linux.personality.flags", "must be empty: the specification defines no flag yet")
    if "" in config.get("annotations", ()):
        raise ConfigError("annotations", "has an empty key")


def _form(kind: str, value: object, path: str) -> None:
    """Checks against a table of `members`; only commands that check load these (1 ms; `state` only reads)."""
    from runtime_ref import members
    from runtime_ref.shapes import Bad

    try:
        getattr(members, kind)(value)
    except Bad as bad:
        raise ConfigError((path + bad.where).lstrip("."), bad.why) from None


def _version(config: dict[str, Any]) -> None:
    """config.md#specification-version: SemVer 2.0.0, and one that this runtime knows."""
    version = config.get("ociVersion")
    if version is None:
        raise ConfigError("ociVersion", "is required")
    parts = split_version(version) if type(version) is str else None
    if parts is None:
        raise ConfigError("ociVersion", f"must be a version such as {VERSION_MAX}, is {told(version)}")
    major, minor, patch, early = parts
    known = major == 1 and minor <= 3 and not (early and (minor, patch) == (0, 0))
    if not known:
        raise ConfigError("ociVersion", f"{version} is not supported: {VERSION_MIN} to {VERSION_MAX} are")


def split_version(version: str) -> tuple[int, int, int, str] | None:
    """(major, minor, patch, pre-release) of a SemVer 2.0.0 string, None where it is none."""
    rest, plus, build = version.partition("+")
    core, dash, early = rest.partition("-")
    numbers = core.split(".")
    if len(numbers) != 3 or not all(_numeric(number) for number in numbers):
        return None
    for there, text, strict in ((plus, build, False), (dash, early, True)):
        for word in text.split(".") if there else ():
            letters = word.replace("-", "")
            if not word or not word.isascii() or (letters and not letters.isalnum()):
                return None
            if strict and word.isdecimal() and not _numeric(word):
                return None
    return int(numbers[0]), int(numbers[1]), int(numbers[2]), early


def _numeric(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) < 10 and (word == "0" or word[0] != "0")


def _process(process: dict[str, Any]) -> None:
    """config.md#process: what the form does not say."""
    process.setdefault("env", [])
    process.setdefault("user", {"uid": 0, "gid": 0})
    if not process["args"][0]:
        raise ConfigError("process.args[0]", "must name a program")
    if not process.get("terminal"):
        process.pop("consoleSize", None)  # the specification wants it ignored, whatever it holds
    elif process.get("consoleSize") is not None:
        _form("console_size", process["consoleSize"], "process.consoleSize")
    seen = set()
    for number, limit in enumerate(process.get("rlimits") or ()):
        if limit["type"] in seen:
            raise ConfigError(f"process.rlimits[{number}].type", f"{limit['type']} is listed twice")
        seen.add(limit["type"])
        if limit["soft"] > limit["hard"]:
            raise ConfigError(f"process.rlimits[{number}].soft", f"{limit['soft']} is above hard, {limit['hard']}")
    scheduler = process.get("scheduler")
    if scheduler:
        real_time = scheduler["policy"] in ("SCHED_FIFO", "SCHED_RR")
        priority = scheduler.get("priority", 0)
        if real_time and not 1 <= priority <= 99:
            raise ConfigError("process.scheduler.priority", f"must be 1 to 99 for {scheduler['policy']}, is {priority}")
        if not real_time and priority:
            raise ConfigError("process.scheduler.priority", f"must be 0 for {scheduler['policy']}, is {priority}")


def _namespaces(linux: dict[str, Any]) -> dict[str, str | None]:
    """config-linux.md#namespaces: type -> path, None for a new one."""
    kinds: dict[str, str | None] = {}
    for number, entry in enumerate(linux.get("namespaces") or ()):
        where = f"linux.namespaces[{number}]"
        if entry["type"] in kinds:
            raise ConfigError(where + ".type", f"{entry['type']} is listed twice")
        if not entry.get("path"):
            entry.pop("path", None)
        elif not entry["path"].startswith("/"):
            raise ConfigError(where + ".path", f"must be an absolute path, is {told(entry['path'])}")
        kinds[entry["type"]] = entry.get("path")
    return kinds


def _mappings(config: dict[str, Any], linux: dict[str, Any], kinds: dict[str, str | None]) -> None:
    """config-linux.md#user-namespace-mappings and the id mappings of mounts."""
    for member in ("uidMappings", "gidMappings"):
        if linux.get(member) and "user" not in kinds:
            raise ConfigError(f"linux.{member}", "needs an entry of type user in linux.namespaces")
        if not linux.get(member) and "user" in kinds and kinds["user"] is None:
            raise ConfigError(f"linux.{member}", "is required for a new user namespace: without it no id exists inside")
    for number, mount in enumerate(config["mounts"]):
        where = f"mounts[{number}]"
        users, groups = mount.get("uidMappings"), mount.get("gidMappings")
        if bool(users) != bool(groups):
            missing = "gidMappings" if users else "uidMappings"
            raise ConfigError(f"{where}.{missing}", "is required: uidMappings and gidMappings come together")
        wants = [option for option in mount.get("options") or () if option in ("idmap", "ridmap")]
        if wants and not users and "user" not in kinds:
            raise ConfigError(f"{where}.options", f"{wants[0]} needs uidMappings and gidMappings, or a user namespace")


def check_resources(resources: dict[str, Any], where: str = "resources", formed: bool = False) -> None:
    """config-linux.md#control-groups: checks a `linux.resources` object. Raises ConfigError."""
    if not formed:
        _form("resources", resources, where)
    cpu = resources.get("cpu") or {}
    if cpu.get("quota", 0) > 0 and cpu.get("burst", 0) > cpu["quota"]:
        raise ConfigError(f"{where}.cpu.burst", f"{cpu['burst']} is above quota, {cpu['quota']}")
    for number, device in enumerate((resources.get("blockIO") or {}).get("weightDevice") or ()):
        if "weight" not in device and "leafWeight" not in device:
            raise ConfigError(f"{where}.blockIO.weightDevice[{number}]", "must have weight or leafWeight")
    for name, device in (resources.get("rdma") or {}).items():
        if "hcaHandles" not in device and "hcaObjects" not in device:
            raise ConfigError(f'{where}.rdma["{name}"]', "must have hcaHandles or hcaObjects")
    for key in resources.get("unified") or ():
        if "/" in key or key in (".", ".."):
            raise ConfigError(f'{where}.unified["{key}"]', "must be the name of one file")


def _seccomp(seccomp: dict[str, Any]) -> None:
    """config-linux.md#seccomp: an errno only where the action takes one, a listener where one is told of."""
    where = "linux.seccomp"
    _errno(seccomp["defaultAction"], seccomp.get("defaultErrnoRet"), where + ".defaultErrnoRet")
    notifies = seccomp["defaultAction"] == "SCMP_ACT_NOTIFY"
    waits = "defaultAction" if notifies else ""
    for number, rule in enumerate(seccomp.get("syscalls") or ()):
        _errno(rule["action"], rule.get("errnoRet"), f"{where}.syscalls[{number}].errnoRet")
        notifies = notifies or rule["action"] == "SCMP_ACT_NOTIFY"
        if "sendmsg" in rule["names"]:
            if rule["action"] == "SCMP_ACT_NOTIFY":
                waits = f"syscalls[{number}].names"
            elif waits == "defaultAction" and not rule.get("args"):
                waits = ""
    if seccomp.get("listenerMetadata") and not seccomp.get("listenerPath"):
        raise ConfigError(where + ".listenerMetadata", "needs listenerPath")
    if notifies and not seccomp.get("listenerPath"):
        raise ConfigError(where + ".listenerPath", "is required by SCMP_ACT_NOTIFY")
    if waits:
        why = "makes sendmsg wait for the listener, which itself is handed over by sendmsg"
        raise ConfigError(f"{where}.{waits}", why)


def _errno(action: str, errno: int | None, where: str) -> None:
    if errno is None:
        return
    most = {"SCMP_ACT_ERRNO": 4095, "SCMP_ACT_TRACE": 65535}.get(action)
    if most is None:
        raise ConfigError(where, f"{action} takes no errno")
    if errno > most:
        raise ConfigError(where, f"must be from 0 to {most}, is {errno}")


def _memory_policy(policy: dict[str, Any]) -> None:
    """config-linux.md#memory-policy, with set_mempolicy(2): which modes take nodes."""
    mode, nodes = policy["mode"], (policy.get("nodes") or "").strip()
    if nodes and mode in ("MPOL_DEFAULT", "MPOL_LOCAL"):
        raise ConfigError("linux.memoryPolicy.nodes", f"must be empty for {mode}")
    if not nodes and mode not in ("MPOL_DEFAULT", "MPOL_LOCAL", "MPOL_PREFERRED"):
        raise ConfigError("linux.memoryPolicy.nodes", f"must name at least one node for {mode}")
    flags = policy.get("flags") or ()
    if "MPOL_F_STATIC_NODES" in flags and "MPOL_F_RELATIVE_NODES" in flags:
        raise ConfigError(
            "linux.memoryPolicy.flags", "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other"
        )
