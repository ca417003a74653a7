"""config-linux.md#seccomp: values and combinations that must be refused, and members that are missing."""

from __future__ import annotations

from conformance.author import (
    Json,
    Listener,
    Patch,
    Rejects,
    Scenario,
    create,
    delete,
    ended,
    filtered,
    recorded,
    rule,
    runs,
    seccomp,
    start,
    taken_as,
    unlisted,
)

ERRNO, ALLOW, NOTIFY = "SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW", "SCMP_ACT_NOTIFY"
CALL = "munlockall"
# The text leaves open whether a runtime takes this; what it does is recorded.
MAYBE = (create().may_fail(), start().may_fail(), ended().may_fail(), delete(force=True).may_fail())
INVALID = "valid-values.error"
RULE_ERRNO = "linux.seccomp.errno-ret-unsupported-error"
DEFAULT_ERRNO = "linux.seccomp.default-errno-ret-unsupported-error"
# Actions that say what becomes of the call and have no place for an errno.
WITHOUT_ERRNO = ("ALLOW", "KILL", "KILL_PROCESS", "KILL_THREAD", "TRAP", "LOG")


def word(name: str) -> str:
    """An action as ids spell it."""
    return name.removeprefix("SCMP_ACT_").lower().replace("_", "-")


def on(condition: Json) -> Json:
    """A rule with one condition."""
    return rule(CALL, ERRNO, args=[condition])


FAULTS: dict[str, tuple[Patch, Patch]] = {
    "action": (filtered(CALL, "SCMP_ACT_NO_SUCH"), filtered(CALL, ERRNO)),
    "action-without-prefix": (filtered(CALL, "ERRNO"), filtered(CALL, ERRNO)),
    "action-in-lower-case": (filtered(CALL, "scmp_act_errno"), filtered(CALL, ERRNO)),
    "action-empty": (filtered(CALL, ""), filtered(CALL, ERRNO)),
    "default-action": (unlisted(CALL, "SCMP_ACT_NO_SUCH"), unlisted(CALL, ERRNO)),
    "default-action-empty": (unlisted(CALL, ""), unlisted(CALL, ERRNO)),
    "architecture": (
        filtered(CALL, ERRNO, architectures=["SCMP_ARCH_NO_SUCH"]),
        filtered(CALL, ERRNO, architectures=["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"]),
    ),
    "flag": (filtered(CALL, ERRNO, flags=["SECCOMP_FILTER_FLAG_NO_SUCH"]), filtered(CALL, ERRNO, flags=[])),
    "no-names": (seccomp(default=ALLOW, rules=[rule([], ERRNO)]), filtered(CALL, ERRNO)),
}

CASES = [
    *(
        Rejects(
            id=f"seccomp/invalid-{what}",
            claim=f"a configuration with an invalid value ({what.replace('-', ' ')}) is refused",
            clause=INVALID,
            config=[faulty],
            control=[good],
        )
        for what, (faulty, good) in FAULTS.items()
    ),
    *(
        Rejects(
            id=f"seccomp/errno-ret-with-{word(name)}",
            claim=f"errnoRet beside {name}, which takes none, is refused",
            clause=RULE_ERRNO,
            config=[filtered(CALL, f"SCMP_ACT_{name}", 13)],
            control=[filtered(CALL, f"SCMP_ACT_{name}")],
        )
        for name in WITHOUT_ERRNO
    ),
    Rejects(
        id="seccomp/errno-ret-with-notify",
        claim="errnoRet beside NOTIFY, which takes none, is refused",
        clause=RULE_ERRNO,
        needs=["seccomp-action:SCMP_ACT_NOTIFY"],
        world=[Listener(name="red")],
        config=[filtered(CALL, NOTIFY, 13, listenerPath="{listener:red}")],
        control=[filtered(CALL, NOTIFY, listenerPath="{listener:red}")],
    ),
    *(
        Rejects(
            id=f"seccomp/default-errno-ret-with-{word(name)}",
            claim=f"defaultErrnoRet beside {name}, which takes none, is refused",
            clause=DEFAULT_ERRNO,
            config=[unlisted(CALL, f"SCMP_ACT_{name}", defaultErrnoRet=13)],
            control=[unlisted(CALL, f"SCMP_ACT_{name}")],
        )
        for name in WITHOUT_ERRNO
    ),
    *(
        Scenario(
            id=f"seccomp/missing-{what}",
            claim=f"a configuration without the {what.replace('-', ' ')} is refused or read in some way",
            clause=clause,
            config=[patch, runs("dump", "try", f"{CALL},0", "try", f"{CALL},1")],
            steps=MAYBE,
            expect=[*recorded(taken_as(f"{CALL},0", f"{CALL},1"))],
        )
        for what, clause, patch in (
            (
                "default-action",
                "linux.seccomp.default-action-required",
                {"linux": {"seccomp": {"syscalls": [rule(CALL, ERRNO)]}}},
            ),
            ("names", "linux.seccomp.rule-fields", seccomp(default=ALLOW, rules=[{"action": ERRNO}])),
            ("action", "linux.seccomp.rule-fields", seccomp(default=ALLOW, rules=[{"names": [CALL]}])),
            ("op", "linux.seccomp.arg-fields", seccomp(default=ALLOW, rules=[on({"index": 0, "value": 1})])),
            (
                "index",
                "linux.seccomp.arg-fields",
                seccomp(default=ALLOW, rules=[on({"value": 1, "op": "SCMP_CMP_EQ"})]),
            ),
            (
                "value",
                "linux.seccomp.arg-fields",
                seccomp(default=ALLOW, rules=[on({"index": 0, "op": "SCMP_CMP_EQ"})]),
            ),
        )
    ),
]
