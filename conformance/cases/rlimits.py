"""config.md#posix-process, rlimits: each resource of getrlimit(2), with a soft and a hard limit other than the usual."""

from conformance.author import Case, Rejects, about, labelled, limit, rlimits, user

MIB = 1 << 20
NONE = 2**64 - 1
LIMITS = {
    "RLIMIT_AS": (1 << 40, 1 << 41),  # far above what any runtime maps while it starts
    "RLIMIT_CORE": (4096, 8192),
    "RLIMIT_CPU": (1000, 2000),
    "RLIMIT_DATA": (1 << 38, 1 << 39),
    "RLIMIT_FSIZE": (1 << 30, 1 << 31),
    "RLIMIT_LOCKS": (100, 200),
    "RLIMIT_MEMLOCK": (65536, 131072),
    "RLIMIT_MSGQUEUE": (40960, 81920),
    "RLIMIT_NICE": (10, 20),
    "RLIMIT_NOFILE": (300, 400),
    "RLIMIT_NPROC": (5000, 6000),
    "RLIMIT_RSS": (64 * MIB, 128 * MIB),
    "RLIMIT_RTPRIO": (5, 10),
    "RLIMIT_RTTIME": (1000000, 2000000),
    "RLIMIT_SIGPENDING": (100, 200),
    "RLIMIT_STACK": (4 * MIB, 64 * MIB),
}
# Numbers that a reader of JSON may spoil: beyond a float's 53 bits, beyond a signed one of 64, and the largest.
SPECIAL = {
    "zero": ("RLIMIT_CORE", 0, 0),
    "equal": ("RLIMIT_NOFILE", 350, 350),
    "of-54-bits": ("RLIMIT_FSIZE", 2**53 + 1, 2**53 + 3),
    "of-64-bits": ("RLIMIT_FSIZE", 2**63 - 1, 2**63 + 3),
    "none": ("RLIMIT_STACK", NONE, NONE),
    "hard-none": ("RLIMIT_STACK", 16 * MIB, NONE),
}
UNKNOWN = {"type": "RLIMIT_NO_SUCH", "type-without-prefix": "CORE", "type-in-lower-case": "rlimit_core", "type-prefix-alone": "RLIMIT_", "type-empty": ""}

CASES = [
    *(
        Case(
            id=f"rlimits/{name.removeprefix('RLIMIT_').lower()}",
            claim=f"soft and hard are the limits of {name} in the container",
            clause="config.process.rlimits.all-types",
            needs=[] if name == "RLIMIT_LOCKS" else [f"rlimit:{name}>={hard}"],
            config=[rlimits((name, soft, hard))],
            expect=[
                limit(name, soft, hard),
                *(
                    [
                        *about("config.process.rlimits.soft", labelled("soft", limit(name, soft, hard))),
                        *about("config.process.rlimits.hard", labelled("hard", limit(name, soft, hard))),
                        *about("config.process.rlimits.getrlimit", labelled("getrlimit", limit(name, soft, hard))),
                    ]
                    if name == "RLIMIT_NOFILE"
                    else []
                ),
            ],
        )
        for name, (soft, hard) in LIMITS.items()
    ),
    *(
        Case(
            id=f"rlimits/number-{word}",
            claim="soft and hard are taken as they are written, whatever their size",
            clause="config.process.rlimits.soft",
            needs=[f"rlimit:{name}>={hard}"],
            config=[rlimits((name, soft, hard))],
            expect=[limit(name, soft, hard), *about("config.process.rlimits.hard", labelled("hard", limit(name, soft, hard)))],
        )
        for word, (name, soft, hard) in SPECIAL.items()
    ),
    Case(
        id="rlimits/several",
        claim="several limits are applied together",
        clause="config.process.rlimits.all-types",
        config=[rlimits(*((n, *LIMITS[n]) for n in ("RLIMIT_NOFILE", "RLIMIT_CORE", "RLIMIT_STACK")))],
        expect=[limit(n, *LIMITS[n]) for n in ("RLIMIT_NOFILE", "RLIMIT_CORE", "RLIMIT_STACK")],
    ),
    Case(
        id="rlimits/of-another-user",
        claim="limits are applied to a program of another user without capabilities",
        clause="config.process.rlimits.all-types",
        config=[rlimits(("RLIMIT_NOFILE", 300, 400), ("RLIMIT_CORE", 4096, 8192)), user(1000), {"process": {"capabilities": None}}],
        expect=[limit("RLIMIT_NOFILE", 300, 400), limit("RLIMIT_CORE", 4096, 8192)],
    ),
    Rejects(
        id="rlimits/soft-above-hard",
        claim="a soft limit above the hard one makes create or start fail",
        clause="valid-values.error",
        at="create or start",
        config=[rlimits(("RLIMIT_CORE", 200, 100))],
        control=[rlimits(("RLIMIT_CORE", 100, 200))],
    ),
    *(
        Rejects(
            id=f"rlimits/unknown-{word}",
            claim="a type without a counterpart in the kernel is refused",
            clause="config.process.rlimits.unknown-type-error",
            at="create or start",
            config=[rlimits((name, 1, 2))],
            control=[rlimits(("RLIMIT_CORE", 1, 2))],
        )
        for word, name in UNKNOWN.items()
    ),
    *(
        Rejects(
            id=f"rlimits/duplicate{word}",
            claim="two entries of one type are refused",
            clause="config.process.rlimits.duplicate-error",
            at="create or start",
            config=[rlimits(("RLIMIT_CORE", 30, 40), *between, ("RLIMIT_CORE", soft, hard))],
            control=[rlimits(("RLIMIT_CORE", 30, 40), *between)],
        )
        for word, between, soft, hard in (
            ("", (), 3, 4),  # lower, which anyone may set one after the other
            ("-alike", (), 30, 40),
            ("-apart", (("RLIMIT_NOFILE", 300, 400), ("RLIMIT_FSIZE", 1 << 30, 1 << 31)), 3, 4),
        )
    ),
]
