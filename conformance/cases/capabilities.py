"""config.md#linux-process, capabilities: each of the five sets, as the program has them after execve."""

from collections.abc import Iterable, Mapping

from conformance.author import (
    CAPABILITIES,
    Case,
    Check,
    about,
    all_capabilities,
    capabilities,
    capabilities_of_host,
    capability_set,
    it_runs,
    labelled,
    recorded,
    says,
    user,
    userns,
    warned,
    warned_of_ungranted,
)

SETS = ("effective", "permitted", "inheritable", "bounding", "ambient")
SET = "config.process.capabilities"
FOUR = ("CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW", "CAP_SETUID")


def sets(**names: Iterable[str]) -> list[Check]:
    """What each of the five sets is; one that is not named is empty."""
    return [check for one in SETS for check in about(f"{SET}.{one}", capability_set(one, *names.get(one, ())))]


def everywhere(*names: str) -> list[Check]:
    """Each of the five sets holds these and no other."""
    return sets(**dict.fromkeys(SETS, names))


# What the configuration asks for, as which user, and what capabilities(7) makes of that in execve: the ambient set alone
# survives for another user than 0, and uid 0 regains the bounding set.
APART: dict[str, tuple[int, Mapping[str, Iterable[str]], Mapping[str, Iterable[str]]]] = {
    "none": (0, {}, {}),
    "none-of-another-user": (1000, {}, {}),
    "bounding-only": (1000, {"bounding": ["CAP_KILL"]}, {"bounding": ["CAP_KILL"]}),
    "without-ambient": (
        1000,
        {"bounding": FOUR, "permitted": ["CAP_KILL"], "effective": ["CAP_KILL"], "inheritable": ["CAP_KILL"]},
        {"bounding": FOUR, "inheritable": ["CAP_KILL"]},
    ),
    "sets-apart": (
        1000,
        {
            "bounding": FOUR,
            "permitted": ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID"],
            "inheritable": ["CAP_KILL", "CAP_SETUID"],
            "effective": ["CAP_CHOWN"],
            "ambient": ["CAP_KILL"],
        },
        {"bounding": FOUR, "inheritable": ["CAP_KILL", "CAP_SETUID"], "permitted": ["CAP_KILL"], "effective": ["CAP_KILL"], "ambient": ["CAP_KILL"]},
    ),
    "root-has-the-bounding-set": (
        0,
        {"bounding": ["CAP_CHOWN", "CAP_KILL"], "permitted": ["CAP_CHOWN", "CAP_KILL"], "effective": ["CAP_CHOWN"]},
        {"bounding": ["CAP_CHOWN", "CAP_KILL"], "permitted": ["CAP_CHOWN", "CAP_KILL"], "effective": ["CAP_CHOWN", "CAP_KILL"]},
    ),
    "root-with-inheritable": (
        0,
        {"bounding": ["CAP_CHOWN", "CAP_KILL"], "permitted": ["CAP_CHOWN", "CAP_KILL"], "effective": ["CAP_CHOWN"], "inheritable": ["CAP_KILL"]},
        {
            "bounding": ["CAP_CHOWN", "CAP_KILL"],
            "permitted": ["CAP_CHOWN", "CAP_KILL"],
            "effective": ["CAP_CHOWN", "CAP_KILL"],
            "inheritable": ["CAP_KILL"],
        },
    ),
}

CASES = [
    *(
        Case(
            id=f"capabilities/{name.removeprefix('CAP_').lower().replace('_', '-')}",
            claim=f"{name} in all five sets is in all five sets of the program, alone",
            clause=f"{SET}.ambient",
            needs=[f"cap:{name}"],
            config=[user(1000), all_capabilities(name)],
            expect=everywhere(name),
        )
        for name in CAPABILITIES
    ),
    *(
        Case(
            id=f"capabilities/{word}",
            claim="each of the five sets is what execve makes of the sets of the configuration",
            clause=f"{SET}.bounding",
            config=[user(uid), capabilities(**{one: list(asked.get(one, ())) for one in SETS})],
            expect=sets(**after),
        )
        for word, (uid, asked, after) in APART.items()
    ),
    Case(
        id="capabilities/in-user-namespace",
        claim="capabilities are given inside the container's user namespace too",
        clause=f"{SET}.ambient",
        needs=["userns"],
        config=[userns([(0, 100000, 65536)]), user(1000), all_capabilities("CAP_KILL", "CAP_NET_RAW")],
        expect=everywhere("CAP_KILL", "CAP_NET_RAW"),
    ),
    *(
        Case(
            id=f"capabilities/absent-{word}",
            claim="what the sets are without the member, which the text leaves open",
            clause=f"{SET}.unset",
            config=[user(uid), {"process": {"capabilities": None}}],
            expect=recorded(*(says(f"caps.{one}", "0000000000000000") for one in SETS)),
        )
        for word, uid in (("root", 0), ("another-user", 1000))
    ),
    Case(
        id="capabilities/absent-sets",
        claim="what a set is that alone is absent, which the text leaves open",
        clause=f"{SET}.unset",
        config=[user(1000), capabilities(bounding=["CAP_KILL"])],
        expect=recorded(*(capability_set(one, *(["CAP_KILL"] if one == "bounding" else [])) for one in SETS)),
    ),
    Case(
        id="capabilities/unknown-name",
        claim="a name that the kernel does not know is left out with a warning, and the container runs",
        clause=f"{SET}.unknown-not-fatal",
        config=[user(1000), capabilities(bounding=["CAP_KILL", "CAP_NO_SUCH"], permitted=[], effective=[], inheritable=[], ambient=[])],
        expect=[
            it_runs(),
            *about("runtime.warnings.flow-unchanged", labelled("flow", it_runs())),
            *about(f"{SET}.unknown-warns", warned("CAP_NO_SUCH")),
            *about(f"{SET}.bounding", capability_set("bounding", "CAP_KILL")),
        ],
    ),
    Case(
        id="capabilities/all",
        claim="all capabilities together are in all five sets of the program",
        clause=f"{SET}.ambient",
        needs=["all-caps"],
        config=[user(1000), all_capabilities(*CAPABILITIES)],
        expect=everywhere(*CAPABILITIES),
    ),
    Case(
        id="capabilities/all-that-can-be-granted",
        claim="of all capabilities those are given that the host can grant, the rest is warned of",
        clause=f"{SET}.unknown-not-fatal",
        needs=["no-all-caps"],
        config=[user(1000), all_capabilities(*CAPABILITIES)],
        expect=[
            it_runs(),
            *about(f"{SET}.unknown-warns", warned_of_ungranted()),
            *(check for one in SETS for check in about(f"{SET}.{one}", capabilities_of_host(one))),
        ],
    ),
    Case(
        id="capabilities/ambient-that-is-not-inheritable",
        claim="an ambient capability that cannot be granted is warned of, and the container runs",
        clause=f"{SET}.unknown-not-fatal",
        config=[user(1000), capabilities(bounding=["CAP_KILL"], permitted=["CAP_KILL"], effective=["CAP_KILL"], inheritable=[], ambient=["CAP_KILL"])],
        expect=[
            it_runs(),
            *about(f"{SET}.unknown-warns", warned("ambient", "CAP_KILL")),
            *about(f"{SET}.bounding", capability_set("bounding", "CAP_KILL")),
            *recorded(capability_set("ambient")),
        ],
    ),
]
