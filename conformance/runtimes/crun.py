"""crun: the command line of runc, without its ``events``."""

from conformance.runtimes.base import Adapter

ADAPTER = Adapter(
    name="crun",
    first_line=r"crun version (?P<version>\S+)",
    absent=frozenset({"events"}),
    # Its version output says "spec: 1.0.0" whatever it implements.
    # Measured: 1.8.1 answers "unknown version specified" to an ociVersion of 1.2.0 or more.
    accepts={"<=1.8.1": "1.1.0"},
    quirks=frozenset({"version-understates-spec"}),
)
