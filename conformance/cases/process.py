"""config.md#process: arguments, environment, directory, terminal, standard streams, no_new_privs, oomScoreAdj, AppArmor, SELinux."""

from conformance.author import (
    AppArmor,
    Case,
    File,
    Rejects,
    about,
    apparmor,
    args,
    argv_is,
    console_message,
    cwd,
    env,
    env_has,
    env_lacks,
    hears,
    labelled,
    no_new_privileges,
    oom_score_adj,
    oom_score_inherited,
    proc_file,
    runs,
    says,
    selinux,
    terminal,
    terminal_is,
    terminals,
    writes,
)

PROFILE = "profile proctor-test flags=(attach_disconnected,mediate_deleted) {\n  file,\n  capability,\n  signal,\n  deny /forbidden rw,\n}\n"

CASES = [
    Case(
        id="process/args",
        claim="args is the program's argument vector, word for word",
        clause="config.process.args-applied",
        config=[args("/probe", "dump", "say", "two words", "say", "", "say", "quote'\"$HOME")],
        expect=[argv_is("/probe", "dump", "say", "two words", "say", "", "say", "quote'\"$HOME")],
    ),
    Case(
        id="process/path-lookup",
        claim="a program without a slash is looked for along PATH, inside the container",
        clause="config.process.args-path-lookup",
        world=[File(path="rootfs/other/tool", kind="probe")],
        config=[args("tool", "dump"), env("PATH=/no-such-folder:/other")],
        expect=[says("exe", "/other/tool"), argv_is("tool", "dump")],
    ),
    *(
        Rejects(
            id=f"process/program-{word}",
            claim="a program that cannot be executed makes create or start fail",
            clause="config.process.args-not-found-error",
            at="create or start",
            world=[File(path="rootfs/plain", text="text"), File(path="rootfs/folder", kind="folder")],
            config=[args(program, "dump")],
        )
        for word, program in {"missing": "/no-such-program", "not-executable": "/plain", "a-folder": "/folder", "not-on-path": "no-such-program"}.items()
    ),
    Case(
        id="process/env",
        claim="each entry of env is in the program's environment, and nothing of the caller's is",
        clause="config.process.env-applied",
        config=[env("PATH=/", "A=1", "B=two words", "EMPTY=", "EQUAL=a=b", "LONG=" + "x" * 4000)],
        expect=[
            env_has("A=1", "B=two words", "EMPTY=", "EQUAL=a=b", "LONG=" + "x" * 4000),
            *about("config.process.env-no-leak", env_lacks("PROCTOR_RUN")),
        ],
    ),
    Case(
        id="process/cwd",
        claim="the program starts in cwd",
        clause="config.process.cwd-applied",
        world=[File(path="rootfs/work/deep", kind="folder")],
        config=[cwd("/work/deep")],
        expect=[says("cwd", "/work/deep")],
    ),
    *(
        Case(
            id=f"terminal/size-{rows}x{columns}",
            claim="with terminal the program has a terminal of that size on its standard streams",
            clause="config.process.terminal-true",
            config=[runs("dump", "isatty"), terminal(height=rows, width=columns)],
            expect=[
                terminals(True, True, True),
                *about("config.process.console-size-applied", terminal_is(rows, columns)),
                *about("cli.create.console-socket", console_message()),
                *about("cli.console-socket.type", labelled("stream", console_message())),
            ],
        )
        for rows, columns in ((24, 80), (1, 1), (33, 211))
    ),
    *(
        Case(
            id=f"terminal/none-{word}",
            claim="without terminal no standard stream is one",
            clause="config.process.terminal-default-false",
            config=[runs("dump", "isatty"), {"process": {"terminal": value}}],
            expect=[terminals(False, False, False)],
        )
        for word, value in (("absent", None), ("false", False))
    ),
    Case(
        id="terminal/size-without-terminal",
        claim="consoleSize without terminal has no effect and is no error",
        clause="config.process.console-size-ignored",
        config=[runs("dump", "isatty"), {"process": {"terminal": False, "consoleSize": {"height": 10, "width": 20}}}],
        expect=[terminals(False, False, False)],
    ),
    Case(
        id="streams/passed",
        claim="without terminal the program's standard streams are those of create",
        clause="cli.create.stdin-passed",
        stdin="a line for the program\n",
        config=[runs("dump", "wait-line", "say", "to-stdout", "err", "to-stderr")],
        expect=[
            hears("a line for the program"),
            *about("cli.create.stdout-passed", labelled("stdout", writes("stdout", "to-stdout"))),
            *about("cli.create.stderr-passed", labelled("stderr", writes("stderr", "to-stderr"))),
        ],
    ),
    Case(
        id="no-new-privileges/true",
        claim="noNewPrivileges true sets no_new_privs on the program",
        clause="config.process.no-new-privileges-true",
        config=[no_new_privileges(True)],
        expect=[says("no_new_privs", 1)],
    ),
    *(
        Case(
            id=f"no-new-privileges/{word}",
            claim="without noNewPrivileges the program's no_new_privs is not set",
            clause="config.process.no-new-privileges-false",
            config=[{"process": {"noNewPrivileges": value}}],
            expect=[says("no_new_privs", 0)],
        )
        for word, value in (("false", False), ("absent", None))
    ),
    *(
        Case(
            id=f"oom-score-adj/{value}",
            claim="oomScoreAdj is the program's oom_score_adj",
            clause="config.process.oom-score-adj-set",
            config=[oom_score_adj(value)],
            expect=[proc_file("oom_score_adj", str(value))],
        )
        for value in (14, 500, 1000)
    ),
    Case(
        id="oom-score-adj/unset",
        claim="without oomScoreAdj the program keeps the score of the runtime's caller",
        clause="config.process.oom-score-adj-unset",
        expect=[oom_score_inherited()],
    ),
    Case(
        id="apparmor/profile",
        claim="the program runs under the profile named",
        clause="config.process.apparmor-profile",
        needs=["apparmor"],
        world=[AppArmor(name="proctor-test", text=PROFILE)],
        config=[apparmor("proctor-test")],
        expect=[proc_file("attr/current", "proctor-test (enforce)")],
    ),
    Rejects(
        id="apparmor/unknown-profile",
        claim="a profile that is not loaded makes create or start fail",
        clause="config.process.apparmor-unknown-error",
        at="create or start",
        config=[apparmor("proctor-no-such-profile")],
    ),
    Case(
        id="selinux/label",
        claim="the program runs with the label given",
        clause="config.process.selinux-label",
        needs=["selinux"],
        config=[selinux("system_u:system_r:container_t:s0:c1,c2")],
        expect=[proc_file("attr/current", "system_u:system_r:container_t:s0:c1,c2")],
    ),
    Rejects(
        id="selinux/no-such-label",
        claim="a label that the kernel cannot give makes create or start fail",
        clause="config.process.selinux-unavailable-error",
        at="create or start",
        config=[selinux("proctor:no:such:s0")],
    ),
]
