"""Names of signals. Must not know who sends them. signal(7)"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]

from runtime_ref.errors import RuntimeFault

FIRST_REAL_TIME, LAST = 34, 64  # as libc counts: it keeps 32 and 33 for itself


def number(word: str) -> int:
    """The number of a signal given as number or name: 9, KILL, SIGKILL, RTMIN+3. Raises RuntimeFault."""
    if word.isascii() and word.isdecimal() and 1 <= int(word) <= LAST:
        return int(word)
    name = word.upper().removeprefix("SIG")
    for start, base, sign in (("RTMIN", FIRST_REAL_TIME, 1), ("RTMAX", LAST, -1)):
        rest = name.removeprefix(start)
        if rest != name and (not rest or (rest[0] == "+-"[sign < 0] and rest[1:].isdecimal())):
            found = base + sign * int(rest[1:] or 0)
            if FIRST_REAL_TIME <= found <= LAST:
                return found
    value = getattr(_signal, "SIG" + name, None)
    if isinstance(value, int) and not name.startswith("_") and value > 0:
        return int(value)
    raise RuntimeFault("signal", f"{word!r} is no signal")
