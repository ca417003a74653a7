"""Python's `os` without what `import os` costs: a tenth of a container's time goes into abstract classes that nobody here uses.

The calls are those of `posix`, which every interpreter has loaded, and `path` has those functions of os.path that the runtime uses, with
their names and meanings. Anything else comes from the real module at the time it is asked for.
"""

from __future__ import annotations

import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import *  # noqa: F403
    from os import _exit, environ, fsdecode, fsencode, path, walk  # noqa: F401
    from typing import Any
else:
    from posix import *  # noqa: F403
    from posix import _exit  # noqa: F401

    del environ  # of bytes here, not of strings

    def __getattr__(name: str) -> Any:
        import os

        return getattr(os, name)

    def fsencode(name: str | bytes) -> bytes:
        return name if isinstance(name, bytes) else name.encode(sys.getfilesystemencoding(), "surrogateescape")

    def fsdecode(name: str | bytes) -> str:
        return name if isinstance(name, str) else name.decode(sys.getfilesystemencoding(), "surrogateescape")

    class path:
        """As os.path."""

        @staticmethod
        def join(above: str, name: str) -> str:
            return name if name.startswith("/") or not above else above + name if above.endswith("/") else f"{above}/{name}"

        @staticmethod
        def normpath(name: str) -> str:
            parts: list[str] = []
            for part in name.split("/"):
                if part == ".." and (parts[-1:] not in ([], [".."]) or name.startswith("/")):
                    del parts[-1:]
                elif part not in ("", "."):
                    parts.append(part)
            return ("/" if name.startswith("/") else "") + "/".join(parts) or "."

        @staticmethod
        def abspath(name: str) -> str:
            return path.normpath(name if name.startswith("/") else path.join(posix.getcwd(), name))

        @staticmethod
        def dirname(name: str) -> str:
            above, slash, _ = name.rpartition("/")
            return above.rstrip("/") or slash

        @staticmethod
        def basename(name: str) -> str:
            return name.rpartition("/")[2]

        @staticmethod
        def exists(name: str) -> bool:
            return path._mode(posix.stat, name) is not None

        @staticmethod
        def lexists(name: str) -> bool:
            return path._mode(posix.lstat, name) is not None

        @staticmethod
        def isdir(name: str) -> bool:
            return (path._mode(posix.stat, name) or 0) & 0o170000 == 0o040000

        @staticmethod
        def _mode(look: Any, name: str) -> int | None:
            try:
                return look(name).st_mode
            except (OSError, ValueError):
                return None
