"""Faults finer than to pass over a member: what a runtime with such a fault would make of a configuration, as a patch.

Each names a case, the patch by which the faulty runtime's configuration differs, and a check that must turn red. Run as
`python -m tests.conformance.finer_mutants` (root): a line for each that stays green, and exit 1 if there is one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bundles.patches import arg, every_call_but, filtered, masked, readonly, rule, seccomp, unlisted
from conformance import cases, world
from conformance.host import Host
from conformance.judge import items_of, judge
from conformance.model import AnyCase, Case
from conformance.needs import needs
from conformance.run import Where, run_case, version_of
from conformance.runtimes import recognise, resolve
from conformance.session import speaks
from conformance.shim import Shim
from tests.conformance import process_faults
from tests.conformance.fakes import real

ALLOW, ERRNO, NOTIFY, TRACE, LOG = (f"SCMP_ACT_{name}" for name in ("ALLOW", "ERRNO", "NOTIFY", "TRACE", "LOG"))
CALL, OTHER = "munlockall", "getppid"
RED = {"listenerPath": "{listener:red}"}
WHOLE = 2**64 - 1


def on(*conditions: Any) -> Any:
    """One rule with these conditions, in the place of the case's."""
    return seccomp(default=ALLOW, rules=[rule(CALL, ERRNO, args=conditions)])


def compares(op: str, value: int, index: int = 0) -> Any:
    """The same with one condition, by its operator's short name."""
    return on(arg(index, value, f"SCMP_CMP_{op}"))


def both(*rules: Any) -> Any:
    """Rules in the place of the case's."""
    return seccomp(default=ALLOW, rules=rules)


FAULTS: tuple[tuple[str, str, Any, str], ...] = (
    ("the low word alone is compared", "seccomp/op-eq-both-words", on(arg(0, 0xFFFFFFFF, "SCMP_CMP_MASKED_EQ", 7)), "attempts"),
    ("the high word alone is compared", "seccomp/op-eq-both-words", on(arg(0, WHOLE ^ 0xFFFFFFFF, "SCMP_CMP_MASKED_EQ", 5 << 32)), "attempts"),
    ("LE for LT", "seccomp/op-lt-small", compares("LE", 5), "attempts"),
    ("LT for LE", "seccomp/op-le-max", compares("LT", WHOLE), "attempts"),
    ("GE for GT", "seccomp/op-gt-sign-of-long", compares("GE", 2**63), "attempts"),
    ("GT for GE", "seccomp/op-ge-zero", compares("GT", 0), "attempts"),
    ("EQ for NE", "seccomp/op-ne-max", compares("EQ", WHOLE), "attempts"),
    ("LT for GT", "seccomp/op-gt-word-max", compares("LT", 2**32 - 1), "attempts"),
    ("a value of 32 bits", "seccomp/op-lt-second-word", compares("LT", 0), "attempts"),
    ("a value of 63 bits", "seccomp/op-ge-sign-of-long", compares("GE", 0), "attempts"),
    ("a value read as a float", "seccomp/op-eq-long-max", compares("EQ", 2**63), "attempts"),
    ("mask and value change places", "seccomp/op-masked-eq-low-byte", on(arg(0, 0x41, "SCMP_CMP_MASKED_EQ", 0xFF)), "attempts"),
    ("a mask of 32 bits", "seccomp/op-masked-eq-both-words", on(arg(0, 0xF, "SCMP_CMP_MASKED_EQ", 0xA)), "attempts"),
    ("the next argument", "seccomp/arg-index-3", compares("EQ", WHOLE, 4), "attempts"),
    ("the first of two conditions alone", "seccomp/args-of-two-indexes", compares("EQ", 5), "attempts"),
    ("the second of two conditions alone", "seccomp/args-of-two-indexes", compares("EQ", 6, 1), "attempts"),
    ("the last of six conditions is lost", "seccomp/args-of-all-indexes", on(*(arg(i, 10 + i, "SCMP_CMP_EQ") for i in range(5))), "all-but-5"),
    ("KILL for KILL_PROCESS", "seccomp/action-kill-process", filtered(CALL, "SCMP_ACT_KILL"), "kills:munlockall"),
    ("KILL_PROCESS for KILL", "seccomp/action-kill", filtered(CALL, "SCMP_ACT_KILL_PROCESS"), "kills:munlockall"),
    ("KILL_PROCESS for TRAP", "seccomp/action-trap-caught", filtered(CALL, "SCMP_ACT_KILL_PROCESS"), "caught:SIGSYS"),
    ("TRAP for KILL_PROCESS", "seccomp/action-kill-uncaught", filtered(CALL, "SCMP_ACT_TRAP"), "attempt:munlockall"),
    ("ERRNO with ENOSYS for TRACE", "seccomp/action-trace", filtered(CALL, ERRNO, 38), "without-errnoRet"),
    ("ALLOW for LOG", "seccomp/filter-of-log", filtered(CALL, ALLOW), "filter-gives:munlockall"),
    ("ALLOW for LOG as the default", "seccomp/filter-of-default-log", unlisted(CALL, ALLOW), "filter-gives:munlockall"),
    ("defaultErrnoRet goes to rules too", "seccomp/default-errno-ret-is-not-the-rules",
     seccomp(default=ERRNO, defaultErrnoRet=13, rules=[rule(every_call_but(CALL, OTHER), ALLOW), rule(CALL, ERRNO, errno_ret=13)]),
     "attempt:munlockall"),
    ("errnoRet 0 is taken for none", "seccomp/errno-ret-0", filtered(OTHER, ERRNO), "returns:getppid"),
    ("errnoRet of TRACE is lost", "seccomp/errno-ret-trace-38", filtered(CALL, TRACE), "traced:munlockall"),
    ("an errno of 8 bits", "seccomp/errno-ret-256", filtered(CALL, ERRNO, 0), "attempt:munlockall"),
    ("the first name alone", "seccomp/rule-of-several-names", both(rule(CALL, ERRNO)), "attempts"),
    ("the last rule alone", "seccomp/several-rules", both(rule("sysinfo", TRACE)), "attempts"),
    ("one errno for all rules of a call", "seccomp/rules-of-one-call",
     both(*(rule(CALL, ERRNO, errno_ret=2, args=[arg(0, value, "SCMP_CMP_EQ")]) for value in (5, 6))), "attempts"),
    ("NOTIFY meets every argument", "seccomp/notify-some-arguments", both(rule(CALL, NOTIFY)), "attempt:munlockall,7,0"),
    ("i386 is left out", "seccomp/arch-i386", filtered(CALL, ERRNO, architectures=["SCMP_ARCH_X86_64"]), "i386-other"),
    ("x32 is left out", "seccomp/arch-x32", filtered(CALL, ERRNO, architectures=["SCMP_ARCH_X86_64"]), "x32-rule"),
    ("metadata is cut", "seccomp/listener", {"linux": {"seccomp": {"listenerMetadata": "MKNOD"}}}, "state-sent:red"),
    ("annotations are not told", "seccomp/listener", {"annotations": None}, "state-annotations"),
    ("masked for read-only", "readonly-paths/file", {"linux": {"readonlyPaths": None, "maskedPaths": ["/f"]}}, "path-text:/f"),
    ("masked for a read-only folder", "readonly-paths/folder", {"linux": {"readonlyPaths": None, "maskedPaths": ["/d"]}}, "deep-text"),
    ("read-only for masked", "masked-paths/file", {"linux": {"maskedPaths": None, "readonlyPaths": ["/f"]}}, "hidden-text:/f"),
    ("read-only for a masked folder", "masked-paths/folder", {"linux": {"maskedPaths": None, "readonlyPaths": ["/d"]}}, "out-of-reach:/d/one"),
    ("the first masked path alone", "masked-paths/several", masked("/f"), "hidden-entries:/d"),
    ("a whole folder for one below it", "masked-paths/below-a-folder", masked("/d", "/e/one"), "beside"),
    ("the first read-only path alone", "readonly-paths/of-another-mount", readonly("/side/s"), "mount-point"),
    ("a whole mount for a folder on it", "readonly-paths/of-another-mount", readonly("/side", "/t"), "path-gives:mkdir /side/new"),
    ("all of proc for a part of it", "readonly-paths/of-proc", readonly("/proc"), "rest"),
    *process_faults.FAULTS,
)  # fmt: skip


def faulty(case: AnyCase, patch: Any) -> AnyCase:
    """The case as a runtime with the fault carries it out."""
    config = [*case.config]
    if isinstance(case, Case) and case.tries:
        config.append({"process": {"args": ["/probe", "dump", *(word for call in case.tries for word in ("try", call))]}})
        return replace(case, config=[*config, patch], tries=())
    return replace(case, config=[*config, patch])


def green() -> Iterator[str]:
    """The faults that their check does not see, and the checks that are not green without the fault. Takes over the process."""
    name, path = resolve(real())
    runtime = recognise(path, name=name)
    host = Host.read()
    known = {case.id: case for case in cases.everything()}
    run = world.Run()
    try:
        where = Where(shim=Shim(), room=world.Room(run.id, run.folder, "finer"), timeout=20)
        for fault, id, patch, check in FAULTS:
            case = known[id]
            item = next(i for i in items_of(case) if i.id == check)
            if not speaks(runtime, version_of(case)) or any(needs(n, host, runtime.features) for n in case.needs):
                continue
            plain, wrong = run_case(case, runtime, where), run_case(faulty(case, patch), runtime, where)
            if judge(item, case, plain, None).verdict != "PASS":
                yield f"{id} {check}: not green without a fault"
            if judge(item, case, wrong, None).verdict != "FAIL":
                yield f"{id} {check}: does not see: {fault}"
    finally:
        run.close()


if __name__ == "__main__":
    lines = list(green())
    print("\n".join(lines), end="\n" if lines else "")
    sys.exit(1 if lines else 0)
