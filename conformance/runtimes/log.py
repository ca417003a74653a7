"""A runtime's log as entries: JSON objects, the lines that logrus writes, or plain text.

Knows the shapes of log text. It must not know which runtime wrote it, nor what an entry means.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

MOST_ENTRIES: Final = 1000
_DECODER: Final = json.JSONDecoder(strict=False)
_PAIR: Final = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))\s*')
_KEYS: Final = {"level": "level", "msg": "msg", "message": "msg", "time": "time", "timestamp": "time"}


def entries(text: str) -> list[dict[str, Any]]:
    """The entries in order, at most MOST_ENTRIES: ``{"level": str | None, "msg": str, "time": str | None}``.

    A JSON object may go over several lines. What is neither an object nor a line of ``key=value`` becomes an entry
    whose msg is the line.
    """
    found: list[dict[str, Any]] = []
    at = 0
    while len(found) < MOST_ENTRIES:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            break
        if text[at] == "{":
            try:
                value, at = _DECODER.raw_decode(text, at)
                found.append(_from_json(value))
                continue
            except (ValueError, RecursionError):
                pass
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        found.append(_from_line(text[at:end].rstrip()))
        at = end
    return found


def _from_json(value: dict[str, Any]) -> dict[str, Any]:
    known = {**value, **value["fields"]} if isinstance(value.get("fields"), dict) else value
    entry: dict[str, Any] = {"level": None, "msg": "", "time": None}
    for key, name in _KEYS.items():
        said = known.get(key)
        if said is not None and not entry[name]:
            entry[name] = said if isinstance(said, str) else json.dumps(said)
    if not entry["msg"]:
        entry["msg"] = json.dumps(value)
    if entry["level"]:
        entry["level"] = entry["level"].lower()
    return entry


def _from_line(line: str) -> dict[str, Any]:
    at, pairs = 0, {}
    while pair := _PAIR.match(line, at):
        quoted = pair[2] is not None
        pairs[pair[1]] = re.sub(r'\\(["\\])', r"\1", pair[2]) if quoted else pair[3]
        at = pair.end()
    if at == len(line) and "msg" in pairs:
        return {"level": pairs.get("level"), "msg": pairs["msg"], "time": pairs.get("time")}
    return {"level": None, "msg": line, "time": None}
