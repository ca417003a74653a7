"""config.md#posix-process, rlimits: each resource of getrlimit(2), with a soft and a hard limit other than the usual."""

from conformance.author import Case, Rejects, about, labelled, limit, rlimits

MIB = 1 << 20
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
    Case(
        id="rlimits/several",
        claim="several limits are applied together",
        clause="config.process.rlimits.all-types",
        config=[rlimits(*((n, *LIMITS[n]) for n in ("RLIMIT_NOFILE", "RLIMIT_CORE", "RLIMIT_STACK")))],
        expect=[limit(n, *LIMITS[n]) for n in ("RLIMIT_NOFILE", "RLIMIT_CORE", "RLIMIT_STACK")],
    ),
    Rejects(
        id="rlimits/unknown-type",
        claim="a type without a counterpart in the kernel is refused",
        clause="config.process.rlimits.unknown-type-error",
        config=[rlimits(("RLIMIT_NO_SUCH", 1, 2))],
        control=[rlimits(("RLIMIT_CORE", 1, 2))],
    ),
    Rejects(
        id="rlimits/duplicate",
        claim="two entries of one type are refused",
        clause="config.process.rlimits.duplicate-error",
        config=[rlimits(("RLIMIT_CORE", 1, 2), ("RLIMIT_CORE", 3, 4))],
        control=[rlimits(("RLIMIT_CORE", 1, 2))],
    ),
]
