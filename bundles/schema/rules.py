"""Rules of the spec that JSON Schema cannot say: over several members, over order, over versions.

Each rule yields (JSON path, message, level) and bears anything where a document may have the wrong type: those faults
are the schema's to find.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

Broken = tuple[str, str, Literal["MUST", "SHOULD"]]
KNOWN = (1, 3)
_NO_NODES = ("MPOL_DEFAULT", "MPOL_LOCAL")
_NEED_NODES = ("MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE", "MPOL_PREFERRED_MANY")
_ERRNO_ACTIONS = ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE")


def broken(document: Any, kind: str) -> Iterator[Broken]:
    """What the rules for documents of this kind find."""
    for rule in _RULES.get(kind, ()):
        yield from rule(document)


def at(document: Any, *path: str | int) -> Any:
    """The value at a path, or None where the document has none there or another type on the way."""
    for step in path:
        if isinstance(step, str) and isinstance(document, dict):
            document = document.get(step)
        elif isinstance(step, int) and isinstance(document, list) and step < len(document):
            document = document[step]
        else:
            return None
    return document


def _items(document: Any, *path: str) -> list[Any]:
    found = at(document, *path)
    return found if isinstance(found, list) else []


def _doubled(document: Any, *path: str) -> Iterator[Broken]:
    seen: dict[str, int] = {}
    for index, entry in enumerate(_items(document, *path)):
        kind = at(entry, "type")
        if isinstance(kind, str) and seen.setdefault(kind, index) != index:
            where = f"$.{'.'.join(path)}[{index}].type"
            yield where, f"{kind} stands at [{seen[kind]}] already", "MUST"


def namespaces_once(document: Any) -> Iterator[Broken]:
    yield from _doubled(document, "linux", "namespaces")


def rlimits_once(document: Any) -> Iterator[Broken]:
    yield from _doubled(document, "process", "rlimits")


def devices_once(document: Any) -> Iterator[Broken]:
    seen: dict[tuple[Any, ...], int] = {}
    for index, entry in enumerate(_items(document, "linux", "devices")):
        node = (at(entry, "type"), at(entry, "major"), at(entry, "minor"))
        if node[0] in ("b", "c", "u") and all(isinstance(number, int) for number in node[1:]):
            same = ("c" if node[0] == "u" else node[0], *node[1:])
            if seen.setdefault(same, index) != index:
                message = f"{node[0]} {node[1]}:{node[2]} is the device of [{seen[same]}] too"
                yield f"$.linux.devices[{index}]", message, "SHOULD"


def burst_within_quota(document: Any) -> Iterator[Broken]:
    quota = at(document, "linux", "resources", "cpu", "quota")
    burst = at(document, "linux", "resources", "cpu", "burst")
    if isinstance(quota, int) and isinstance(burst, int) and 0 < quota < burst:
        yield "$.linux.resources.cpu.burst", f"{burst} is above the quota of {quota}", "MUST"


def lists_ascend(document: Any) -> Iterator[Broken]:
    places = (
        ("linux", "resources", "cpu", "cpus"),
        ("linux", "resources", "cpu", "mems"),
        ("linux", "memoryPolicy", "nodes"),
        ("process", "execCPUAffinity", "initial"),
        ("process", "execCPUAffinity", "final"),
    )
    for place in places:
        text = at(document, *place)
        for first, last in re.findall(r"([0-9]+)-([0-9]+)", text) if isinstance(text, str) else ():
            if int(first) > int(last):
                yield f"$.{'.'.join(place)}", f"the range {first}-{last} runs backwards", "MUST"


def errno_where_it_counts(document: Any) -> Iterator[Broken]:
    filters = at(document, "linux", "seccomp")
    actions = [("defaultErrnoRet", at(filters, "defaultErrnoRet"), at(filters, "defaultAction"))]
    for index, entry in enumerate(_items(filters, "syscalls")):
        actions.append((f"syscalls[{index}].errnoRet", at(entry, "errnoRet"), at(entry, "action")))
    for where, number, action in actions:
        if number is not None and isinstance(action, str) and action not in _ERRNO_ACTIONS:
            yield f"$.linux.seccomp.{where}", f"{action} takes no errno", "MUST"


def nodes_fit_mode(document: Any) -> Iterator[Broken]:
    mode, nodes = at(document, "linux", "memoryPolicy", "mode"), at(document, "linux", "memoryPolicy", "nodes")
    if mode in _NO_NODES and nodes:
        yield "$.linux.memoryPolicy.nodes", f"{mode} takes no nodes", "MUST"
    if mode in _NEED_NODES and not nodes:
        yield "$.linux.memoryPolicy", f"{mode} needs nodes", "MUST"


def versions_in_order(document: Any) -> Iterator[Broken]:
    least, most = precedence(at(document, "ociVersionMin")), precedence(at(document, "ociVersionMax"))
    if least and most and most < least:
        message = f"{document['ociVersionMax']} is below ociVersionMin {document['ociVersionMin']}"
        yield "$.ociVersionMax", message, "MUST"


_LATER: tuple[tuple[tuple[int, int], tuple[str, ...]], ...] = (
    ((1, 2), ("potentiallyUnsafeConfigAnnotations",)),
    ((1, 2), ("linux", "mountExtensions")),
    ((1, 3), ("linux", "intelRdt", "schemata")),
    ((1, 3), ("linux", "intelRdt", "monitoring")),
    ((1, 3), ("linux", "memoryPolicy")),
    ((1, 3), ("linux", "netDevices")),
)


def no_later_properties(document: Any) -> Iterator[Broken]:
    most = precedence(at(document, "ociVersionMax"))
    for since, place in _LATER:
        holder = at(document, *place[:-1])
        if most and most[0][:2] < since and isinstance(holder, dict) and place[-1] in holder:
            number = ".".join(map(str, since))
            message = f"exists since spec {number}, after ociVersionMax {document['ociVersionMax']}"
            yield f"$.{'.'.join(place)}", message, "MUST"


def supported_are_known(document: Any) -> Iterator[Broken]:
    known = at(document, "linux", "seccomp", "knownFlags")
    for index, flag in enumerate(_items(document, "linux", "seccomp", "supportedFlags")):
        if isinstance(known, list) and flag not in known:
            yield f"$.linux.seccomp.supportedFlags[{index}]", f"{flag} is not among knownFlags", "MUST"


Precedence = tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]


def precedence(version: Any) -> Precedence | None:
    """A value that sorts as SemVer 2.0.0 orders versions, or None for what is no version. Build data is ignored."""
    found = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?", str(version), re.ASCII)
    if not isinstance(version, str) or not found:
        return None
    before = found[4].split(".") if found[4] else []
    # A number sorts before a word; a release after all of its pre-releases.
    parts = tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in before)
    return (int(found[1]), int(found[2]), int(found[3])), not before, parts


def later_than_known(document: Any) -> bool:
    """Whether a features document speaks of a spec later than the one these schemas know."""
    most = precedence(at(document, "ociVersionMax"))
    return most is not None and most[0][:2] > KNOWN


_RULES: dict[str, tuple[Callable[[Any], Iterator[Broken]], ...]] = {
    "config": (
        namespaces_once,
        rlimits_once,
        devices_once,
        burst_within_quota,
        lists_ascend,
        errno_where_it_counts,
        nodes_fit_mode,
    ),
    "features": (versions_in_order, no_later_properties, supported_are_known),
}
