"""Text from a runtime made harmless to look at: control characters shown, not obeyed; lines wrapped.

Knows characters and widths. Must not know records: what a text means is not its concern.
"""

from __future__ import annotations

import re
import textwrap

# C0 and C1 without tab and newline; what turns the reading direction or hides itself; lone surrogates.
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def _shown(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def visible(text: object) -> str:
    """The text with every control, direction and invisible character spelled out, newlines and tabs left alone."""
    plain = str(text)
    return plain if plain.isascii() and plain.isprintable() else _ODD.sub(_shown, plain)


def one_line(text: object) -> str:
    """The same on one line: a newline becomes a visible mark."""
    return visible(text).replace("\n", "⏎").replace("\t", " ")


def shorten(text: str, length: int) -> str:
    """At most `length` characters, the cut told by an ellipsis."""
    return text if len(text) <= length else text[: max(length - 1, 0)] + "…"


def folded(label: str, text: str, *, width: int = 80, margin: int = 12) -> list[str]:
    """Lines `  label     text`, wrapped at `width` under the text's own first column; newlines of the text are kept."""
    room = max(width - margin, 20)
    out: list[str] = []
    for piece in visible(text).split("\n") or [""]:
        out += textwrap.wrap(piece, room, break_long_words=True, break_on_hyphens=False, drop_whitespace=True) or [""]
    head = f"  {label}".ljust(margin)
    return [(head if i == 0 else " " * margin) + line for i, line in enumerate(out)]
