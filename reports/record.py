"""The record of a run, one JSON object a line: a header, a check's verdict on a runtime each, a footer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Writer:
    """Appends whole lines; each is on disk when the call returns to the caller."""

    def __init__(self, path: Path) -> None:
        self._file = open(path, "x", encoding="utf-8")

    def _line(self, record: dict[str, Any]) -> None:
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()

    header = check = footer = _line

    def close(self) -> None:
        """End the file."""
        self._file.close()
