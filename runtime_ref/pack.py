"""The pack: all modules of the runtime, compiled, in one file. Python's own search for forty modules takes longer than a container does.

`install` writes it for one interpreter, and the launcher puts a `Finder` for it in front of Python's own. With a module come all that it
imports at its top, without the ceremony of `import`. Each is checked against the time and size of its source; one that does not fit is left
to Python, so a stale pack costs only speed. Must not know what the modules do.

    The file: the magic number that the interpreter's .pyc files have; marshal data (code of this module, {name: Entry});
    then marshal data of each module's code, at the offsets that the entries tell.
"""

from __future__ import annotations

import marshal
import posix
import sys

# What importlib.machinery gives, which costs 2 ms.
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import ExtensionFileLoader

if False:
    from types import ModuleType
    from typing import Any

    Entry = tuple[str, int, int, bool, int, int, tuple[str, ...]]
    """Source, its time in ns and size, is it a package, offset and length of the code, what comes along.

    A shared object is its own source."""

HEAD = 1 << 15  # bytes that the launcher reads: all up to the modules' code


class Finder:
    """Finder and loader (importlib.abc) of the modules in the pack `file`; `about`: what stat(2) said of it when `entries` were read."""

    def __init__(self, file: str, entries: dict[str, Entry], about: posix.stat_result) -> None:
        self.file = file
        self.entries = entries
        self.about = about

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The spec of a module whose source is what was packed, else None. What it will import is loaded already then."""
        if not self._fits(name):
            return None
        source, _, _, package, _, length, along = self.entries[name]
        if not length:
            return ModuleSpec(name, ExtensionFileLoader(name, source), origin=source)
        fd = self._open()
        if fd < 0:
            return None
        try:
            for each in along:
                self._bring(each, fd)
            code = self._code(name, fd)
        finally:
            posix.close(fd)
        if code is None:
            return None
        loader: Any = self
        spec: Any = ModuleSpec(name, loader, origin=source, is_package=package)
        spec.has_location = True
        if package:
            spec.submodule_search_locations.append(_folder(source))
        spec.loader_state = code
        return spec

    def create_module(self, spec: Any) -> None:
        """The usual module object."""

    def exec_module(self, module: ModuleType) -> None:
        """Runs the module's code."""
        spec: Any = module.__spec__
        exec(spec.loader_state, module.__dict__)

    def _bring(self, name: str, fd: int) -> None:
        """Loads a module as `import` would, and first what it will import."""
        modules = sys.modules
        if name in modules or not self._fits(name):
            return
        source, _, _, package, _, _, along = self.entries[name]
        code = self._code(name, fd)
        if code is None:
            return
        for each in along:
            self._bring(each, fd)
        module: Any = type(sys)(name)
        above, _, last = name.rpartition(".")
        module.__file__, module.__loader__, module.__package__ = source, self, above
        if package:
            module.__path__, module.__package__ = [_folder(source)], name
        modules[name] = module
        exec(code, module.__dict__)
        if above:
            setattr(modules[above], last, module)

    def _open(self) -> int:
        """A descriptor of the pack; -1 where there is another by now, in which the entries' offsets are of something else."""
        try:
            fd = posix.open(self.file, posix.O_RDONLY | posix.O_CLOEXEC)
        except OSError:
            return -1
        now, then = posix.fstat(fd), self.about
        if (now.st_ino, now.st_mtime_ns, now.st_size) == (then.st_ino, then.st_mtime_ns, then.st_size):
            return fd
        posix.close(fd)
        return -1

    def _code(self, name: str, fd: int) -> Any:
        """The code of a module; None where the pack ends too early."""
        _, _, _, _, offset, length, _ = self.entries[name]
        data = posix.pread(fd, length, offset)
        return marshal.loads(data) if len(data) == length else None

    def _fits(self, name: str) -> bool:
        entry = self.entries.get(name)
        if entry is None:
            return False
        try:
            now = posix.stat(entry[0])
        except OSError:
            return False
        return now.st_mtime_ns == entry[1] and now.st_size == entry[2]


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
