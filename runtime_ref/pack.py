"""The pack: all modules of the runtime, compiled, in one file. Python's own search for forty modules takes longer than a container does.

`install` writes it for one version of the interpreter, and the launcher puts a `Finder` for it in front of Python's own. Each module is
checked against the time and size of its source; one that does not fit is left to Python, so a stale pack costs only speed.
Must not know what the modules do.

    The file: the magic number that the interpreter's .pyc files have; marshal data (code of this module, {name: Entry});
    then marshal data of each module's code, at the offsets that the entries tell.
"""

from __future__ import annotations

import marshal
import posix

# What importlib.machinery gives, which costs 2 ms.
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import ExtensionFileLoader

if False:
    from types import ModuleType
    from typing import Any

    Entry = tuple[str, int, int, bool, int, int]
    """Source, its time in ns and size, is it a package, offset and length of the code. A shared object is its own source."""

HEAD = 1 << 15  # bytes that the launcher reads: all up to the modules' code


class Finder:
    """Finder and loader (importlib.abc) of the modules in the pack `file`."""

    def __init__(self, file: str, entries: dict[str, Entry]) -> None:
        self.file = file
        self.entries = entries

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The spec of a module whose source is what was packed, else None."""
        entry = self.entries.get(name)
        if entry is None:
            return None
        source, mtime, size, package, _, _ = entry
        try:
            now = posix.stat(source)
        except OSError:
            return None
        if now.st_mtime_ns != mtime or now.st_size != size:
            return None
        loader: Any = self if source.endswith(".py") else ExtensionFileLoader(name, source)
        spec: Any = ModuleSpec(name, loader, origin=source, is_package=package)
        spec.has_location = True
        if package:
            spec.submodule_search_locations.append(source.rpartition("/")[0])
        return spec

    def create_module(self, spec: Any) -> None:
        """The usual module object."""

    def exec_module(self, module: ModuleType) -> None:
        """Runs the module's code."""
        *_, offset, length = self.entries[module.__name__]
        fd = posix.open(self.file, posix.O_RDONLY | posix.O_CLOEXEC)
        try:
            code = marshal.loads(posix.pread(fd, length, offset))
        finally:
            posix.close(fd)
        exec(code, module.__dict__)
