"""config-linux.md#seccomp: every action in a rule and as the default, errno values, rules together, flags, refusals."""

from __future__ import annotations

from conformance.author import (
    Case,
    Scenario,
    about,
    arg,
    attempt,
    attempts,
    caught,
    create,
    delete,
    ended,
    every_call_but,
    filtered,
    filtering,
    kills,
    labelled,
    no_new_privileges,
    recorded,
    rule,
    runs,
    seccomp,
    start,
    taken_as,
    traced,
    unlisted,
    user,
)

ALLOW, ERRNO, TRACE, NOTIFY = "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE", "SCMP_ACT_NOTIFY"
# munlockall takes no argument, cannot fail and matters to no program: what it gives is the filter's doing alone.
CALL, OTHER = "munlockall", "getppid"
TRIES = ("dump", "try", CALL, "try", OTHER)
# The text leaves open whether a runtime takes this; what it does is recorded.
MAYBE = (create().may_fail(), start().may_fail(), ended().may_fail(), delete(force=True).may_fail())
# What a call under the action gives, how much of a process with two threads it ends, and the clause.
DEADLY = {
    "KILL": ("thread", "linux.seccomp.action-kill"),
    "KILL_THREAD": ("thread", "linux.seccomp.action-kill-thread"),
    "KILL_PROCESS": ("process", "linux.seccomp.action-kill-process"),
}


def word(name: str) -> str:
    """An action as ids spell it."""
    return name.removeprefix("SCMP_ACT_").lower().replace("_", "-")


ACTIONS = [
    Case(
        id="seccomp/action-errno",
        claim="ERRNO makes its call fail with EPERM and leaves others alone",
        clause="linux.seccomp.action-errno",
        config=[filtered(CALL, ERRNO)],
        tries=[CALL, OTHER],
        expect=[
            attempt(CALL, "EPERM"),
            attempt(OTHER, "OK"),
            filtering(2),
            *about("linux.seccomp.errno-ret-default", labelled("without-errnoRet", attempt(CALL, "EPERM"))),
        ],
    ),
    Case(
        id="seccomp/action-allow",
        claim="ALLOW lets its calls through and the default action meets the rest",
        clause="linux.seccomp.action-allow",
        config=[unlisted(CALL, ERRNO)],
        tries=[CALL, OTHER],
        expect=[attempt(OTHER, "OK"), *about("linux.seccomp.default-action", attempt(CALL, "EPERM"))],
    ),
    Case(
        id="seccomp/action-log",
        claim="LOG lets its call through where the default action would not",
        clause="linux.seccomp.action-log",
        needs=["seccomp-action:SCMP_ACT_LOG"],
        config=[seccomp(default=ERRNO, rules=[rule(every_call_but(CALL, OTHER), ALLOW), rule(CALL, "SCMP_ACT_LOG")])],
        tries=[CALL, OTHER],
        expect=[attempt(CALL, "OK"), attempt(OTHER, "EPERM")],
    ),
    Case(
        id="seccomp/action-trap",
        claim="TRAP sends SIGSYS, which ends a process that has no handler for it",
        clause="linux.seccomp.action-trap",
        config=[filtered(CALL, "SCMP_ACT_TRAP")],
        tries=[CALL, OTHER],
        expect=[attempt(CALL, "SIGSYS"), attempt(OTHER, "OK")],
    ),
    Case(
        id="seccomp/action-trap-caught",
        claim="the SIGSYS of TRAP can be caught, with si_code SYS_SECCOMP",
        clause="linux.seccomp.action-trap",
        config=[filtered(CALL, "SCMP_ACT_TRAP"), runs("dump", "catch", "SIGSYS", "try", CALL)],
        expect=[caught("SIGSYS", 1), attempt(CALL, "OK")],
    ),
    *(
        Case(
            id=f"seccomp/action-{word(name)}",
            claim=f"{name} ends {'all threads of its caller' if what == 'process' else 'the calling thread alone'}",
            clause=clause,
            needs=[f"seccomp-action:SCMP_ACT_{name}"],
            config=[filtered(CALL, f"SCMP_ACT_{name}"), runs(*TRIES, "try-thread", CALL, "try-thread", OTHER)],
            expect=[attempt(CALL, "SIGSYS"), attempt(OTHER, "OK"), kills(CALL, what), kills(OTHER, "nothing")],
        )
        for name, (what, clause) in DEADLY.items()
    ),
    Case(
        id="seccomp/action-kill-uncaught",
        claim="the end by KILL_PROCESS cannot be caught",
        clause="linux.seccomp.action-kill-process",
        config=[filtered(CALL, "SCMP_ACT_KILL_PROCESS"), runs("dump", "catch", "SIGSYS", "try", CALL)],
        expect=[attempt(CALL, "SIGSYS")],
    ),
    Case(
        id="seccomp/action-trace",
        claim="TRACE stops a tracer, and without one the call fails with ENOSYS",
        clause="linux.seccomp.action-trace",
        config=[filtered(CALL, TRACE), runs(*TRIES, "try-traced", CALL, "try-traced", OTHER)],
        expect=[
            attempt(CALL, "ENOSYS"),
            attempt(OTHER, "OK"),
            labelled("traced-call-goes-on", attempt(CALL, "OK", way="try-traced")),
            labelled("other-is-not-traced", traced(OTHER, None)),
            *about("linux.seccomp.errno-ret-default", labelled("without-errnoRet", traced(CALL, 1))),
        ],
    ),
]


DEFAULTS = [
    *(
        Case(
            id=f"seccomp/default-{word(name)}",
            claim=f"{name} as the default action meets the calls that no rule names",
            clause="linux.seccomp.default-action",
            needs=[f"seccomp-action:SCMP_ACT_{name}"],
            version="1.1.0",
            config=[unlisted(CALL, f"SCMP_ACT_{name}"), runs(*TRIES, "try-thread", CALL, "try-traced", CALL)],
            expect=[attempt(CALL, gives), attempt(OTHER, "OK"), kills(CALL, what), traced(CALL, message)],
        )
        for name, gives, what, message in (
            ("ALLOW", "OK", "nothing", None),
            ("LOG", "OK", "nothing", None),
            ("ERRNO", "EPERM", "nothing", None),
            ("TRACE", "ENOSYS", "nothing", 1),
            ("TRAP", "SIGSYS", "process", None),
            ("KILL", "SIGSYS", "thread", None),
            ("KILL_THREAD", "SIGSYS", "thread", None),
            ("KILL_PROCESS", "SIGSYS", "process", None),
        )
    ),
    Case(
        id="seccomp/default-without-rules",
        claim="a default action without syscalls is a filter of its own",
        clause="linux.seccomp.syscalls-optional",
        config=[seccomp(default=ALLOW)],
        tries=[CALL],
        expect=[*about("linux.seccomp.default-action", filtering(2), attempt(CALL, "OK"))],
    ),
    Scenario(
        id="seccomp/default-kill-without-rules",
        claim="KILL without rules is taken or refused",
        clause="linux.seccomp.syscalls-optional",
        config=[seccomp(default="SCMP_ACT_KILL")],
        steps=MAYBE,
        expect=[*recorded(taken_as())],
    ),
]

RULES = [
    Case(
        id="seccomp/rule-of-several-names",
        claim="a rule holds for each of its names",
        clause="linux.seccomp.action-errno",
        config=[seccomp(default=ALLOW, rules=[rule([CALL, "sysinfo", OTHER], ERRNO)])],
        tries=[CALL, "sysinfo,&512", OTHER, "getpgid,0"],
        expect=[attempts({CALL: "EPERM", "sysinfo,&512": "EPERM", OTHER: "EPERM", "getpgid,0": "OK"})],
    ),
    Case(
        id="seccomp/several-rules",
        claim="each rule holds for its own call",
        clause="linux.seccomp.errno-ret",
        config=[
            seccomp(
                default=ALLOW,
                rules=[rule(CALL, ERRNO, errno_ret=2), rule(OTHER, ERRNO, errno_ret=13), rule("sysinfo", TRACE)],
            )
        ],
        tries=[CALL, OTHER, "sysinfo,&512", "getpgid,0"],
        expect=[attempts({CALL: "ENOENT", OTHER: "EACCES", "sysinfo,&512": "ENOSYS", "getpgid,0": "OK"})],
    ),
    Case(
        id="seccomp/rules-of-one-call",
        claim="rules of one call with other arguments hold each for its own",
        clause="linux.seccomp.op-eq",
        version="1.1.0",
        config=[
            seccomp(
                default=ALLOW,
                rules=[
                    rule(CALL, ERRNO, errno_ret=2, args=[arg(0, 5, "SCMP_CMP_EQ")]),
                    rule(CALL, ERRNO, errno_ret=13, args=[arg(0, 6, "SCMP_CMP_EQ")]),
                ],
            )
        ],
        tries=[f"{CALL},5", f"{CALL},6", f"{CALL},7"],
        expect=[attempts({f"{CALL},5": "ENOENT", f"{CALL},6": "EACCES", f"{CALL},7": "OK"})],
    ),
    Case(
        id="seccomp/rule-of-the-default-action",
        claim="a rule whose action is the default's is taken",
        clause="linux.seccomp.action-allow",
        config=[seccomp(default=ALLOW, rules=[rule(OTHER, ALLOW), rule(CALL, ERRNO)])],
        tries=[CALL, OTHER],
        expect=[attempt(OTHER, "OK"), attempt(CALL, "EPERM")],
    ),
    Scenario(
        id="seccomp/unknown-call",
        claim="a name that is no system call is passed over or refused",
        clause="linux.seccomp.rule-fields",
        config=[seccomp(default=ALLOW, rules=[rule(["no_such_call", CALL], ERRNO)]), runs("dump", "try", CALL)],
        steps=MAYBE,
        expect=[*recorded(taken_as(CALL))],
    ),
    Scenario(
        id="seccomp/rule-twice",
        claim="the same rule twice holds or is refused",
        clause="linux.seccomp.rule-fields",
        config=[seccomp(default=ALLOW, rules=[rule(CALL, ERRNO), rule(CALL, ERRNO)]), runs("dump", "try", CALL)],
        steps=MAYBE,
        expect=[*recorded(taken_as(CALL))],
    ),
    Scenario(
        id="seccomp/rules-at-odds",
        claim="of two rules for one call with other errnos one holds, or they are refused",
        clause="linux.seccomp.rule-fields",
        config=[
            seccomp(default=ALLOW, rules=[rule(CALL, ERRNO, errno_ret=2), rule(CALL, ERRNO, errno_ret=13)]),
            runs("dump", "try", CALL),
        ],
        steps=MAYBE,
        expect=[*recorded(taken_as(CALL))],
    ),
    Scenario(
        id="seccomp/rule-and-exception",
        claim="of rules of one call for all arguments and for some, some hold, or they are refused",
        clause="linux.seccomp.args-all-match",
        config=[
            seccomp(
                default=ALLOW,
                rules=[
                    rule(CALL, ERRNO, errno_ret=2),
                    rule(CALL, ERRNO, errno_ret=13, args=[arg(0, 5, "SCMP_CMP_EQ")]),
                ],
            ),
            runs("dump", "try", CALL + ",5", "try", CALL + ",6"),
        ],
        steps=MAYBE,
        expect=[*recorded(taken_as(CALL + ",5", CALL + ",6"))],
    ),
    *(
        Case(
            id=f"seccomp/holds-{where}",
            claim=f"the filter holds for a program {where.replace('-', ' ')}",
            clause="linux.seccomp.action-errno",
            config=[filtered(CALL, ERRNO), patch],
            tries=[CALL, OTHER],
            expect=[attempt(CALL, "EPERM"), attempt(OTHER, "OK")],
        )
        for where, patch in (("without-no-new-privileges", no_new_privileges(False)), ("of-another-user", user(1000)))
    ),
]

FLAGS = ("TSYNC", "LOG", "SPEC_ALLOW")
FLAG_CASES = [
    *(
        Case(
            id=f"seccomp/flag-{flag.lower().replace('_', '-')}",
            claim=f"the flag {flag} is taken, and the filter holds",
            clause=f"linux.seccomp.flag-{flag.lower().replace('_', '-')}",
            config=[filtered(CALL, ERRNO, flags=[f"SECCOMP_FILTER_FLAG_{flag}"])],
            needs=[f"feature:linux.seccomp.supportedFlags=SECCOMP_FILTER_FLAG_{flag}"],
            tries=[CALL, OTHER],
            expect=[attempt(CALL, "EPERM"), attempt(OTHER, "OK")],
        )
        for flag in FLAGS
    ),
    Case(
        id="seccomp/flags-together",
        claim="several flags are taken, and the filter holds",
        clause="linux.seccomp.flag-log",
        config=[filtered(CALL, ERRNO, flags=["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"])],
        tries=[CALL, OTHER],
        expect=[attempt(CALL, "EPERM"), attempt(OTHER, "OK")],
    ),
    Case(
        id="seccomp/flags-empty",
        claim="an empty list of flags is a filter without any",
        clause="linux.seccomp.action-errno",
        config=[filtered(CALL, ERRNO, flags=[])],
        tries=[CALL, OTHER],
        expect=[attempt(CALL, "EPERM"), attempt(OTHER, "OK")],
    ),
]


CASES = [*ACTIONS, *DEFAULTS, *RULES, *FLAG_CASES]
