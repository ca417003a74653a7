"""runtime.md: the state, the lifecycle, and the five operations with what each must refuse."""

from __future__ import annotations

from conformance.author import (
    Rejects,
    Scenario,
    about,
    annotations,
    before,
    call_refused,
    cli,
    create,
    created_apart,
    delete,
    dies_by,
    ended,
    exits,
    gone,
    kill,
    labelled,
    namespaces,
    not_started,
    pid_file_is_the_process,
    recorded,
    resources,
    rewrite,
    runs,
    said,
    sees,
    start,
    state,
    state_annotations,
    state_follows_schema,
    state_has,
    state_pid_is_the_process,
    state_version,
    times,
    until,
)

WAITS = runs("tick", "process", "dump", "pause")
# pid 1 of a pid namespace would not die of a signal that it has no handler for.
OUTSIDE_PID = namespaces("mount", "ipc", "uts")
NO_EFFECT = "runtime.ops.delete.not-stopped-no-effect"
# Every signal of signal(7) that a process can be sent and that ends it, with its number on Linux (x86-64, arm64).
ENDING = {
    "HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "BUS": 7, "FPE": 8, "KILL": 9, "USR1": 10, "SEGV": 11, "USR2": 12,
    "PIPE": 13, "ALRM": 14, "TERM": 15, "STKFLT": 16, "XCPU": 24, "XFSZ": 25, "VTALRM": 26, "PROF": 27, "IO": 29, "PWR": 30, "SYS": 31,
}  # fmt: skip

CASES = [
    Scenario(
        id="lifecycle/statuses",
        claim="state says created, running and stopped at their times, with the container process's pid",
        clause="runtime.state.status",
        config=[WAITS, annotations(**{"org.proctor.colour": "blue"})],
        steps=[
            create(),
            sees("created", same_pid=True).about("runtime.state.status-created"),
            start(),
            sees("running", same_pid=True).about("runtime.state.status-running"),
            said("dump"),
            kill("SIGKILL"),
            until("stopped").about("runtime.state.status-stopped"),
            delete(),
            gone().about("runtime.lifecycle.destroyed"),
        ],
        expect=[
            *about("runtime.state.id", labelled("id", state_has("id", "{id}"))),
            *about("runtime.state.oci-version", state_version()),
            *about("runtime.state.bundle", labelled("bundle", state_has("bundle", "{bundle}"))),
            *about("runtime.state.annotations", labelled("annotations", state_has("annotations", {"org.proctor.colour": "blue"}))),
            *about("runtime.state.pid", labelled("pid-created", state_pid_is_the_process()), labelled("pid-running", state_pid_is_the_process(1))),
            *about(
                "runtime.state.schema",
                labelled("schema-created", state_follows_schema()),
                labelled("schema-running", state_follows_schema(1)),
                labelled("schema-stopped", state_follows_schema(2)),
            ),
            *about("runtime.ops.state.returns-state", labelled("status-first", state_has("status", "created"))),
            *about("cli.create.pid-file", pid_file_is_the_process()),
            *about("runtime.lifecycle.program-not-at-create", not_started()),
            *about("runtime.ops.start.runs-program", labelled("once", times("process", 1))),
            *about("runtime.lifecycle.program-run", before("create:end", "start:begin", "process")),
        ],
    ),
    Scenario(
        id="lifecycle/no-annotations",
        claim="the state of a container without annotations has none",
        clause="runtime.state.annotations-absent-or-empty",
        steps=[create(), state(), start(), ended(), delete()],
        expect=[*recorded(state_annotations())],
    ),
    Scenario(
        id="lifecycle/relative-bundle",
        claim="the state has the absolute path of a bundle that was given with a detour",
        clause="runtime.state.bundle",
        steps=[create(bundle="{bundle}/../b"), state(), start(), ended(), delete()],
        expect=[state_has("bundle", "{bundle}")],
    ),
    Scenario(
        id="lifecycle/never-started",
        claim="the program of process.args does not run without start",
        clause="runtime.ops.create.args-not-applied",
        config=[WAITS],
        steps=[create(), sees("created"), kill("SIGKILL").about("runtime.ops.kill.created"), until("stopped"), delete()],
        expect=[times("process", 0)],
    ),
    Scenario(
        id="lifecycle/config-changed-after-create",
        claim="a change of config.json after create has no effect on the container",
        clause="runtime.lifecycle.config-change-no-effect",
        config=[runs("tick", "old", "exit", "3")],
        steps=[create(), rewrite(runs("tick", "new", "exit", "4")), start(), ended(), delete()],
        expect=[exits(3), labelled("old-ran", times("old", 1)), labelled("new-did-not", times("new", 0))],
    ),
    Scenario(
        id="lifecycle/start-running",
        claim="start of a running container errs and does not run the program again",
        clause="runtime.ops.start.running-error",
        config=[WAITS],
        steps=[
            create(), start(), said("dump"), start().is_refused(),
            sees("running", same_pid=True).about("runtime.ops.start.not-created-no-effect"),
            kill("SIGKILL"), until("stopped"), delete(),
        ],
        expect=[*about("runtime.ops.start.not-created-no-effect", times("process", 1))],
    ),
    Scenario(
        id="lifecycle/start-stopped",
        claim="start of a stopped container errs and does not run the program again",
        clause="runtime.ops.start.stopped-error",
        config=[runs("tick", "process")],
        steps=[
            create(), start(), until("stopped"), start().is_refused(),
            sees("stopped").about("runtime.ops.start.not-created-no-effect"), delete(),
        ],
        expect=[*about("runtime.ops.start.not-created-no-effect", times("process", 1))],
    ),
    Scenario(
        id="lifecycle/delete-created",
        claim="delete of a created container errs and has no effect on it",
        clause="runtime.ops.delete.created-error",
        config=[WAITS],
        steps=[
            create(), delete().is_refused(), sees("created", same_pid=True).about(NO_EFFECT),
            start().about(NO_EFFECT), said("dump"), kill("SIGKILL"), until("stopped"), delete(),
        ],
    ),
    Scenario(
        id="lifecycle/delete-running",
        claim="delete of a running container errs and has no effect on it",
        clause="runtime.ops.delete.running-error",
        config=[WAITS],
        steps=[
            create(), start(), said("dump"), delete().is_refused(), sees("running", same_pid=True).about(NO_EFFECT),
            kill("SIGKILL"), until("stopped"), delete(),
        ],
    ),
    Scenario(
        id="lifecycle/kill-stopped",
        claim="kill of a stopped container errs and changes nothing",
        clause="runtime.ops.kill.stopped-error",
        config=[runs("exit", "0")],
        steps=[
            create(), start(), until("stopped"), kill("SIGKILL").is_refused(), sees("stopped").about("runtime.ops.kill.stopped-no-effect"),
            delete().about("runtime.ops.kill.stopped-no-effect"),
        ],
    ),
    Scenario(
        id="lifecycle/id-in-use",
        claim="create with an id in use errs and leaves the first container as it was",
        clause="runtime.ops.create.duplicate-id-error",
        config=[WAITS],
        steps=[
            create(), create(id="{id}").is_refused(), sees("created", same_pid=True).about("runtime.ops.create.duplicate-id-untouched"),
            start(), said("dump"), kill("SIGKILL"), until("stopped"), delete(),
        ],
        expect=[*about("runtime.state.id-unique", call_refused("create", 1)), *about("runtime.ops.create.duplicate-id-untouched", times("process", 1))],
    ),
    Scenario(
        id="lifecycle/id-again",
        claim="an id can be used again after delete",
        clause="runtime.ops.delete.id-reusable",
        config=[runs("tick", "process")],
        steps=[create(), start(), until("stopped"), delete(), create(), start().may_fail(), ended(), delete()],
        expect=[*recorded(times("process", 2))],
    ),
    Scenario(
        id="lifecycle/unknown-id",
        claim="state, start, kill and delete of an id that no container has err",
        clause="runtime.ops.state.unknown-id-error",
        config=[WAITS],
        steps=[
            create(),  # the control: the same operations on this one succeed
            state(id="no-such-{id}").is_refused(),
            start(id="no-such-{id}").is_refused("runtime.ops.start.unknown-id-error"),
            kill("SIGTERM", id="no-such-{id}").is_refused("runtime.ops.kill.unknown-id-error"),
            delete(id="no-such-{id}").is_refused("runtime.ops.delete.unknown-id-error"),
            sees("created", same_pid=True), start().about("runtime.ops.supported"), said("dump"),
            kill("SIGKILL").about("runtime.ops.supported"), until("stopped"), delete().about("runtime.ops.supported"),
        ],
    ),
    Scenario(
        id="lifecycle/no-id",
        claim="an operation without an id errs",
        clause="runtime.ops.state.no-id-error",
        config=[WAITS],
        steps=[
            create(),
            cli("state").is_refused(),
            cli("start").is_refused("runtime.ops.start.no-id-error"),
            cli("kill").is_refused("runtime.ops.kill.no-id-error"),
            cli("delete").is_refused("runtime.ops.delete.no-id-error"),
            cli("create", "--bundle", "{bundle}").is_refused("runtime.ops.create.no-id-error"),
            sees("created", same_pid=True), start(), said("dump"), kill("SIGKILL"), until("stopped"), delete(),
        ],
    ),
    *(
        Scenario(
            id=f"lifecycle/invalid-id-{word}",
            claim="an id with a slash or with nothing in it is refused, and a plain one is taken",
            clause="runtime.ops.create.invalid-id-error",
            config=[WAITS],
            steps=[cli("create", "--bundle", "{bundle}", bad).is_refused(), create(), start(), said("dump"), kill("SIGKILL"), until("stopped"), delete()],
        )
        for word, bad in {"slash": "a/{id}", "parent": "../{id}", "empty": ""}.items()
    ),
    Scenario(
        id="lifecycle/unknown-command",
        claim="a command that does not exist exits with a code other than 0",
        clause="cli.unknown-command-nonzero",
        profile="cli",
        steps=[cli("no-such-command").is_refused(), create(), start(), until("stopped"), delete()],
    ),
    *(
        Scenario(
            id=f"kill/{name.lower()}",
            claim=f"kill with SIG{name} ends a program that does not catch it by that signal",
            clause="runtime.ops.kill.sends-signal",
            config=[OUTSIDE_PID, runs("dump", "pause")],
            steps=[create(), start(), said("dump"), kill(f"SIG{name}"), until("stopped"), delete()],
            expect=[dies_by(number), *(about("cli.kill.term-kill", labelled("cli", dies_by(number))) if name in ("TERM", "KILL") else [])],
        )
        for name, number in ENDING.items()
    ),
    Scenario(
        id="kill/default-is-term",
        claim="kill without a signal sends SIGTERM",
        clause="cli.kill.default-signal",
        profile="cli",
        config=[OUTSIDE_PID, runs("dump", "pause")],
        steps=[create(), start(), said("dump"), kill(""), until("stopped"), delete()],
        expect=[dies_by(15)],
    ),
    Scenario(
        id="kill/by-number",
        claim="kill takes the number of a signal",
        clause="cli.kill.other-signals",
        profile="cli",
        config=[OUTSIDE_PID, runs("dump", "pause")],
        steps=[create(), start(), said("dump"), kill("12"), ended(), delete()],
        expect=[dies_by(12)],
    ),
    *(
        Scenario(
            id=f"exit/code-{code}",
            claim="the exit code of the program is the one its shim collects",
            clause="runtime.lifecycle.program-run",
            config=[runs("exit", str(code))],
            steps=[create(), start(), until("stopped"), delete()],
            expect=[exits(code)],
        )
        for code in (0, 1, 2, 41, 125, 126, 127, 128, 129, 137, 143, 254, 255)
    ),
    Rejects(
        id="create/no-config",
        claim="create of a bundle without config.json errs",
        clause="bundle.config-at-root",
        without="config.json",
    ),
    Rejects(
        id="create/config-is-no-json",
        claim="create of a bundle whose config.json is no JSON errs",
        clause="json.utf8",
        raw="{ this is no JSON",
    ),
    Rejects(
        id="create/rootfs-missing",
        claim="create with a root.path that does not exist errs and leaves nothing",
        clause="runtime.lifecycle.environment-error",
        config=[{"root": {"path": "no-such-rootfs"}}],
    ),
    Rejects(
        id="create/unapplicable",
        claim="create with a mount that cannot be made errs and leaves no container",
        clause="runtime.ops.create.unapplicable-error",
        config=[{"mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}, {"destination": "/x", "type": "no-such-fs", "source": "x"}]}],
        control=[{"mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}, {"destination": "/x", "type": "tmpfs", "source": "x"}]}],
        extra=[*about("runtime.ops.create.unapplicable-no-container", labelled("no-container", call_refused("state")))],
    ),
    Scenario(
        id="start/without-process",
        claim="start of a container whose configuration has no process errs",
        clause="runtime.ops.start.no-process-error",
        config=[{"process": None}],
        steps=[create(), start().is_refused(), kill("SIGKILL").may_fail(), delete(force=True).may_fail()],
    ),
    Scenario(
        id="create/properties-before-start",
        claim="the environment of config.json exists while created",
        clause="runtime.lifecycle.resources-at-create",
        config=[WAITS, resources(pids={"limit": 77})],
        steps=[create(), sees("created").about("runtime.ops.create.creates"), start(), said("dump"), kill("SIGKILL"), until("stopped"), delete()],
        expect=[created_apart("pid", "mnt", "ipc", "uts")],
    ),
]

