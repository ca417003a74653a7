"""Every check there is, by name: what author.py re-exports. A new module of checks gets two lines here."""

from conformance.checks import about, hooks, isolation, labelled, paths, process, recorded, seccomp, state, timeline
from conformance.checks.hooks import *  # noqa: F403
from conformance.checks.isolation import *  # noqa: F403
from conformance.checks.paths import *  # noqa: F403
from conformance.checks.process import *  # noqa: F403
from conformance.checks.seccomp import *  # noqa: F403
from conformance.checks.state import *  # noqa: F403
from conformance.checks.timeline import *  # noqa: F403

__all__ = ["about", "labelled", "recorded"]
__all__ += hooks.__all__
__all__ += isolation.__all__
__all__ += paths.__all__
__all__ += process.__all__
__all__ += seccomp.__all__
__all__ += state.__all__
__all__ += timeline.__all__
