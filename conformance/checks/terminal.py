"""What the program's standard streams are: terminals of a size, the console socket's message, and lines that come and go."""

from __future__ import annotations

import json
from collections.abc import Sequence

from conformance.checks import Finding, NotSeen, check, inside, same
from conformance.observation import Json, Observation


@check
def terminal_is(seen: Observation, rows: int, columns: int) -> Finding:
    """Rows and columns of the terminal on standard input."""
    tty = inside(seen).doc.get("tty")
    got = f"{tty['rows']} x {tty['cols']}" if tty else "no terminal"
    return same(f"{rows} x {columns}", got, "inside, TIOCGWINSZ")


@check
def terminals(seen: Observation, *wanted: bool) -> Finding:
    """Whether each of descriptors 0, 1, 2 is a terminal."""
    found = seen.said("isatty")
    if not found:
        raise NotSeen("isatty was not asked")
    return same([_yes(w) for w in wanted], [_yes(bool(f)) for f in _list(found[0].get("fds"))], "inside, isatty(3) of 0, 1, 2")


def _yes(is_one: bool) -> str:
    return "terminal" if is_one else "none"


def _list(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list) else []


@check
def console_message(seen: Observation) -> Finding:
    """The console socket got one message with exactly one descriptor, and that is a terminal's master."""
    facts = seen.console or {}
    good = facts.get("descriptors") == 1 and facts.get("tty") == [True]
    observed = "nothing" if not facts else f"{facts.get('descriptors')} descriptors" if facts.get("descriptors") != 1 else "no terminal"
    return Finding(ok=good, expected="one terminal", observed="one terminal" if good else observed, where="console socket")


@check
def hears(seen: Observation, text: str) -> Finding:
    """The line that the program read from its standard input."""
    found = seen.said("line")
    if not found:
        raise NotSeen("the program read no line")
    return same(text, found[0].get("text"), "inside, standard input")


@check
def writes(seen: Observation, stream: str, text: str) -> Finding:
    """A line that the program wrote arrives on the stream ("stdout" or "stderr") that create was given, and on it alone."""
    got = [name for name in ("stdout", "stderr") if text in getattr(seen, name).splitlines()]
    return same([stream], got, "the streams of create")


@check
def one_terminal(seen: Observation) -> Finding:
    """Standard input, output and error are one and the same terminal, and it is the program's controlling one."""
    doc = inside(seen).doc
    names = {str((doc.get("fds") or {}).get(fd)) for fd in ("0", "1", "2")}
    controlling = bool((doc.get("tty") or {}).get("controlling"))
    got = f"{'one terminal' if len(names) == 1 else 'several terminals'}, {'' if controlling else 'not '}controlling"
    return same("one terminal, controlling", got, "inside, descriptors 0, 1, 2 and /dev/tty", raw=" ".join(sorted(names)))


@check
def console_request(seen: Observation) -> Finding:
    """What came with the terminal over the console socket: the request of the command-line document, or another text. To be recorded."""
    text = str((seen.console or {}).get("message", ""))
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if isinstance(document, dict):
        got = f"JSON with {' '.join(sorted(document)) or 'nothing'}"
    else:
        got = "the name of a terminal" if text.startswith(("/dev/", "pty")) else "other text" if text.strip("\0 ") else "nothing"
    return same("JSON with container type", got, "console socket, the message", raw=text[:200])


@check
def input_ends(seen: Observation) -> Finding:
    """The program that reads a line meets the end of its standard input, with nothing before."""
    found = seen.said("line")
    if not found:
        raise NotSeen("the program read no line")
    got = "the end" if found[0].get("eof") and not found[0].get("text") else "something else"
    return same("the end", got, "inside, standard input", raw=str(found[0].get("text"))[:80])


__all__ = [
    "console_message",
    "console_request",
    "hears",
    "input_ends",
    "one_terminal",
    "terminal_is",
    "terminals",
    "writes",
]
