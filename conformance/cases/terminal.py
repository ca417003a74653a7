"""config.md#process, terminal and consoleSize, and the standard streams and the console socket of the command-line document."""

from conformance.author import (
    Case,
    about,
    console_message,
    console_request,
    create,
    delete,
    ended,
    hears,
    input_ends,
    labelled,
    one_terminal,
    recorded,
    runs,
    says,
    send,
    start,
    terminal,
    terminal_is,
    terminals,
    user,
    writes,
)

CASES = [
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
        for rows, columns in ((24, 80), (1, 1), (33, 211), (300, 20), (65535, 65535))
    ),
    *(
        Case(
            id=f"terminal/{word}",
            claim="with terminal the program has one terminal, which controls it",
            clause="config.process.terminal-true",
            config=[runs("dump", "isatty"), terminal(), *patches],
            expect=[
                terminals(True, True, True),
                one_terminal(),
                *recorded(labelled("default-size", says("tty.rows", 0)), labelled("owner", says("tty.uid", 0)), console_request()),
            ],
        )
        for word, patches in (("without-size", []), ("of-another-user", [user(1000, 1000)]))
    ),
    Case(
        id="terminal/both-ways",
        claim="the program reads what comes in at the terminal's other end, and writes to there",
        clause="config.process.terminal-true",
        config=[runs("dump", "wait-line", "say", "to-stdout", "err", "to-stderr"), terminal(height=24, width=80)],
        steps=[create(), start(), send("a line for the program\n"), ended(), delete()],
        expect=[
            hears("a line for the program"),
            *about("cli.create.console-socket", labelled("output", writes("stdout", "to-stdout")), labelled("errors", writes("stdout", "to-stderr"))),
        ],
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
    *(
        Case(
            id=f"terminal/size-{word}",
            claim="consoleSize without terminal has no effect and is no error",
            clause="config.process.console-size-ignored",
            config=[runs("dump", "isatty"), {"process": {"terminal": value, "consoleSize": {"height": 10, "width": 20}}}],
            expect=[terminals(False, False, False)],
        )
        for word, value in (("without-terminal", False), ("with-terminal-unset", None))
    ),
    *(
        Case(
            id=f"streams/{word}",
            claim="without terminal the program's standard streams are those of create",
            clause="cli.create.stdin-passed",
            config=[runs("dump", "wait-line", "say", "to-stdout", "err", "to-stderr"), *patches],
            stdin="a line for the program\n",
            expect=[
                hears("a line for the program"),
                *about("cli.create.stdout-passed", labelled("stdout", writes("stdout", "to-stdout"))),
                *about("cli.create.stderr-passed", labelled("stderr", writes("stderr", "to-stderr"))),
            ],
        )
        for word, patches in (("passed", []), ("passed-to-another-user", [user(1000, 1000)]))
    ),
    Case(
        id="streams/after-start",
        claim="what is written to create's standard input after start reaches the program",
        clause="cli.create.stdin-passed",
        config=[runs("dump", "wait-line")],
        steps=[create(), start(), send("a late line\n"), ended(), delete()],
        expect=[hears("a late line")],
    ),
    Case(
        id="streams/end-of-input",
        claim="the end of create's standard input is the end of the program's",
        clause="cli.create.stdin-passed",
        config=[runs("dump", "wait-line")],
        expect=[input_ends()],
    ),
]
