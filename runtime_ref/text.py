"""JSON texts that the runtime writes: state, log lines, events. (Reading is in `spec`.)

The `json` package costs 8 ms to import, so the C encoder beneath it is asked directly, in this one place.
"""

from __future__ import annotations

if False:
    from typing import Any


def dumps(value: Any) -> str:
    """A value as JSON on one line, in ASCII."""
    try:
        from _json import encode_basestring_ascii as quoted
        from _json import make_encoder

        encoder: Any = make_encoder(None, _strange, quoted, None, ": ", ", ", False, False, True)
        return "".join(encoder(value, 0))
    except (ImportError, TypeError, AttributeError):
        import json

        return json.dumps(value)


def pretty(value: Any) -> str:
    """A value as JSON for people: indented by two."""
    return _indented(value, "\n")


def _indented(value: Any, line: str) -> str:
    below = line + "  "
    if isinstance(value, dict) and value:
        return "{" + ",".join(f"{below}{dumps(str(k))}: {_indented(v, below)}" for k, v in value.items()) + line + "}"
    if isinstance(value, (list, tuple)) and value:
        return "[" + ",".join(below + _indented(v, below) for v in value) + line + "]"
    return dumps(value)


def _strange(value: object) -> object:
    raise TypeError(f"no JSON for {type(value).__name__}")
