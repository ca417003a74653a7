"""The static in-container probe: its C sources and how they become one file.

Knows compilers and the cache folder; knows nothing of bundles or of what the probe reports.
"""

from bundles.probe.binary import NoCompiler, build

__all__ = ["NoCompiler", "build"]
