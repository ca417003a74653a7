"""runc, and whatever is built to take its place: the command line that engines call."""

from conformance.runtimes.base import Adapter

ADAPTER = Adapter(
    name="runc",
    first_line=r"runc version (?P<version>\S+)",
)
