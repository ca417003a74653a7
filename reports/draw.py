"""Everything that is drawn from a record."""

from __future__ import annotations

from pathlib import Path


def draw(folder: Path) -> None:
    """Draw all into the run's folder."""
