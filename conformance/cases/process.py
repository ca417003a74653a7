"""config.md#process: arguments, the lookup of the program, environment, working directory, oomScoreAdj."""

from conformance.author import (
    Case,
    File,
    Rejects,
    Scenario,
    about,
    args,
    argv_is,
    create,
    cwd,
    delete,
    ended,
    env,
    env_beside,
    env_has,
    env_lacks,
    labelled,
    mount,
    mounts,
    oom_score_adj,
    oom_score_inherited,
    path_entries,
    proc_file,
    recorded,
    runs,
    says,
    start,
    user,
    value_taken,
)

WORDS = {
    "words": ("two words", "", "quote'\"$HOME", "* ? [a] ~", "\\n", " "),
    "lines": ("first\nsecond", "\ttab", "end\n"),
    "unicode": ("größer", "日本語", "\U0001f40b"),
    "long": ("x" * 100_000,),
    "many": tuple(f"word-{n}" for n in range(1000)),
}
# The text leaves open whether a runtime takes this; what it does is recorded.
MAYBE = (create().may_fail(), start().may_fail(), ended().may_fail(), delete(force=True).may_fail())
UNSUITABLE = {
    "missing": args("/no-such-program", "dump"),
    "missing-folder": args("/no-such-folder/probe", "dump"),
    "not-executable": args("/plain", "dump"),
    "of-no-format": args("/noise", "dump"),
    "a-folder": args("/folder", "dump"),
    "a-dead-link": args("/dead", "dump"),
    "below-a-file": args("/plain/probe", "dump"),
    "not-on-path": args("no-such-program", "dump"),
    "on-the-hosts-path-only": {"process": {"args": ["sh", "-c", "exit 0"], "env": ["PATH=/usr/bin:/bin"]}},
    "of-the-root-user-only": {"process": {"args": ["/private", "dump"], "user": {"uid": 1000, "gid": 1000}}},
}
GIVEN = ("PATH=/", "A=1", "B=two words", "EMPTY=", "EQUAL=a=b=", "LINES=a\nb", "Größe=日本", "HOME=/elsewhere", "lower=a", "LONG=" + "x" * 4000)

CASES = [
    *(
        Case(
            id="process/args" if word == "words" else f"process/args-{word}",
            claim="args is the program's argument vector, word for word",
            clause="config.process.args-applied",
            config=[args("/probe", "dump", *(w for text in words for w in ("say", text)))],
            expect=[argv_is("/probe", "dump", *(w for text in words for w in ("say", text)))],
        )
        for word, words in WORDS.items()
    ),
    Case(
        id="process/path-lookup",
        claim="a program without a slash is looked for along PATH, inside the container",
        clause="config.process.args-path-lookup",
        world=[File(path="rootfs/other/tool", kind="probe")],
        config=[args("tool", "dump"), env("PATH=/no-such-folder:/other")],
        expect=[says("exe", "/other/tool"), argv_is("tool", "dump")],
    ),
    Case(
        id="process/path-lookup-order",
        claim="the first folder of PATH that has the program gives it",
        clause="config.process.args-path-lookup",
        world=[File(path="rootfs/a/tool", kind="probe"), File(path="rootfs/b/tool", kind="probe")],
        config=[args("tool", "dump"), env("PATH=/b:/a")],
        expect=[says("exe", "/b/tool")],
    ),
    Case(
        id="process/path-lookup-not-executable",
        claim="a file on PATH that cannot be executed is passed over",
        clause="config.process.args-path-lookup",
        world=[File(path="rootfs/a/tool", text="text"), File(path="rootfs/b/tool", kind="folder"), File(path="rootfs/c/tool", kind="probe")],
        config=[args("tool", "dump"), env("PATH=/a:/b:/c")],
        expect=[says("exe", "/c/tool")],
    ),
    Case(
        id="process/path-relative",
        claim="a program with a slash that is relative is taken from cwd and not from PATH",
        clause="config.process.args-path-lookup",
        world=[File(path="rootfs/work/bin/tool", kind="probe"), File(path="rootfs/other/bin/tool", kind="probe")],
        config=[args("bin/tool", "dump"), cwd("/work"), env("PATH=/other")],
        expect=[says("exe", "/work/bin/tool")],
    ),
    *(
        Scenario(
            id=f"process/path-{word}",
            claim="a program without a slash is found or not where PATH is silent about it",
            clause="config.process.args-path-lookup",
            world=[File(path=f"rootfs/{folder}/tool", kind="probe")],
            config=[args("tool", "dump"), cwd("/work"), env(*assignments)],
            steps=MAYBE,
            expect=[*recorded(value_taken("exe"))],
        )
        for word, folder, assignments in (("unset", "bin", ["A=1"]), ("empty-part", "work", ["PATH=/other:"]), ("relative-part", "work/bin", ["PATH=bin"]))
    ),
    *(
        Rejects(
            id=f"process/program-{word}",
            claim="a program that cannot be executed makes create or start fail",
            clause="config.process.args-not-found-error",
            at="create or start",
            world=[
                File(path="rootfs/plain", text="text"),
                File(path="rootfs/noise", text="text", mode=0o755),
                File(path="rootfs/private", kind="probe", mode=0o700),
                File(path="rootfs/folder", kind="folder"),
                File(path="rootfs/dead", kind="link", text="/no-such-program"),
            ],
            config=[patch],
            control=[{"process": {**patch["process"], "args": ["/probe", "dump"]}}],
        )
        for word, patch in UNSUITABLE.items()
    ),
    Rejects(
        id="process/args-empty",
        claim="args without an entry are refused",
        clause="config.process.args-nonempty",
        at="create or start",
        config=[{"process": {"args": []}}],
    ),
    Case(
        id="process/env",
        claim="each entry of env is in the program's environment, and nothing of the caller's is",
        clause="config.process.env-applied",
        config=[env(*GIVEN)],
        expect=[
            env_has(*GIVEN),
            *about("config.process.env-no-leak", env_lacks("PROCTOR_RUN")),
            *recorded(env_beside(*GIVEN)),
        ],
    ),
    *(
        Case(
            id=f"process/env-{word}",
            claim="without entries in env the program has none of the caller's environment",
            clause="config.process.env-no-leak",
            config=[{"process": {"env": value}}],
            expect=[env_lacks("PROCTOR_RUN"), *recorded(env_beside())],
        )
        for word, value in (("absent", None), ("empty", []))
    ),
    *(
        Scenario(
            id=f"process/env-{word}",
            claim="an entry of env that is doubtful is taken, changed or refused",
            clause="config.process.env-applied",
            config=[env("PATH=/", *entries)],
            steps=MAYBE,
            expect=[*recorded(value_taken("env"))],
        )
        for word, entries in (("twice", ["A=1", "A=2"]), ("without-equal-sign", ["PLAIN"]), ("without-name", ["=value"]))
    ),
    Case(
        id="process/cwd",
        claim="the program starts in cwd",
        clause="config.process.cwd-applied",
        world=[File(path="rootfs/work/deep", kind="folder")],
        config=[cwd("/work/deep")],
        expect=[says("cwd", "/work/deep")],
    ),
    Case(
        id="process/cwd-link",
        claim="a cwd that is a link inside the container is followed there",
        clause="config.process.cwd-applied",
        world=[File(path="rootfs/work/deep", kind="folder"), File(path="rootfs/short", kind="link", text="/work/deep")],
        config=[cwd("/short")],
        expect=[says("cwd", "/work/deep")],
    ),
    Case(
        id="process/cwd-on-a-mount",
        claim="a cwd below a mount of the configuration is the mounted folder",
        clause="config.process.cwd-applied",
        world=[File(path="rootfs/work/covered", kind="folder"), File(path="side/seen", kind="folder")],
        config=[mounts(mount("/work", "none", "{bundle}/side", ["bind"])), cwd("/work"), runs("dump", "list", ".")],
        expect=[says("cwd", "/work"), path_entries(".", "seen")],
    ),
    Case(
        id="process/cwd-of-the-user",
        claim="a cwd that the program's user alone may enter is entered",
        clause="config.process.cwd-applied",
        world=[File(path="rootfs/mine", kind="folder", mode=0o700, owner=(1000, 2000))],
        config=[cwd("/mine"), user(1000, 2000), {"process": {"capabilities": None}}],
        expect=[says("cwd", "/mine")],
    ),
    Rejects(
        id="process/cwd-a-file",
        claim="a cwd that is no folder makes create or start fail",
        clause="runtime.ops.create.unapplicable-error",
        at="create or start",
        world=[File(path="rootfs/plain", text="text"), File(path="rootfs/work", kind="folder")],
        config=[cwd("/plain")],
        control=[cwd("/work")],
    ),
    Rejects(
        id="process/cwd-relative",
        claim="a relative cwd is refused",
        clause="config.process.cwd-absolute",
        at="create or start",
        world=[File(path="rootfs/work", kind="folder")],
        config=[cwd("work")],
        control=[cwd("/work")],
    ),
    *(
        Scenario(
            id=f"process/cwd-{word}",
            claim="a cwd that is not there, or that the user may not enter, is made, entered or refused",
            clause="config.process.cwd-applied",
            world=[File(path="rootfs/private", kind="folder", mode=0o700)],
            config=[cwd(path), user(1000)],
            steps=MAYBE,
            expect=[*recorded(value_taken("cwd"))],
        )
        for word, path in (("missing", "/work/new"), ("of-the-root-user", "/private"))
    ),
    *(
        Case(
            id=f"oom-score-adj/{value}",
            claim="oomScoreAdj is the program's oom_score_adj",
            clause="config.process.oom-score-adj-set",
            needs=["cap:CAP_SYS_RESOURCE"] if value < 0 else [],
            config=[oom_score_adj(value)],
            expect=[proc_file("oom_score_adj", str(value))],
        )
        for value in (-1000, -500, 0, 14, 500, 1000)
    ),
    *(
        Rejects(
            id=f"oom-score-adj/beyond-{value}",
            claim="an oomScoreAdj that the kernel does not take makes create or start fail",
            clause="valid-values.error",
            at="create or start",
            config=[oom_score_adj(value)],
            control=[oom_score_adj(1000)],
        )
        for value in (1001, -1001)
    ),
    Case(
        id="oom-score-adj/unset",
        claim="without oomScoreAdj the program keeps the score of the runtime's caller",
        clause="config.process.oom-score-adj-unset",
        expect=[oom_score_inherited()],
    ),
    Case(
        id="oom-score-adj/of-another-user",
        claim="oomScoreAdj is set for a program of another user without capabilities",
        clause="config.process.oom-score-adj-set",
        config=[user(1000), {"process": {"capabilities": None}}, oom_score_adj(400)],
        expect=[proc_file("oom_score_adj", "400"), labelled("uid", says("uid", [1000] * 4))],
    ),
]
