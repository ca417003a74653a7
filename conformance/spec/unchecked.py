"""Statements that have no check, each with the reason.

Knows ``unchecked.toml`` and that its ids must exist. It must not know the cases: whether an entry is stale, because a
check has come since, is seen by ``conformance.coverage``.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from conformance.spec import lookup

PATH: Final = Path(__file__).with_name("unchecked.toml")


class UncheckedFault(ValueError):
    """A faulty entry; the text names file, id and fault."""


def read(path: Path) -> Mapping[str, str]:
    """id -> why, of the table ``[unchecked]`` in that file.

    UncheckedFault: not TOML, another table or key, an id that names no statement, a why that says nothing.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise UncheckedFault(f"{path}: {fault}") from None
    for table in content:
        if table != "unchecked":
            raise UncheckedFault(f"{path}: {table}: only the table [unchecked] may stand here")
    entries = content.get("unchecked", {})
    if not isinstance(entries, dict):
        raise UncheckedFault(f"{path}: unchecked: must be a table of id = why")
    for id, why in entries.items():
        if isinstance(why, dict):
            raise UncheckedFault(f"{path}: {id}: write the whole id in quotes")
        try:
            lookup(id)
        except KeyError as fault:
            raise UncheckedFault(f"{path}: {id}: {fault.args[0]}") from None
        if not isinstance(why, str) or not why.strip():
            raise UncheckedFault(f"{path}: {id}: the why is empty")
    return MappingProxyType(entries)


@functools.cache
def unchecked() -> Mapping[str, str]:
    """The project's own list."""
    return read(PATH)
