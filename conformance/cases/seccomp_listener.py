"""config-linux.md#seccomp and #containerprocessstate: NOTIFY, what the runtime sends to listenerPath, and how."""

from conformance.author import (
    Case,
    File,
    Json,
    Listener,
    Patch,
    Rejects,
    Scenario,
    about,
    annotations,
    attempt,
    before,
    connected,
    create,
    delete,
    descriptors_first,
    descriptors_named,
    ended,
    filtered,
    heard,
    kept_waiting,
    kill,
    labelled,
    no_new_privileges,
    notified,
    one_state,
    recorded,
    returns,
    rule,
    runs,
    said,
    seccomp,
    start,
    state_sent,
    state_sent_pid,
    state_sent_state,
    state_sent_version,
    taken_as,
    unlisted,
    user,
)

ALLOW, ERRNO, NOTIFY = "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_NOTIFY"
NEEDS = ["seccomp-action:SCMP_ACT_NOTIFY"]
CALL, OTHER = "munlockall", "getppid"
RED: Json = {"listenerPath": "{listener:red}"}
STATE = "linux.seccomp.process-state"
LISTENER = "linux.seccomp.listener"
METADATA = 'MKNOD=/dev/null,/dev/net/tun; "quotes", a \\ and \u00fc'


WITHOUT_LISTENER: dict[str, Json] = {"": {}, "-with-metadata": {"listenerMetadata": "x"}}


def told(**more: Json) -> Patch:
    """One call is handed to the listener."""
    return filtered(CALL, NOTIFY, **RED, **more)


CASES = [
    Case(
        id="seccomp/notify-value",
        claim="a call under NOTIFY is handed to the listener, whose value it returns",
        clause="linux.seccomp.action-notify",
        needs=NEEDS,
        world=[Listener(name="red", value=4711)],
        config=[told()],
        tries=[f"{CALL},11,{2**64 - 1},13", OTHER],
        expect=[returns(f"{CALL},11,{2**64 - 1},13", 4711), attempt(OTHER, "OK"), notified("red", 11, 2**64 - 1, 13)],
    ),
    Case(
        id="seccomp/notify-errno",
        claim="a call under NOTIFY is handed to the listener, whose errno it gives",
        clause="linux.seccomp.action-notify",
        needs=NEEDS,
        world=[Listener(name="red", error=95)],
        config=[told()],
        tries=[CALL, OTHER],
        expect=[attempt(CALL, "EOPNOTSUPP"), attempt(OTHER, "OK")],
    ),
    Case(
        id="seccomp/notify-some-arguments",
        claim="NOTIFY with a condition hands over the calls for which it holds",
        clause="linux.seccomp.action-notify",
        needs=NEEDS,
        world=[Listener(name="red", error=95)],
        config=[
            seccomp(
                default=ALLOW,
                rules=[rule(CALL, NOTIFY, args=[{"index": 1, "value": 7, "op": "SCMP_CMP_EQ"}])],
                **RED,
            )
        ],
        tries=[f"{CALL},0,7", f"{CALL},7,0"],
        expect=[attempt(f"{CALL},0,7", "EOPNOTSUPP"), attempt(f"{CALL},7,0", "OK"), notified("red", 0, 7)],
    ),
    Case(
        id="seccomp/notify-beside-errno",
        claim="NOTIFY and ERRNO hold each for its own call",
        clause="linux.seccomp.action-notify",
        needs=NEEDS,
        world=[Listener(name="red", error=95)],
        config=[seccomp(default=ALLOW, rules=[rule(OTHER, ERRNO, errno_ret=13), rule(CALL, NOTIFY)], **RED)],
        tries=[CALL, OTHER],
        expect=[attempt(CALL, "EOPNOTSUPP"), attempt(OTHER, "EACCES")],
    ),
    Case(
        id="seccomp/notify-default",
        claim="NOTIFY as the default action hands over the calls that no rule names",
        clause="linux.seccomp.default-action",
        needs=NEEDS,
        version="1.1.0",
        world=[Listener(name="red", error=95)],
        config=[unlisted(CALL, NOTIFY, **RED)],
        tries=[CALL, OTHER],
        expect=[attempt(CALL, "EOPNOTSUPP"), attempt(OTHER, "OK")],
    ),
    *(
        Case(
            id=f"seccomp/notify-{where}",
            claim=f"NOTIFY holds for a program {where.replace('-', ' ')}",
            clause="linux.seccomp.action-notify",
            needs=NEEDS,
            world=[Listener(name="red", error=95)],
            config=[told(), patch],
            tries=[CALL],
            expect=[attempt(CALL, "EOPNOTSUPP"), connected("red", 1)],
        )
        for where, patch in (
            ("without-no-new-privileges", no_new_privileges(False)),
            ("of-another-user", user(1000)),
        )
    ),
    Scenario(
        id="seccomp/listener",
        claim="the process state comes over the listener's socket as JSON, once, with the descriptor",
        clause=f"{LISTENER}.socket-type",
        needs=NEEDS,
        world=[Listener(name="red", error=95)],
        config=[
            told(listenerMetadata=METADATA),
            annotations(**{"org.proctor.colour": "red"}),
            runs("tick", "process", "dump", "try", CALL, "pause"),
        ],
        steps=[create(), start(), said("pause"), heard("red"), kill("SIGKILL"), ended(), delete()],
        expect=[
            labelled("connects-once", connected("red", 1)),
            *about(f"{LISTENER}.one-state-per-connection", one_state("red")),
            *about(f"{LISTENER}.not-reused", labelled("nothing-follows", one_state("red"))),
            *about(f"{LISTENER}.closed", before("red.connected", "red.closed", "kill:begin")),
            *about(f"{LISTENER}.seccomp-fd", labelled("descriptor", descriptors_named("red", "seccompFd"))),
            *about(f"{LISTENER}.metadata", state_sent("red", "metadata", METADATA)),
            *about(f"{STATE}.json", labelled("json", one_state("red"))),
            *about(f"{STATE}.scm-rights", labelled("scm-rights", descriptors_named("red", "seccompFd"))),
            *about(f"{STATE}.fds-first-send", descriptors_first("red")),
            *about(f"{STATE}.fds-order", labelled("fds-order", descriptors_named("red", "seccompFd"))),
            *about(f"{STATE}.oci-version", state_sent_version("red")),
            *about(f"{STATE}.pid", labelled("pid", state_sent_pid("red", "pid"))),
            *about(
                f"{STATE}.state",
                state_sent_state("red"),
                labelled("state-id", state_sent("red", "state.id", "{id}")),
                labelled("state-bundle", state_sent("red", "state.bundle", "{bundle}")),
                labelled("state-annotations", state_sent("red", "state.annotations", {"org.proctor.colour": "red"})),
                labelled("state-pid", state_sent_pid("red", "state.pid")),
                *recorded(labelled("state-status", state_sent("red", "state.status", "creating"))),
            ),
            *about("linux.seccomp.action-notify", attempt(CALL, "EOPNOTSUPP")),
        ],
    ),
    Case(
        id="seccomp/listener-without-metadata",
        claim="the process state of a configuration without listenerMetadata has no metadata",
        clause=f"{LISTENER}.metadata",
        needs=NEEDS,
        world=[Listener(name="red")],
        config=[told()],
        tries=[CALL],
        expect=[*recorded(state_sent("red", "metadata", None)), *about(f"{LISTENER}.seccomp-fd", connected("red", 1))],
    ),
    Case(
        id="seccomp/listener-metadata-large",
        claim="listenerMetadata longer than a socket takes at once arrives whole",
        clause=f"{LISTENER}.metadata",
        needs=NEEDS,
        world=[Listener(name="red")],
        config=[told(listenerMetadata="0123456789abcdef" * 1024)],
        tries=[CALL],
        expect=[
            labelled("metadata", state_sent("red", "metadata", "0123456789abcdef" * 1024)),
            *about(f"{STATE}.fds-first-send", descriptors_first("red")),
            *about(f"{LISTENER}.one-state-per-connection", one_state("red")),
        ],
    ),
    Case(
        id="seccomp/listener-unused",
        claim="listenerPath and listenerMetadata are nothing where no rule notifies",
        clause=f"{LISTENER}.ignored-without-notify",
        world=[Listener(name="red")],
        config=[filtered(CALL, ERRNO, **RED, listenerMetadata="x")],
        tries=[CALL],
        expect=[attempt(CALL, "EPERM"), connected("red", 0)],
    ),
    Case(
        id="seccomp/listener-unused-and-missing",
        claim="a listenerPath where nothing is matters to nobody where no rule notifies",
        clause=f"{LISTENER}.ignored-without-notify",
        config=[filtered(CALL, ERRNO, listenerPath="{bundle}/missing.sock")],
        tries=[CALL],
        expect=[attempt(CALL, "EPERM")],
    ),
    *(
        Rejects(
            id=f"seccomp/listener-{what}",
            claim=f"a listenerPath {phrase} is an error where a rule notifies",
            clause=f"{LISTENER}.send-failure-error",
            needs=NEEDS,
            world=world,
            control_world=[Listener(name="red")],
            config=[filtered(CALL, NOTIFY, listenerPath=path)],
            control=[told()],
        )
        for what, phrase, path, world in (
            ("missing", "where nothing is", "{bundle}/missing.sock", []),
            ("deaf", "at which nobody listens", "{listener:red}", [Listener(name="red", kind="deaf")]),
            ("is-a-file", "that is a plain file", "{bundle}/red.sock", [File(path="red.sock", mode=0o666)]),
            ("is-a-folder", "that is a folder", "{bundle}/red.sock", [File(path="red.sock", kind="folder")]),
        )
    ),
    Rejects(
        id="seccomp/listener-datagram",
        claim="a listenerPath with a datagram socket is an error: the socket is a stream",
        clause=f"{LISTENER}.send-failure-error",
        needs=NEEDS,
        world=[Listener(name="red", kind="datagram")],
        control_world=[Listener(name="red")],
        config=[told()],
        control=[told()],
    ),
    *(
        Scenario(
            id=f"seccomp/notify-without-listener{what}",
            claim="NOTIFY without listenerPath is refused or taken in some way",
            clause="linux.seccomp.listener.metadata-needs-path",
            needs=NEEDS,
            config=[filtered(CALL, NOTIFY, **members), runs("dump", "try", CALL)],
            steps=[create().may_fail(), start().may_fail(), ended().may_fail(), delete(force=True).may_fail()],
            expect=[*recorded(taken_as(CALL))],
        )
        for what, members in WITHOUT_LISTENER.items()
    ),
    Scenario(
        id="seccomp/metadata-without-listener",
        claim="listenerMetadata without listenerPath is refused or passed over",
        clause="linux.seccomp.listener.metadata-needs-path",
        config=[filtered(CALL, ERRNO, listenerMetadata="x"), runs("dump", "try", CALL)],
        steps=[create().may_fail(), start().may_fail(), ended().may_fail(), delete(force=True).may_fail()],
        expect=[*recorded(taken_as(CALL))],
    ),
    Case(
        id="seccomp/flag-wait-killable-recv",
        claim="WAIT_KILLABLE_RECV keeps a call that a listener has in hand from a signal",
        clause="linux.seccomp.flag-wait-killable-recv",
        needs=[*NEEDS, "kernel:5.19", "feature:linux.seccomp.supportedFlags=SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],
        world=[Listener(name="red", error=95, interrupt="SIGUSR1")],
        config=[told(flags=["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]), runs("dump", "catch", "SIGUSR1", "try", CALL)],
        expect=[kept_waiting("red"), attempt(CALL, "EOPNOTSUPP")],
    ),
    Case(
        id="seccomp/notify-interrupted",
        claim="without WAIT_KILLABLE_RECV a signal takes a call back from the listener",
        clause="linux.seccomp.action-notify",
        needs=NEEDS,
        world=[Listener(name="red", error=95, interrupt="SIGUSR1")],
        config=[told(), runs("dump", "catch", "SIGUSR1", "try", CALL)],
        expect=[attempt(CALL, "EINTR")],
    ),
]
