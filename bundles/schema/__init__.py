"""Faults of a config.json, state or features document against spec 1.3, each with its JSON path.

Three sources: own JSON Schemas (2020-12) beside this file, rules a schema cannot say (rules.py), and what only
the bytes show (encoding, repeated names). Knows documents; must not know bundles on disk, runtimes or cases.
"""

from bundles.schema.faults import Fault, Kind, check, read

__all__ = ["Fault", "Kind", "check", "read"]
