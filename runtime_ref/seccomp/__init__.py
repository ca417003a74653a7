"""System call filters: the compiler (`bpf`), the numbers it needs (`tables`), and the talk with a listener (`notify`).

Here: the loading, for the process that is filtered, which needs no compiler.
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#seccomp
"""

from __future__ import annotations

from _struct import pack

from runtime_ref.kernel import const as c
from runtime_ref.kernel import sys as k

SKIP = pack("=HBBI", 0x06, 0, 0, 0x00050000)  # the instruction of SCMP_ACT_ERRNO with errnoRet 0: the call seems to be done
NEW_LISTENER = 8  # the flag of seccomp(2) that comes from SCMP_ACT_NOTIFY


def load(code: bytes, flags: int = 0) -> int | None:
    """Puts the program over this thread for good; the listener's descriptor (close-on-exec) where `flags` ask for one.

    The caller has no_new_privs or CAP_SYS_ADMIN (seccomp(2)). Raises OSError.
    """
    listener = k.seccomp(c.SECCOMP_SET_MODE_FILTER, flags, code)
    return listener if flags & NEW_LISTENER else None
