"""config-linux.md#seccomp: architectures, and what only the filter in the kernel tells: LOG, flags, each action."""

from __future__ import annotations

from conformance.author import (
    Case,
    Check,
    Json,
    Patch,
    Scenario,
    Step,
    arg,
    attempt,
    create,
    delete,
    ended,
    filter_gives,
    filter_logs,
    filtered,
    filters,
    kill,
    labelled,
    recorded,
    rule,
    runs,
    said,
    seccomp,
    start,
    taken_as,
    unlisted,
)

ALLOW, ERRNO = "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"
CALL, OTHER = "munlockall", "getppid"
CLAUSE = "linux.seccomp.architectures"
X86, X86_64, X32, ARM, AARCH64 = (f"SCMP_ARCH_{name}" for name in ("X86", "X86_64", "X32", "ARM", "AARCH64"))
READ: tuple[Step, ...] = (create(), start(), said("pause"), filters(), kill("SIGKILL"), ended(), delete())
MAYBE = (create().may_fail(), start().may_fail(), ended().may_fail(), delete(force=True).may_fail())
NAMES = (
    *("X86", "X86_64", "X32", "ARM", "AARCH64", "MIPS", "MIPS64", "MIPS64N32", "MIPSEL", "MIPSEL64", "MIPSEL64N32"),
    *("PPC", "PPC64", "PPC64LE", "S390", "S390X", "PARISC", "PARISC64", "RISCV64", "LOONGARCH64", "M68K", "SH", "SHEB"),
)
ANSWERS = {
    "ALLOW": "SCMP_ACT_ALLOW",
    "LOG": "SCMP_ACT_LOG",
    "ERRNO": "SCMP_ACT_ERRNO=1",
    "TRACE": "SCMP_ACT_TRACE=1",
    "TRAP": "SCMP_ACT_TRAP",
    "KILL": "SCMP_ACT_KILL_THREAD",
    "KILL_THREAD": "SCMP_ACT_KILL_THREAD",
    "KILL_PROCESS": "SCMP_ACT_KILL_PROCESS",
}


def clause_of(action: str) -> str:
    """The clause of an action."""
    return f"linux.seccomp.action-{action.lower().replace('_', '-')}"


def held(id: str, claim: str, clause: str, config: Patch, expect: list[Check], **more: Json) -> Scenario:
    """A program that waits while its filters are read."""
    return Scenario(
        id=f"seccomp/{id}",
        claim=claim,
        clause=clause,
        config=[config, runs("dump", "pause")],
        steps=READ,
        expect=expect,
        **more,
    )


CASES: list[Case | Scenario] = [
    Case(
        id="seccomp/arch-i386",
        claim="a rule holds for the i386 calls of a 64-bit machine, by their own numbers",
        clause=CLAUSE,
        needs=["arch:x86_64"],
        config=[
            filtered(CALL, ERRNO, architectures=[X86_64, X86]),
            # 153 is munlockall of i386 and vhangup of x86-64; 152 the other way round mlockall.
            runs("dump", "try-i386", "64", "try-i386", "153", "try-i386", "152,0", "try", CALL, "try", OTHER),
        ],
        expect=[
            labelled("i386-rule", attempt("153", "EPERM", way="try-i386")),
            labelled("i386-other", attempt("64", "OK", way="try-i386")),
            labelled("i386-other-number", attempt("152,0", "EINVAL", way="try-i386")),
            labelled("native-rule", attempt(CALL, "EPERM")),
            labelled("native-other", attempt(OTHER, "OK")),
        ],
    ),
    Case(
        id="seccomp/arch-i386-argument",
        claim="a condition holds for the arguments of i386 calls",
        clause=CLAUSE,
        needs=["arch:x86_64"],
        config=[
            seccomp(
                default=ALLOW,
                rules=[rule(CALL, ERRNO, args=[arg(2, 7, "SCMP_CMP_EQ")])],
                architectures=[X86_64, X86],
            ),
            runs("dump", "try-i386", "153,0,0,7", "try-i386", "153,7,0,0"),
        ],
        expect=[
            labelled("holds", attempt("153,0,0,7", "EPERM", way="try-i386")),
            labelled("does-not-hold", attempt("153,7,0,0", "OK", way="try-i386")),
        ],
    ),
    Case(
        id="seccomp/arch-x32",
        claim="a rule holds for the x32 calls of a 64-bit machine",
        clause=CLAUSE,
        needs=["arch:x86_64"],
        config=[
            filtered(CALL, ERRNO, architectures=[X86_64, X32]),
            runs("dump", "try", str(0x40000098), "try", CALL, "try", OTHER),
        ],
        expect=[
            labelled("x32-rule", attempt(str(0x40000098), "EPERM")),
            labelled("native-rule", attempt(CALL, "EPERM")),
            labelled("native-other", attempt(OTHER, "OK")),
        ],
    ),
    Case(
        id="seccomp/arch-native",
        claim="a rule holds where the machine's own architecture is the only one listed",
        clause=CLAUSE,
        needs=["arch:x86_64"],
        config=[filtered(CALL, ERRNO, architectures=[X86_64])],
        tries=[CALL, OTHER],
        expect=[attempt(CALL, "EPERM"), attempt(OTHER, "OK")],
    ),
    *(
        held(
            f"filter-{'-'.join(word.lower() for word in listed) or 'no'}-architectures",
            "the filter in the kernel has the rule for each architecture that is listed",
            CLAUSE,
            filtered(CALL, ERRNO, architectures=[f"SCMP_ARCH_{word}" for word in listed]),
            [
                *(
                    labelled(f"{name}-{call}", filter_gives(call, gives, name))
                    for name, word in (("x86_64", "X86_64"), ("i386", "X86"), ("x32", "X32"))
                    if word in listed
                    for call, gives in ((CALL, "SCMP_ACT_ERRNO=1"), (OTHER, ALLOW))
                ),
                *recorded(
                    *(
                        labelled(f"{name}-not-listed", filter_gives(OTHER, ALLOW, name))
                        for name, word in (("x86_64", "X86_64"), ("i386", "X86"), ("x32", "X32"))
                        if word not in listed
                    )
                ),
            ],
            needs=["arch:x86_64"],
        )
        for listed in (["X86_64", "X86", "X32"], ["X86_64", "X86"], ["X86_64"], ["X86", "X32"], [])
    ),
    held(
        "filter-aarch64-arm-architectures",
        "the filter in the kernel has the rule for each architecture that is listed",
        CLAUSE,
        filtered(CALL, ERRNO, architectures=[AARCH64, ARM]),
        [
            labelled(f"{name}-{call}", filter_gives(call, gives, name))
            for name in ("aarch64", "arm")
            for call, gives in ((CALL, "SCMP_ACT_ERRNO=1"), (OTHER, ALLOW))
        ],
        needs=["arch:aarch64"],
    ),
    *(
        Scenario(
            id=f"seccomp/arch-name-{name.lower()}",
            claim=f"SCMP_ARCH_{name}, a valid name, is taken or refused",
            clause="linux.seccomp.architectures-valid",
            config=[filtered(CALL, ERRNO, architectures=[f"SCMP_ARCH_{name}"]), runs("dump", "try", CALL)],
            steps=MAYBE,
            expect=[*recorded(taken_as(CALL))],
        )
        for name in NAMES
    ),
    *(
        held(
            f"filter-of-{action.lower().replace('_', '-')}",
            f"the filter in the kernel answers {action} for a rule of that action",
            clause_of(action),
            filtered(CALL, f"SCMP_ACT_{action}"),
            [filter_gives(CALL, gives)],
            needs=[f"seccomp-action:SCMP_ACT_{action}"],
        )
        for action, gives in ANSWERS.items()
        if action != "ALLOW"
    ),
    *(
        held(
            f"filter-of-default-{action.lower().replace('_', '-')}",
            f"the filter in the kernel answers {action} for calls that no rule names",
            "linux.seccomp.default-action",
            unlisted(CALL, f"SCMP_ACT_{action}"),
            [filter_gives(CALL, gives), filter_gives(OTHER, ALLOW)],
            needs=[f"seccomp-action:SCMP_ACT_{action}"],
            version="1.1.0",
        )
        for action, gives in ANSWERS.items()
        if action != "ALLOW"
    ),
    held(
        "filter-with-flag-log",
        "the kernel holds the filter with SECCOMP_FILTER_FLAG_LOG where that is asked for",
        "linux.seccomp.flag-log",
        filtered(CALL, ERRNO, flags=["SECCOMP_FILTER_FLAG_LOG"]),
        [filter_logs(True)],
        needs=["feature:linux.seccomp.supportedFlags=SECCOMP_FILTER_FLAG_LOG"],
    ),
    held(
        "filter-with-empty-flags",
        "the kernel holds the filter without SECCOMP_FILTER_FLAG_LOG where none is",
        "linux.seccomp.flag-log",
        filtered(CALL, ERRNO, flags=[]),
        [*recorded(filter_logs(False))],
    ),
]
