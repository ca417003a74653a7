"""config.md#posix-platform-hooks and runtime.md#lifecycle: the six kinds of hooks, when, where, with what, and what a failure does."""

from conformance.author import (
    Case,
    Json,
    Patch,
    Rejects,
    Scenario,
    Step,
    about,
    annotations,
    before,
    create,
    delete,
    ended,
    hook,
    hook_argv,
    hook_env,
    hook_pid,
    hook_runs_in,
    hook_state,
    hook_status,
    hooks,
    kill,
    labelled,
    never,
    recorded,
    runs,
    start,
    ticks,
    times,
    until,
    within,
)

KINDS = {
    "prestart": "prestart",
    "createRuntime": "create-runtime",
    "createContainer": "create-container",
    "startContainer": "start-container",
    "poststart": "poststart",
    "poststop": "poststop",
}
IN_CONTAINER = ("createContainer", "startContainer")
# What the state may say at each kind. Before create has ended both "creating" and "created" can be read out of the text.
STATUS = {
    "prestart": ("creating", "created"),
    "createRuntime": ("creating", "created"),
    "createContainer": ("creating", "created"),
    "startContainer": ("created",),
    "poststart": ("running",),
    "poststop": ("stopped",),
}
ALL = ticks(*KINDS)
USUAL = (create(), start(), until("stopped"), delete())


def program(kind: str) -> str:
    """The probe's path where hooks of that kind look it up."""
    return "/probe" if kind == "startContainer" else "{probe}"


def once(kind: str, *words: str, **rest: Json) -> Json:
    """One hook of that kind which runs these words of the probe."""
    return hook(program(kind), "probe", *words, **rest)


def failing(kind: str, code: int) -> Patch:
    """A configuration whose hook of that kind ends with the code, with a tick at poststop and one of the program."""
    bad = [once(kind, "hook", "bad", "exit", str(code)), once(kind, "hook", "next")]
    if kind == "poststop":
        return hooks(poststop=bad)
    return hooks(**{kind: bad, "poststop": [once("poststop", "hook", "poststop")]})


TICK = runs("tick", "process", "dump")

CASES = [
    Scenario(
        id="hooks/order",
        claim="hooks run at their points of the lifecycle, in listed order at each point",
        clause="hooks.order",
        config=[TICK, ALL],
        steps=USUAL,
        expect=[
            *(labelled(f"listed-order-{kind}", before(f"{kind}.a", f"{kind}.b")) for kind in KINDS),
            *(labelled(f"invoked-{kind}", about(f"hooks.{name}.invoked", times(f"{kind}.a", 1))[0]) for kind, name in KINDS.items()),
            *about(
                "hooks.prestart.before-create-runtime", labelled("prestart-first", before("prestart.a", "prestart.b", "createRuntime.a", "createRuntime.b"))
            ),
            *about(
                "hooks.create-container.after-create-runtime",
                labelled("container-after-runtime", before("createRuntime.a", "createRuntime.b", "createContainer.a", "createContainer.b")),
            ),
            *(
                labelled(f"in-create-{kind}", about(f"hooks.{KINDS[kind]}.timing", within("create", f"{kind}.a", f"{kind}.b"))[0])
                for kind in ("prestart", "createRuntime", "createContainer")
            ),
            *about("hooks.start-container.timing", labelled("before-program", before("startContainer.a", "startContainer.b", "process"))),
            *about("hooks.poststart.timing", labelled("poststart-in-start", within("start", "poststart.a", "poststart.b"))),
            *about("hooks.poststop.timing", labelled("poststop-in-delete", within("delete", "poststop.a", "poststop.b"))),
        ],
    ),
    *(
        Scenario(
            id=f"hooks/{name}-namespaces",
            claim=f"{kind} hooks run in the {'container' if kind in IN_CONTAINER else 'runtime'} namespace",
            clause=f"hooks.{name}.namespace",
            config=[TICK, ticks(kind)],
            steps=USUAL,
            expect=[
                hook_runs_in(f"{kind}.a", "container" if kind in IN_CONTAINER else "runtime", "mnt", "pid", "ipc", "uts"),
                *about(f"hooks.{name}.path-resolves", labelled("path", times(f"{kind}.b", 1))),
            ],
        )
        for kind, name in KINDS.items()
    ),
    *(
        Scenario(
            id=f"hooks/{name}-state",
            claim=f"{kind} hooks get the state on standard input, with the status of that moment",
            clause="hooks.stdin-state",
            config=[TICK, ticks(kind), annotations(**{"org.proctor.hook": "seen"})],
            steps=USUAL,
            expect=[
                labelled("id", hook_state(f"{kind}.a", "id", "{id}")),
                labelled("id-second", hook_state(f"{kind}.b", "id", "{id}")),
                *(about("runtime.state.status-creating", labelled("creating", hook_status(f"{kind}.a", "creating"))) if kind == "createRuntime" else []),
                labelled("bundle", hook_state(f"{kind}.a", "bundle", "{bundle}")),
                labelled("annotations", hook_state(f"{kind}.a", "annotations", {"org.proctor.hook": "seen"})),
                *about("hooks.stdin-status", hook_status(f"{kind}.a", *STATUS[kind])),
            ],
        )
        for kind, name in KINDS.items()
    ),
    *(
        Scenario(
            id=f"hooks/{KINDS[kind]}-pid",
            claim=f"the state given to {kind} hooks has the pid as seen from where they run",
            clause=f"hooks.stdin-pid-{side}-ns",
            config=[TICK, ticks(kind)],
            steps=USUAL,
            expect=[hook_pid(f"{kind}.a", side)],
        )
        for kind, side in {
            "prestart": "runtime",
            "createRuntime": "runtime",
            "createContainer": "container",
            "startContainer": "container",
            "poststart": "runtime",
        }.items()
    ),
    *(
        Case(
            id=f"hooks/{name}-args-env",
            claim=f"a {kind} hook gets args as its whole argv and env as its whole environment",
            clause="hooks.entry.args",
            config=[TICK, hooks(**{kind: [hook(program(kind), "other-name", "hook", "it", "say", "two words", env=["A=1", "B=two words"])]})],
            expect=[
                hook_argv("it", "other-name", "hook", "it", "say", "two words"),
                *about("hooks.entry.env", hook_env("it", "A=1", "B=two words")),
            ],
        )
        for kind, name in KINDS.items()
    ),
    *(
        Case(
            id=f"hooks/{name}-no-env",
            claim=f"the environment of a {kind} hook without env is recorded",
            clause="hooks.entry.env",
            config=[TICK, hooks(**{kind: [once(kind, "hook", "it")]})],
            expect=[*recorded(hook_env("it"))],
        )
        for kind, name in KINDS.items()
    ),
    *(
        Rejects(
            id=f"hooks/{KINDS[kind]}-fails-{code}",
            claim=f"a {kind} hook that ends with {code} makes create fail, and the program never runs",
            clause=f"hooks.{KINDS[kind]}.failure-error",
            config=[TICK, failing(kind, code)],
            control=[TICK, failing(kind, 0)],
            extra=[
                *about(f"hooks.{KINDS[kind]}.failure-stops-container", labelled("never-ran", never("process"))),
                *about(f"hooks.{KINDS[kind]}.failure-runs-poststop", labelled("poststop", times("poststop", 1))),
            ],
        )
        for kind in ("prestart", "createRuntime", "createContainer")
        for code in (1, 255)
    ),
    *(
        Rejects(
            id=f"hooks/start-container-fails-{code}",
            claim=f"a startContainer hook that ends with {code} makes start fail, and the program never runs",
            clause="hooks.start-container.failure-error",
            at="start",
            config=[TICK, failing("startContainer", code)],
            control=[TICK, failing("startContainer", 0)],
            extra=[
                *about("hooks.start-container.failure-stops-container", labelled("never-ran", never("process"))),
                *about("hooks.start-container.failure-runs-poststop", labelled("poststop", times("poststop", 1))),
            ],
        )
        for code in (1, 255)
    ),
    Rejects(
        id="hooks/poststart-fails",
        claim="a poststart hook that fails makes start fail, and poststop hooks run",
        clause="hooks.poststart.failure-error",
        at="start",
        config=[runs("tick", "process", "pause"), failing("poststart", 1)],
        control=[TICK, failing("poststart", 0)],
        extra=[*about("hooks.poststart.failure-runs-poststop", labelled("poststop", times("poststop", 1)))],
    ),
    Scenario(
        id="hooks/poststart-fails-and-stops",
        claim="a poststart hook that fails stops the container",
        clause="hooks.poststart.failure-stops-container",
        # the hook leaves the program the time to be seen
        config=[runs("tick", "process", "pause"), hooks(poststart=[once("poststart", "hook", "bad", "delay-ms", "1000", "exit", "1")])],
        steps=[create(), start().may_fail(), ended(), Step(op="look")],
        expect=[labelled("ran", times("process", 1))],
    ),
    Scenario(
        id="hooks/poststop-fails",
        claim="a poststop hook that fails is a warning: the next ones run and delete succeeds",
        clause="hooks.poststop.failure-continues",
        config=[TICK, failing("poststop", 1)],
        steps=[create(), start(), until("stopped"), delete().about("hooks.poststop.failure-continues")],
        expect=[labelled("failing-one-ran", times("bad", 1)), labelled("next-one-ran", times("next", 1))],
    ),
    *(
        Rejects(
            id=f"hooks/{KINDS[kind]}-timeout",
            claim=f"a {kind} hook still running after its timeout is ended, and the operation fails",
            clause="hooks.entry.timeout-aborts",
            at="start" if kind == "startContainer" else "create",
            config=[TICK, hooks(**{kind: [once(kind, "hook", "slow", "pause", timeout=2)]})],
            control=[TICK, hooks(**{kind: [once(kind, "hook", "slow", timeout=2)]})],
            extra=[*([] if kind == "startContainer" else [labelled("it-ran", times("slow", 1))]), labelled("never-ran", never("process"))],
        )
        for kind in ("prestart", "createRuntime", "createContainer", "startContainer")
    ),
    Rejects(
        id="hooks/path-is-not-searched",
        claim="a hook's path is not looked for on PATH",
        clause="hooks.entry.path-no-search",
        config=[hooks(createRuntime=[hook("/no-such-folder/true", "true")])],
        control=[hooks(createRuntime=[hook("{probe}", "true", "exit", "0")])],
    ),
    Scenario(
        id="hooks/start-waits",
        claim="start returns only after a startContainer hook that takes its time",
        clause="hooks.start-container.timing",
        config=[TICK, hooks(startContainer=[once("startContainer", "delay-ms", "400", "hook", "late")])],
        steps=USUAL,
        expect=[within("start", "late")],
    ),
    Scenario(
        id="hooks/never-started",
        claim="without start no startContainer or poststart hook runs, and poststop hooks still do",
        clause="hooks.poststop.invoked",
        config=[TICK, ALL],
        steps=[create(), kill("SIGKILL"), until("stopped"), delete()],
        expect=[
            labelled("poststop", times("poststop.a", 1)),
            *about("hooks.start-container.timing", labelled("no-start-container", never("startContainer.a", "startContainer.b", "process"))),
            *about("hooks.poststart.timing", labelled("no-poststart", never("poststart.a", "poststart.b"))),
        ],
    ),
]
