"""runsc (gVisor): a sandbox with a kernel of its own in place of the host's."""

from conformance.runtimes.base import Adapter

ADAPTER = Adapter(
    name="runsc",
    first_line=r"runsc version (?P<version>\S+)",
    absent=frozenset({"features", "update"}),
    quirks=frozenset({"outside-blind", "log-mixed"}),
)
