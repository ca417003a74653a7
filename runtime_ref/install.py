"""Writes the launcher: `python -m runtime_ref.install TARGET` for this source tree, `--prefix PREFIX` for a copy of its own.

Knows where the interpreter, the package and cffi's C part are. pip cannot do this: it drops what follows the interpreter's
name in the first line, and `site` then costs more than all of a run.
"""

from __future__ import annotations
import __future__

import ast
import marshal
import os
import subprocess
import sys
from importlib.util import MAGIC_NUMBER

from runtime_ref.pack import HEAD

if False:
    from collections.abc import Iterator

    from runtime_ref.pack import Entry

PROVE = "import sys; sys.path.append(sys.argv[1]); import _cffi_backend; from importlib.util import MAGIC_NUMBER as m; print(m.hex())"
EXTENSIONS = """
import sys
sys.path.append(sys.argv[1])
for name in ("_cffi_backend", "_json", "_socket", "_struct", "fcntl", "select"):
    file = getattr(__import__(name), "__file__", None)
    if file:
        print(name, file)
"""
HERE = os.path.dirname(os.path.abspath(__file__))
SHEBANG_MAX = 255  # execve(2)


def launcher(target: str, paths: list[str]) -> None:
    """Writes the launcher to the file `target`, which it replaces; `paths` is where it finds its modules, the package in the first."""
    python = interpreter()
    with open(os.path.join(HERE, "launcher.template"), encoding="utf-8") as file:
        text = file.read()
    text = text.replace("@PYTHON@", python)
    values = {"PATHS": paths, "PACK": pack_of(paths[0]), "HEAD": HEAD, "START": len(MAGIC_NUMBER)}
    for name, value in values.items():
        text = text.replace(f"@{name}@", repr(value))
    first = text.partition("\n")[0]
    if " " in python or len(first) > SHEBANG_MAX:
        # A shell's line that Python reads as a string.
        text = f"#!/bin/sh\n''':'\nexec '{python}' -IS \"$0\" \"$@\"\n'''\n" + text.partition("\n")[2]
    temporary = f"{target}.{os.getpid()}"
    with open(temporary, "x", encoding="utf-8") as file:  # through no link of somebody else
        file.write(text)
    os.chmod(temporary, 0o755)
    os.rename(temporary, target)


def backend() -> str:
    """The file of cffi's C part."""
    import _cffi_backend

    return os.path.abspath(_cffi_backend.__file__)


def here(target: str) -> None:
    """A launcher that runs this very source tree."""
    compile_all(os.path.dirname(HERE))
    launcher(target, [os.path.dirname(HERE), os.path.dirname(backend())])


def prefix(folder: str) -> None:
    """Copies package, C part and jeepney to PREFIX/lib/runtime-ref and writes PREFIX/bin/runtime-ref, for every user to read."""
    import compileall
    import shutil

    import jeepney  # type: ignore[import-untyped]

    os.umask(0o022)
    library = os.path.join(os.path.abspath(folder), "lib", "runtime-ref")
    shutil.rmtree(library, ignore_errors=True)
    shutil.copytree(HERE, os.path.join(library, "runtime_ref"), ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(backend(), library)
    bus = os.path.join(library, "jeepney")
    shutil.copytree(os.path.dirname(jeepney.__file__), bus, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    compileall.compile_dir(bus, quiet=1)
    compile_all(library, library)
    for here, _, files in os.walk(library):
        os.chmod(here, 0o755)  # the source's modes came along
        for file in files:
            os.chmod(os.path.join(here, file), 0o644)
    os.makedirs(os.path.join(folder, "bin"), exist_ok=True)
    launcher(os.path.join(folder, "bin", "runtime-ref"), [library])


def interpreter() -> str:
    """The interpreter that the launcher names: the distribution's, where it has our version and loads cffi's C part, else ours.

    It is built for a quick start (2 ms of 12), and a runtime that root uses should not hang on somebody's home folder.
    """
    ours, system = os.path.realpath(sys.executable), f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    try:
        done = subprocess.run([system, "-IS", "-c", PROVE, os.path.dirname(backend())], capture_output=True, timeout=60, check=False)
    except OSError:
        return ours
    return system if done.stdout.strip() == MAGIC_NUMBER.hex().encode() else ours


def pack_of(folder: str) -> str:
    """Where the pack of the package in `folder` is, beside the byte code of this version of the interpreter."""
    return os.path.join(folder, "runtime_ref", "__pycache__", f"pack.{sys.implementation.cache_tag}")


def compile_all(folder: str, extensions: str = "") -> None:
    """The byte code of the package in `folder`, so that the first user need not be allowed to write it, and its pack.

    `extensions`: where cffi's C part is, if not where it is here.
    """
    import compileall

    os.umask(os.umask(0o077) | 0o022)  # whatever it is: what is written here is run with all rights
    compileall.compile_dir(os.path.join(folder, "runtime_ref"), quiet=1)
    entries: dict[str, Entry] = {}
    codes, offset = [], HEAD
    for name, path in shared_objects(extensions or os.path.dirname(backend())):
        entries[name] = (*_about(path), False, 0, 0, ())
    modules = dict(_modules(folder))
    for name, path in modules.items():
        tree = _tree(path)
        code = marshal.dumps(compile(tree, path, "exec", __future__.annotations.compiler_flag, dont_inherit=True, optimize=2))
        entries[name] = (*_about(path), path.endswith("/__init__.py"), offset, len(code), tuple(each for each in _imported(tree) if each in modules))
        codes.append(code)
        offset += len(code)
    loader = compile(_tree(os.path.join(folder, "runtime_ref", "pack.py")), "pack.py", "exec", optimize=2)
    head = MAGIC_NUMBER + marshal.dumps((loader, entries))
    temporary = f"{pack_of(folder)}.{os.getpid()}"
    with open(temporary, "xb") as out:
        out.write(head.ljust(HEAD, b"\0") + b"".join(codes))
    os.rename(temporary, pack_of(folder))


def shared_objects(folder: str) -> Iterator[tuple[str, str]]:
    """Name and file of the modules in C that a run needs and the launcher's interpreter has not built in; cffi's is in `folder`."""
    told = subprocess.run([interpreter(), "-IS", "-c", EXTENSIONS, folder], capture_output=True, text=True, timeout=60, check=True)
    for line in told.stdout.splitlines():
        name, _, path = line.partition(" ")
        yield name, path


def _modules(folder: str) -> Iterator[tuple[str, str]]:
    """Name and source of every module of the package in `folder`."""
    for here, _, files in os.walk(os.path.join(folder, "runtime_ref")):
        for file in sorted(files):
            if file.endswith(".py"):
                path = os.path.join(here, file)
                yield os.path.relpath(path, folder).removesuffix(".py").removesuffix("/__init__").replace("/", "."), path


def _about(path: str) -> tuple[str, int, int]:
    found = os.stat(path)
    return path, found.st_mtime_ns, found.st_size


def _tree(path: str) -> ast.Module:
    """A source file, parsed; without the import of __future__, which is a module to be found as well."""
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read(), path)
    tree.body = [line for line in tree.body if not (isinstance(line, ast.ImportFrom) and line.module == "__future__")]
    return tree


def _imported(tree: ast.Module) -> Iterator[str]:
    """What may be modules that a source imports at its top: `from a import b` loads a, and a.b where that is one."""
    for line in tree.body:
        if isinstance(line, ast.ImportFrom) and line.module:
            yield line.module
            for alias in line.names:
                yield f"{line.module}.{alias.name}"


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
