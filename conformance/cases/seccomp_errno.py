"""config-linux.md#seccomp: errnoRet and defaultErrnoRet, of ERRNO and of TRACE."""

from __future__ import annotations

from conformance.author import (
    Case,
    Scenario,
    about,
    attempt,
    create,
    delete,
    ended,
    every_call_but,
    filtered,
    recorded,
    returns,
    rule,
    runs,
    seccomp,
    start,
    taken_as,
    traced,
    unlisted,
)

ERRNO, TRACE, ALLOW = "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW"
CALL, OTHER = "munlockall", "getppid"  # neither can fail; what they give is the filter's doing
# The text leaves open whether a runtime takes this; what it does is recorded.
MAYBE = (create().may_fail(), start().may_fail(), ended().may_fail(), delete(force=True).may_fail())
ERRNOS = {
    1: "EPERM",
    2: "ENOENT",
    11: "EAGAIN",
    13: "EACCES",
    38: "ENOSYS",
    95: "EOPNOTSUPP",
    133: "133",
    255: "255",
    256: "256",
    4094: "4094",
}

CASES = [
    *(
        Case(
            id=f"seccomp/errno-ret-{number}",
            claim="errnoRet of a rule is the errno that its call gives",
            clause="linux.seccomp.errno-ret",
            config=[filtered(CALL, ERRNO, number)],
            tries=[CALL, OTHER],
            expect=[attempt(CALL, name), attempt(OTHER, "OK")],
        )
        for number, name in ERRNOS.items()
    ),
    Case(
        id="seccomp/errno-ret-0",
        claim="errnoRet 0 makes its call return 0 without being carried out",
        clause="linux.seccomp.errno-ret",
        config=[seccomp(default=ALLOW, rules=[rule(OTHER, ERRNO, errno_ret=0)])],
        tries=[CALL, OTHER],
        expect=[returns(OTHER, 0), attempt(CALL, "OK")],
    ),
    *(
        Scenario(
            id=f"seccomp/errno-ret-{number}",
            claim="errnoRet at or beyond the kernel's greatest is taken or refused",
            clause="linux.seccomp.errno-ret",
            config=[filtered(CALL, ERRNO, number), runs("dump", "try", CALL)],
            steps=MAYBE,
            expect=[*recorded(taken_as(CALL))],
        )
        for number in (4095, 4096, 65535, 65536 + 13, 2**32 - 1)
    ),
    *(
        Case(
            id=f"seccomp/errno-ret-trace-{number}",
            claim="errnoRet of TRACE is the number that the tracer gets",
            clause="linux.seccomp.errno-ret",
            config=[filtered(CALL, TRACE, number), runs("dump", "try-traced", CALL, "try", CALL)],
            expect=[traced(CALL, number), attempt(CALL, "ENOSYS")],
        )
        for number in (0, 2, 38, 4095)
    ),
    *(
        Case(
            id=f"seccomp/default-errno-ret-{number}",
            claim="defaultErrnoRet is the errno of the calls that no rule names",
            clause="linux.seccomp.default-errno-ret",
            config=[unlisted(CALL, ERRNO, defaultErrnoRet=number)],
            tries=[CALL, OTHER],
            expect=[attempt(CALL, name), attempt(OTHER, "OK")],
        )
        for number, name in ERRNOS.items()
    ),
    Case(
        id="seccomp/default-errno-ret-0",
        claim="defaultErrnoRet 0 makes a call that no rule names return 0 without being carried out",
        clause="linux.seccomp.default-errno-ret",
        config=[seccomp(default=ERRNO, rules=[rule(every_call_but(OTHER), ALLOW)], defaultErrnoRet=0)],
        tries=[OTHER],
        expect=[returns(OTHER, 0)],
    ),
    Case(
        id="seccomp/default-errno-ret-trace",
        claim="defaultErrnoRet of TRACE is the number that the tracer gets",
        clause="linux.seccomp.default-errno-ret",
        config=[unlisted(CALL, TRACE, defaultErrnoRet=77), runs("dump", "try-traced", CALL)],
        expect=[traced(CALL, 77)],
    ),
    Case(
        id="seccomp/default-errno-ret-absent",
        claim="without defaultErrnoRet the errno of the default action is EPERM",
        clause="linux.seccomp.default-errno-ret-default",
        config=[unlisted(CALL, ERRNO)],
        tries=[CALL],
        expect=[attempt(CALL, "EPERM")],
    ),
    Case(
        id="seccomp/default-errno-ret-is-not-the-rules",
        claim="defaultErrnoRet is not the errno of a rule that has none",
        clause="linux.seccomp.errno-ret-default",
        config=[
            seccomp(
                default=ERRNO, rules=[rule(every_call_but(CALL, OTHER), ALLOW), rule(CALL, ERRNO)], defaultErrnoRet=13
            )
        ],
        tries=[CALL, OTHER],
        expect=[attempt(CALL, "EPERM"), *about("linux.seccomp.default-errno-ret", attempt(OTHER, "EACCES"))],
    ),
]
