"""Which runtime is this: from a word of the command line to a Runtime.

Knows the families and in which order to try them. It must not know what is asked of a runtime later.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from conformance.runtimes import crun, reference, runc, runsc, youki
from conformance.runtimes.ask import Answer, ask
from conformance.runtimes.base import Adapter, Features, Runtime, RuntimeUnusable

__all__ = ["ADAPTERS", "FALLBACK", "Adapter", "Runtime", "RuntimeUnusable", "recognise", "resolve"]

FALLBACK: Final = runc.ADAPTER
ADAPTERS: Final = (reference.ADAPTER, runc.ADAPTER, crun.ADAPTER, youki.ADAPTER, runsc.ADAPTER)
_ENV: Final = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


def resolve(option: str) -> tuple[str, Path]:
    """Name and path that a value of ``--runtime`` stands for.

    A path, a name on PATH, ``NAME=`` with one of these, or ``reference``. RuntimeUnusable if there is nothing of that
    name; whether a path leads to a usable file is seen by ``recognise``.
    """
    name, equals, rest = option.partition("=")
    if equals and "/" not in name:
        if not _NAME.fullmatch(name):
            raise RuntimeUnusable(f"--runtime={option}: a name is made of letters, digits and . _ + -")
        return name, resolve(rest)[1]
    if not option:
        raise RuntimeUnusable("--runtime: a path, a name on PATH, NAME=PATH or 'reference' is needed")
    if option == "reference":
        launcher = Path(sys.executable).parent / reference.LAUNCHER
        if not launcher.exists():
            raise RuntimeUnusable(f"the launcher of the reference runtime is missing ({launcher}): run 'make setup'")
        return option, launcher
    if "/" in option:
        return Path(option).name or "runtime", Path(os.path.abspath(option))
    found = shutil.which(option)
    if found is None:
        raise RuntimeUnusable(f"there is no {option} on PATH; install it, or give its path")
    return option, Path(os.path.abspath(found))


def recognise(
    path: Path,
    name: str | None = None,
    extra_args: Sequence[str] = (),
    timeout: float = 10.0,
    env: Mapping[str, str] | None = None,
) -> Runtime:
    """Ask the binary who it is: ``--version``, then ``features``, each within ``timeout`` seconds.

    ``extra_args`` are put before everything at each call (``--runtime-arg``); ``env`` is added to its environment
    (by that the harness finds what escapes). A binary of no known family is treated like runc, version "unknown" if it
    states none. RuntimeUnusable if it is missing, cannot be executed, hangs, floods, dies of a signal or answers with
    what is no text.
    """
    path = Path(os.path.abspath(path))
    _look_at(path)
    argv = (str(path), *extra_args)
    env = {**_ENV, **(env or {})}
    answer = _question(path, [*argv, *FALLBACK.version_words], env, timeout)
    output = _text(path, answer)
    adapter, version, recognised = _family(output)
    features = None if "features" in adapter.absent else _features([*argv, "features"], env, timeout)
    spec_min, spec_max = adapter.spec_range(output, features)
    return Runtime(
        name=name or path.name,
        path=path,
        argv=argv,
        version=version,
        sha256=_sha256(path, adapter),
        spec_min=spec_min,
        spec_max=spec_max,
        features=features,
        adapter=adapter,
        version_output=output,
        recognised=recognised,
    )


def _look_at(path: Path) -> None:
    if not path.exists():
        hint = "a link that leads nowhere" if path.is_symlink() else "no such file"
        raise RuntimeUnusable(f"runtime {path}: {hint}")
    if not path.is_file():
        raise RuntimeUnusable(f"runtime {path}: not a file")
    if not os.access(path, os.X_OK):
        raise RuntimeUnusable(f"runtime {path}: not executable")


def _question(path: Path, argv: Sequence[str], env: Mapping[str, str], timeout: float) -> Answer:
    try:
        return ask(argv, env, timeout)
    except OSError as fault:
        why = {
            errno.ENOENT: "its interpreter (the #! line or the ELF loader) is missing",
            errno.ENOEXEC: "neither a program for this machine nor a script with a #! line",
        }.get(fault.errno or 0, fault.strerror or str(fault))
        raise RuntimeUnusable(f"runtime {path}: cannot be started: {why}") from None


def _text(path: Path, answer: Answer) -> str:
    """The version output, if it is one."""
    call = f"runtime {path}: --version"
    if answer.timed_out:
        raise RuntimeUnusable(f"{call} did not end in time")
    if answer.flooded:
        raise RuntimeUnusable(f"{call} wrote more than a mebibyte")
    if answer.signal is not None:
        try:
            dead = signal.Signals(answer.signal).name
        except ValueError:
            dead = f"signal {answer.signal}"
        raise RuntimeUnusable(f"{call} was ended by {dead}")
    try:
        output = answer.stdout.decode("utf-8")
    except UnicodeDecodeError:
        output = "\0"
    if any(ord(sign) < 32 and sign not in "\t\n\r\x1b" for sign in output):
        raise RuntimeUnusable(f"{call} answered with bytes that are no text: {answer.stdout[:24]!r}")
    return output


def _family(output: str) -> tuple[Adapter, str, bool]:
    for adapter in ADAPTERS:
        version = adapter.version_of(output)
        if version is not None:
            return adapter, version, True
    first = output.partition("\n")[0]
    found = re.search(r"\bv?(\d+\.\d+\S*)", first)
    return FALLBACK, found[1][:60] if found else "unknown", False


def _features(argv: Sequence[str], env: Mapping[str, str], timeout: float) -> Features | None:
    try:
        answer = ask(argv, env, timeout)
        document = json.loads(answer.stdout) if answer.exit == 0 else None
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _sha256(path: Path, adapter: Adapter) -> str:
    """The digest of the binary; for this project's reference, whose launcher says nothing of it, of the launcher and all sources."""
    files = [path]
    if adapter is reference.ADAPTER and path.parent == Path(sys.executable).parent:
        files += sorted((Path(__file__).parents[2] / "runtime_ref").rglob("*.py"))
    try:
        digest = hashlib.sha256()
        for file in files:
            digest.update(file.read_bytes())
        return digest.hexdigest()
    except OSError as fault:
        raise RuntimeUnusable(f"runtime {path}: cannot be read: {fault.strerror}") from None
