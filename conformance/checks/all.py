"""Every check there is, by name: what author.py re-exports. A new module of checks gets a line here."""

from conformance.checks import about, labelled, recorded
from conformance.checks.capabilities import *
from conformance.checks.hooks import *
from conformance.checks.isolation import *
from conformance.checks.paths import *
from conformance.checks.process import *
from conformance.checks.seccomp import *
from conformance.checks.state import *
from conformance.checks.terminal import *
from conformance.checks.timeline import *
