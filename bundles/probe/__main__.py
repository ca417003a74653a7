"""`python -m bundles.probe`: build the probe and print where it is; one line with what to install if that cannot be."""

import sys

from bundles.probe import NoCompiler, build

try:
    print(build())
except NoCompiler as fault:
    sys.exit(str(fault))
