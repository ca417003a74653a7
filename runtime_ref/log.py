"""Errors and warnings on their way out: to stderr, and to the file of --log, as text or as JSON lines.

Knows the two forms. A JSON line has `level`, `msg` and `time` (RFC 3339), which engines read, and `step` and `where` (the JSON
path in config.json) where they are known. Must not know what failed. Imported only when there is something to say.
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/runtime.md#errors, #warnings
"""

from __future__ import annotations

import sys
import time

from runtime_ref import text
from runtime_ref.errors import RuntimeFault, Usage
from runtime_ref.kernel import os

if False:
    from typing import Any


def failed(settings: dict[str, Any], fault: BaseException) -> int:
    """Reports the error that ends a command; the exit code: 2 for a faulty command line, else 1."""
    if isinstance(fault, RuntimeFault):
        step, where = fault.step, fault.where
    else:
        step = where = ""
    if isinstance(fault, (RuntimeFault, OSError)) and "debug" not in settings:
        words = str(fault) if isinstance(fault, RuntimeFault) else said(fault)
    else:
        import traceback

        words = "".join(traceback.format_exception(fault)).strip()
    say(settings, "error", words, step, where)
    return 2 if isinstance(fault, Usage) else 1


def said(fault: OSError) -> str:
    """An OSError in words: the path, and what is wrong with it."""
    why = fault.strerror or str(fault)
    if not fault.filename:
        return why
    return f"{os.fsdecode(fault.filename) if isinstance(fault.filename, (str, bytes)) else fault.filename}: {why}"


def warn(settings: dict[str, Any], words: str, step: str = "") -> None:
    """Logs a warning: nothing else comes of it."""
    say(settings, "warning", words, step)


def debug(settings: dict[str, Any], words: str) -> None:
    """Logs what only --debug wants to know."""
    if "debug" in settings:
        say(settings, "debug", words)


def say(settings: dict[str, Any], level: str, words: str, step: str = "", where: str = "") -> None:
    """Writes one entry. A log that cannot be written is no reason to fail."""
    entry = {"level": level, "msg": words, "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    for name, value in (("step", step), ("where", where)):
        if value:
            entry[name] = value
    as_json = settings.get("log-format") == "json"
    plain = f"runtime-ref: {level}: {words}\n"
    path = settings.get("log")
    if path:
        line = text.dumps(entry) + "\n" if as_json else f"time={entry['time']} level={level} msg={text.dumps(words)}\n"
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOCTTY, 0o644)
            try:
                os.write(fd, line.encode("utf-8", "backslashreplace"))
            finally:
                os.close(fd)
        except OSError as fault:
            plain += f"runtime-ref: warning: --log {path}: {fault.strerror}\n"
    elif as_json:
        plain = text.dumps(entry) + "\n"
    if not sys.stderr:
        return  # closed by the caller
    try:
        sys.stderr.write(plain)
        sys.stderr.flush()
    except (OSError, ValueError, UnicodeError):
        pass
