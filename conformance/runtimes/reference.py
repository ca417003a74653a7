"""The reference runtime of this project, called like any other: only its command line is known here."""

from conformance.runtimes.base import Adapter

ADAPTER = Adapter(
    name="reference",
    first_line=r"runtime-ref(?: version)? (?P<version>\S+)",
)
LAUNCHER = "runtime-ref"  # beside the interpreter of the project's environment
