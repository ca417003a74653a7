"""A configuration as a JSON document: the base, merge patches (RFC 7396), placeholders, the file in the bundle.

Knows JSON and names of placeholders; must not know what a member of config.json means.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Document = dict[str, Any]
Patch = Mapping[str, Any]

_BASE: Document = json.loads((Path(__file__).parent / "base.json").read_text())
_PLACEHOLDER = re.compile(r"\{(bundle|rootfs|probe|journal|id|cgroup|pidfile|(?:ns|file|listener):[A-Za-z0-9._-]+)\}")


def base() -> Document:
    """A fresh copy of base.json: a small configuration (version 1.0.2) that runs `/probe dump` and ends."""
    return copy.deepcopy(_BASE)


def merge(document: Patch, *patches: Patch) -> Document:
    """`document` with each patch applied in order, as RFC 7396 says: objects merge, null removes, all else replaces.

    Nothing given is changed, and nothing of the result is shared with what was given.
    """
    result = copy.deepcopy(dict(document))
    for patch in patches:
        _apply(result, patch)
    return result


def _apply(target: Document, patch: Patch) -> None:
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        elif isinstance(value, Mapping):
            under = target.get(name)
            if not isinstance(under, dict):
                under = target[name] = {}
            _apply(under, value)
        else:
            target[name] = copy.deepcopy(value)


def fill(document: Any, values: Mapping[str, str]) -> Any:
    """`document` with every placeholder `{NAME}` inside its strings replaced by `values[NAME]`, member names excepted.

    NAME is bundle, rootfs, probe, journal, id, cgroup, pidfile, ns:NAME, file:NAME or listener:NAME; other braces are
    text and stay.
    Raises KeyError(NAME) for a placeholder without a value.
    """
    if isinstance(document, str):
        if "{" not in document:
            return document
        return _PLACEHOLDER.sub(lambda found: values[found[1]], document)
    if isinstance(document, Mapping):
        return {name: fill(value, values) for name, value in document.items()}
    if isinstance(document, (list, tuple)):
        return [fill(value, values) for value in document]
    return document


def placeholders(document: Any) -> set[str]:
    """The names of all placeholders inside the strings of `document`, without braces."""
    return set(_found(document))


def _found(document: Any) -> Iterator[str]:
    if isinstance(document, str):
        yield from (found[1] for found in _PLACEHOLDER.finditer(document))
    elif isinstance(document, Mapping):
        for value in document.values():
            yield from _found(value)
    elif isinstance(document, (list, tuple)):
        for value in document:
            yield from _found(value)


def write(folder: Path, config: Any, rootfs: str | Path = "probe") -> None:
    """Writes a bundle: `folder`/config.json, and `folder`/rootfs unless that is already there.

    `config` is a document, or a str or bytes written as they are (for configurations that are not JSON).
    `rootfs`: "probe" (the probe alone), "none", a folder to copy, or a tar to unpack; both of these get the probe too.
    Raises OSError, tarfile.TarError or bundles.probe.NoCompiler.
    """
    from bundles import rootfs as trees  # here: config alone needs neither tar nor compiler

    folder.mkdir(parents=True, exist_ok=True)
    trees.place(folder / "rootfs", str(rootfs))
    if isinstance(config, bytes):
        (folder / "config.json").write_bytes(config)
    else:
        (folder / "config.json").write_text(config if isinstance(config, str) else json.dumps(config, indent=1))
