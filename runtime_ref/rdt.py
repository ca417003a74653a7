"""Intel Resource Director Technology: the container's class of service and monitoring group in the resctrl filesystem.

https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#configLinuxIntelRdt; the kernel's
Documentation/arch/x86/resctrl.rst. Plain folders and files, so `root` may be any folder in a test. Must not know how
the container is made: `create` before its first process runs, `assign` with its pid, `remove` after it is gone.
"""

from __future__ import annotations

from runtime_ref.cgroup.files import read, read_or, write
from runtime_ref.errors import RuntimeFault
from runtime_ref.kernel import os

if False:
    from typing import Any

WHERE = "linux.intelRdt"
STEP = "set Intel RDT"


def mounted(mountinfo: str) -> str | None:
    """The mount point of resctrl in the text of /proc/self/mountinfo, or None."""
    for line in mountinfo.splitlines():
        place, _, about = line.partition(" - ")
        if about.startswith("resctrl "):
            return place.split(" ")[4].replace("\\040", " ")
    return None


class Rdt:
    """One container's class (`folder`) and monitoring group (`monitor`, or "").

    `made`: whether the class is ours to remove.
    """

    def __init__(self, folder: str, monitor: str = "", made: bool = False) -> None:
        self.folder = folder
        self.monitor = monitor
        self.made = made

    @property
    def paths(self) -> dict[str, Any]:
        """What state.json keeps, for `Rdt(**paths)`."""
        return {"folder": self.folder, "monitor": self.monitor, "made": self.made}

    def assign(self, pid: int) -> None:
        """Puts a process into the class and, if there is one, into the monitoring group. Raises RuntimeFault."""
        for folder in (self.folder, self.monitor):
            if folder:
                _write(f"{folder}/tasks", str(pid), WHERE)

    def remove(self) -> None:
        """Removes the monitoring group, and the class if it was made for this container alone."""
        for folder, ours in ((self.monitor, bool(self.monitor)), (self.folder, self.made)):
            if ours:
                try:
                    os.rmdir(folder)
                except FileNotFoundError:
                    pass
                except OSError as fault:
                    raise RuntimeFault("remove Intel RDT group", f"{folder}: {fault.strerror}") from None


def create(intel_rdt: dict[str, Any], ident: str, root: str | None = None) -> Rdt:
    """Makes what `linux.intelRdt` asks for and writes its schemata. `root`: the mount point, found if not given.

    Raises RuntimeFault, and then nothing made here is left.
    """
    if root is None:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            root = mounted(file.read())
        if root is None:
            raise RuntimeFault(STEP, "no resctrl filesystem is mounted", WHERE)
    lines = _schemata(intel_rdt)
    clos = intel_rdt.get("closID")
    name = ident if clos is None else clos.strip("/")
    if "/" in name or name in (".", "..", "info", "mon_groups", "mon_data") or (not name and clos != "/"):
        raise RuntimeFault(STEP, f"{name!r} cannot name a class of service", f"{WHERE}.closID")
    folder = f"{root}/{name}".rstrip("/")
    if clos is not None and not lines and not os.path.isdir(folder):
        raise RuntimeFault(STEP, f"{folder} does not exist, and no schema is given to make it", f"{WHERE}.closID")
    new = _make(folder, f"{WHERE}.closID")
    # A class that is named belongs to whoever names it; one that carries the container's id goes with the container.
    made = Rdt(folder, made=new and clos is None)
    try:
        if clos is not None and not new:
            _compare([line for line in lines if "schemata" not in line[1]], folder)
        if lines:  # one write: the kernel takes them line by line, in order
            _write(f"{folder}/schemata", "".join(line + "\n" for line, _ in lines), lines[0][1])
        # Before 1.3 the same was asked for in two halves, which no hardware can do apart.
        if any(intel_rdt.get(member) for member in ("enableMonitoring", "enableCMT", "enableMBM")):
            group = f"{folder}/mon_groups/{ident}"
            if not _make(group, f"{WHERE}.enableMonitoring"):
                raise RuntimeFault(STEP, f"{group} exists already", f"{WHERE}.enableMonitoring")
            made.monitor = group
    except RuntimeFault:
        if new:
            os.rmdir(folder)
        raise
    return made


def _schemata(intel_rdt: dict[str, Any]) -> list[tuple[str, str]]:
    """The lines to write in their order, each with its JSON path: L3 schema, bandwidth schema, `schemata`."""
    members = [member for member in ("l3CacheSchema", "memBwSchema") if intel_rdt.get(member)]
    lines = [(intel_rdt[member], f"{WHERE}.{member}") for member in members]
    for line, where in lines:
        if where.endswith("memBwSchema") and not line.startswith("MB:"):
            raise RuntimeFault(STEP, f"must start with MB:, is {line!r}", where)
    lines += [(line, f"{WHERE}.schemata[{number}]") for number, line in enumerate(intel_rdt.get("schemata") or ())]
    for line, where in lines:
        if "\n" in line:
            raise RuntimeFault(STEP, "must not hold a line break", where)
    return lines


def _make(folder: str, where: str) -> bool:
    """True: made. False: it was there."""
    try:
        os.mkdir(folder, 0o755)
    except FileExistsError:
        return False
    except OSError as fault:
        raise RuntimeFault(STEP, f"{folder}: {fault.strerror}", where) from None
    return True


def _write(path: str, text: str, where: str) -> None:
    try:
        write(path, text)
    except OSError as fault:
        said = read_or(f"{os.path.dirname(path)}/../info/last_cmd_status", "").strip()
        why = f"{path} does not take {text.strip()!r}: {said or fault.strerror}"
        raise RuntimeFault(STEP, why, where) from None


def _compare(lines: list[tuple[str, str]], folder: str) -> None:
    """A class that exists already must have the schemas asked for. (The kernel pads names and masks its own way.)"""
    try:
        present = _parsed(read(f"{folder}/schemata").splitlines())
    except OSError as fault:
        raise RuntimeFault(STEP, f"{folder}/schemata: {fault.strerror}", f"{WHERE}.closID") from None
    for line, where in lines:
        for resource, domains in _parsed([line]).items():
            for domain, value in domains.items():
                found = present.get(resource, {}).get(domain)
                if found != value:
                    why = f"{folder} exists with {resource}:{domain}={found}, and {value} is asked for"
                    raise RuntimeFault(STEP, why, where)


def _parsed(lines: list[str]) -> dict[str, dict[str, str]]:
    """Schema lines as {resource: {domain: value}}; masks without leading zeros, in lower case."""
    found: dict[str, dict[str, str]] = {}
    for line in lines:
        resource, colon, rest = line.strip().partition(":")
        if colon:
            pairs = (part.partition("=") for part in rest.split(";") if part.strip())
            found[resource.strip()] = {key.strip(): value.strip().lower().lstrip("0") or "0" for key, _, value in pairs}
    return found
