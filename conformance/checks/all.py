"""Every check there is, by name: what author.py re-exports. A new module of checks gets a line here."""

from __future__ import annotations

from conformance.checks import about, labelled, recorded
from conformance.checks.process import *  # noqa: F403
from conformance.checks.timeline import *  # noqa: F403

__all__ = ["about", "labelled", "recorded"]  # noqa: RUF100
