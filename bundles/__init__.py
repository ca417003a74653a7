"""How a bundle is made: a base configuration, merge patches over it, a rootfs with the probe in it, a folder on disk.

Imports nothing else of this project. Knows the shape of config.json; must not know how a runtime is called or judged.
"""

from bundles import patches, probe, rootfs, schema
from bundles.document import Document, Patch, base, fill, merge, placeholders, write
from bundles.variants import pairwise

__all__ = [
    "Document",
    "Patch",
    "base",
    "fill",
    "merge",
    "pairwise",
    "patches",
    "placeholders",
    "probe",
    "rootfs",
    "schema",
    "write",
]
