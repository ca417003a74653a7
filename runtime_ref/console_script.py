"""The entry point that pip's own launcher calls. It starts slower than the launcher of `install`; all else is the same."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Runs the command line and ends the process."""
    gc.disable()
    from runtime_ref import cli

    cli.main(sys.argv)
