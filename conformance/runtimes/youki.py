"""youki: the command line of runc; its JSON log nests level and message, which ``log`` knows."""

from conformance.runtimes.base import Adapter

ADAPTER = Adapter(
    name="youki",
    first_line=r"youki(?: version)? (?P<version>\S+)",
)
