"""Patches of what the container sees of files, of the hooks, and of annotations."""

from collections.abc import Mapping, Sequence
from typing import Any

from bundles.document import Document, base

POINTS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
_INSIDE = ("startContainer",)  # its path is looked up inside the container


def root(*, readonly: bool | None = None, path: str | None = None) -> Document:
    """`root`: only what is given is patched."""
    members: Document = {}
    if readonly is not None:
        members["readonly"] = readonly
    if path is not None:
        members["path"] = path
    return {"root": members}


def mount(
    destination: str, type: str | None = None, source: str | None = None, options: Sequence[str] = (), **more: Any
) -> Document:
    """One entry for mounts(): what is None or empty stays absent. `more`: uidMappings, gidMappings."""
    entry: Document = {"destination": destination}
    if type is not None:
        entry["type"] = type
    if source is not None:
        entry["source"] = source
    if options:
        entry["options"] = list(options)
    return {**entry, **more}


def mounts(*extra: Mapping[str, Any]) -> Document:
    """`mounts`: those of base.json, then these, in order."""
    return {"mounts": [*base()["mounts"], *map(dict, extra)]}


def mounts_of(*only: Mapping[str, Any]) -> Document:
    """`mounts`, whole: these alone."""
    return {"mounts": [dict(entry) for entry in only]}


def masked(*paths: str) -> Document:
    """`linux.maskedPaths`, whole."""
    return {"linux": {"maskedPaths": list(paths)}}


def readonly(*paths: str) -> Document:
    """`linux.readonlyPaths`, whole."""
    return {"linux": {"readonlyPaths": list(paths)}}


def propagation(kind: str) -> Document:
    """`linux.rootfsPropagation`: shared, slave, private or unbindable."""
    return {"linux": {"rootfsPropagation": kind}}


def hook(path: str, *args: str, env: Sequence[str] = (), timeout: int | None = None) -> Document:
    """One entry for hooks(): `args` is the whole argv, its first word included; timeout in seconds."""
    entry: Document = {"path": path}
    if args:
        entry["args"] = list(args)
    if env:
        entry["env"] = list(env)
    if timeout is not None:
        entry["timeout"] = timeout
    return entry


def hooks(**points: Sequence[Mapping[str, Any]]) -> Document:
    """`hooks`: for each point (createRuntime=...) its list of entries, whole."""
    return {"hooks": {point: [dict(entry) for entry in entries] for point, entries in points.items()}}


def ticks(*points: str) -> Document:
    """Two hooks at each point, "POINT.a" and "POINT.b"; each writes one line with the state it got to the journal."""
    return hooks(**{point: [_tick(point, f"{point}.{letter}") for letter in "ab"] for point in points})


def _tick(point: str, name: str) -> Document:
    program = "/probe" if point in _INSIDE else "{probe}"
    return hook(program, "probe", "hook", name)


def annotations(**pairs: str) -> Document:
    """`annotations`; names with dots need `annotations(**{"org.example.key": "value"})`."""
    return {"annotations": dict(pairs)}
