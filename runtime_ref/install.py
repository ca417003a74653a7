"""Writes the launcher: `python -m runtime_ref.install TARGET` for this source tree, `--prefix PREFIX` for a copy of its own.

Knows where the interpreter, the package and cffi's C part are. pip cannot do this: it drops what follows the interpreter's
name in the first line, and `site` then costs more than all of a run.
"""

from __future__ import annotations

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SHEBANG_MAX = 255  # execve(2)


def launcher(target: str, paths: list[str]) -> None:
    """Writes the launcher to the file `target`, which it replaces; `paths` is where it finds its modules."""
    python = os.path.realpath(sys.executable)
    with open(os.path.join(HERE, "launcher.template"), encoding="utf-8") as file:
        text = file.read()
    text = text.replace("@PYTHON@", python).replace("@PATHS@", repr(paths))
    first = text.partition("\n")[0]
    if " " in python or len(first) > SHEBANG_MAX:
        # A shell's line that Python reads as a string.
        text = f"#!/bin/sh\n''':'\nexec '{python}' -IS \"$0\" \"$@\"\n'''\n" + text.partition("\n")[2]
    temporary = f"{target}.{os.getpid()}"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(temporary, 0o755)
    os.rename(temporary, target)


def backend() -> str:
    """The file of cffi's C part."""
    import _cffi_backend

    return os.path.abspath(_cffi_backend.__file__)


def here(target: str) -> None:
    """A launcher that runs this very source tree."""
    _compile(HERE)
    launcher(target, [os.path.dirname(HERE), os.path.dirname(backend())])


def prefix(folder: str) -> None:
    """Copies package and C part to PREFIX/lib/runtime-ref and writes PREFIX/bin/runtime-ref."""
    import shutil

    library = os.path.join(os.path.abspath(folder), "lib", "runtime-ref")
    shutil.rmtree(library, ignore_errors=True)
    shutil.copytree(HERE, os.path.join(library, "runtime_ref"), ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(backend(), library)
    _compile(library)
    os.makedirs(os.path.join(folder, "bin"), exist_ok=True)
    launcher(os.path.join(folder, "bin", "runtime-ref"), [library])


def _compile(folder: str) -> None:
    """The byte code, so that the first user need not be allowed to write it."""
    import compileall

    compileall.compile_dir(folder, quiet=1)


def main(argv: list[str]) -> int:
    """The command line."""
    if len(argv) == 3 and argv[1] == "--prefix":
        prefix(argv[2])
    elif len(argv) == 2 and not argv[1].startswith("-"):
        here(argv[1])
    else:
        print("usage: python -m runtime_ref.install TARGET | --prefix PREFIX", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
