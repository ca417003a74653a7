"""The command line: one table of commands and options, which both the parser and the help read.

Knows words and options, and which module carries out a command; that one is imported only when it is asked for. Must not know
how anything is done. The operations are those of
https://github.com/opencontainers/runtime-spec/blob/v1.3.0/runtime.md#operations and what engines need beside them.
"""

from __future__ import annotations

import sys

from runtime_ref.errors import RuntimeFault, Usage
from runtime_ref.kernel import os

if False:
    from typing import Any

VERSION = "0.1.0"
SPEC = "1.3.0"
PROG = "runtime-ref"

# name: (letter or "", what its value is or "" for none, what it says). A value that ends in "..." may come several times.
GLOBAL = {
    "root": ("", "DIR", "where containers are kept; default /run/runtime-ref, or in XDG_RUNTIME_DIR"),
    "log": ("", "FILE", "errors and warnings go there too, a line each"),
    "log-format": ("", "text|json", "the form of these lines; default text"),
    "debug": ("", "", "say more in the log"),
    "systemd-cgroup": ("", "", "let systemd make the cgroups; cgroupsPath is then SLICE:PREFIX:NAME"),
    "no-seal": ("", "", "do not protect the interpreter's file from the container; only for bundles you trust"),
    "trace": ("", "[FILE]", "tell every step as it happens: to stderr, or as JSON lines to FILE"),
    "rootless": ("", "true|false|auto", "accepted for engines; what a user may do is found out"),
    "version": ("v", "", "print the versions"),
    "help": ("h", "", "print help"),
}
_MAKE = {
    "bundle": ("b", "DIR", "the bundle; default the current folder"),
    "console-socket": ("", "SOCKET", "a unix socket that gets the terminal's master"),
    "pid-file": ("", "FILE", "write the container process's id there"),
    "preserve-fds": ("", "N", "let the container have the descriptors 3 to 2+N"),
    "no-pivot": ("", "", "move the root instead of pivot_root(2): for hosts that run from a ramdisk"),
    "no-new-keyring": ("", "", "keep the session keyring of the caller"),
    "no-subreaper": ("", "", "accepted for engines"),
}
_RESOURCES = {
    "resources": ("r", "FILE", "a JSON object as linux.resources, - for standard input"),
    "memory": ("", "BYTES", "memory.limit"),
    "memory-reservation": ("", "BYTES", "memory.reservation"),
    "memory-swap": ("", "BYTES", "memory.swap: memory and swap together"),
    "cpu-shares": ("", "N", "cpu.shares"),
    "cpu-quota": ("", "USEC", "cpu.quota"),
    "cpu-period": ("", "USEC", "cpu.period"),
    "cpu-burst": ("", "USEC", "cpu.burst"),
    "cpu-idle": ("", "0|1", "cpu.idle"),
    "cpuset-cpus": ("", "LIST", "cpu.cpus"),
    "cpuset-mems": ("", "LIST", "cpu.mems"),
    "pids-limit": ("", "N", "pids.limit"),
    "blkio-weight": ("", "N", "blockIO.weight"),
}
_FORMAT = {"format": ("f", "table|json", "the form of the output; default table")}

# name: (arguments, options, function, what it says). An argument in [] may be left out, one with ... takes all that is left.
COMMANDS: dict[str, tuple[str, dict[str, tuple[str, str, str]], str, str]] = {
    "create": ("ID", _MAKE, "container:create_command", "make a container; its program is not started"),
    "start": ("ID", {}, "container:start_command", "start the program of a created container"),
    "state": ("ID", {}, "state:state_command", "print the state as JSON"),
    "kill": ("ID [SIGNAL]", {"all": ("a", "", "every process of the container")}, "container:kill_command",
             "send a signal to the container process; default SIGTERM"),
    "delete": ("ID", {"force": ("f", "", "kill the container first; no error if there is none")},
               "container:delete_command", "remove a stopped container"),
    "run": ("ID", {**_MAKE, "detach": ("d", "", "do not wait for the end"), "keep": ("", "", "do not delete at the end")},
            "container:run_command", "create, start, wait, delete"),
    "exec": ("ID [COMMAND...]", {
        "process": ("p", "FILE", "a JSON object as process, instead of COMMAND"),
        "tty": ("t", "", "with a terminal"),
        "cwd": ("", "DIR", "the working directory"),
        "env": ("e", "NAME=VALUE...", "add to the environment"),
        "user": ("u", "UID[:GID]", "user and group ids"),
        "additional-gids": ("g", "GID...", "further group ids"),
        "cap": ("c", "CAP_NAME...", "add a capability"),
        "no-new-privs": ("", "", "forbid new privileges"),
        "apparmor": ("", "PROFILE", "AppArmor profile"),
        "process-label": ("", "LABEL", "SELinux label"),
        "detach": ("d", "", "do not wait for the end"),
        "ignore-paused": ("", "", "also in a paused container"),
        "pid-file": ("", "FILE", "write the process's id there"),
        "console-socket": ("", "SOCKET", "a unix socket that gets the terminal's master"),
        "preserve-fds": ("", "N", "let the process have the descriptors 3 to 2+N"),
    }, "exec:exec_command", "run another program in a running container"),
    "list": ("", {**_FORMAT, "quiet": ("q", "", "only the ids")}, "listing:list_command", "list the containers"),
    "ps": ("ID [OPTION...]", _FORMAT, "listing:ps_command", "list the processes of a container"),
    "pause": ("ID", {}, "control:pause_command", "stop all processes of a container"),
    "resume": ("ID", {}, "control:resume_command", "let them go on"),
    "update": ("ID", _RESOURCES, "control:update_command", "change the resource limits"),
    "events": ("ID", {"stats": ("", "", "print the figures once"),
                      "interval": ("", "TIME", "between figures: 5s, 500ms; default 5s")},
               "control:events_command", "print figures and OOM kills as JSON lines"),
    "spec": ("", {"bundle": ("b", "DIR", "where to write config.json; default the current folder"),
                  "rootless": ("", "", "for an ordinary user")}, "sample:spec_command", "write a config.json to start from"),
    "features": ("", {}, "features:features_command", "print what this runtime knows, as JSON"),
    "explain": ("[BUNDLE]", {}, "explain:explain_command", "tell what create and start would do"),
    "inspect": ("ID|PID", {"format": ("f", "text|json", "the form of the output; default text")},
                "inspect:inspect_command", "tell what /proc says of a container or process"),
    "checkpoint": ("ID", {}, "control:refused_command", "not offered"),
    "restore": ("ID", {}, "control:refused_command", "not offered"),
    "version": ("", {}, "cli:version_command", "print the versions"),
    "help": ("[COMMAND]", {}, "cli:help_command", "print help"),
}  # fmt: skip


class Call:
    """A parsed command line. `options`: the command's, by name; `settings`: the global ones; `words`: the arguments."""

    def __init__(self, command: str, settings: dict[str, Any], options: dict[str, Any], words: list[str]) -> None:
        self.command = command
        self.settings = settings
        self.options = options
        self.words = words

    @property
    def ident(self) -> str:
        """The container's id."""
        return self.words[0]


def main(argv: list[str]) -> None:
    """Carries out a command line and ends the process: 0, 1 for an error, 2 for a faulty command line, or the program's own."""
    from _signal import SIG_DFL, SIGINT, signal  # type: ignore[import-not-found]  # the signal module costs 5 ms

    signal(SIGINT, SIG_DFL)
    _standard()
    code = 0
    settings: dict[str, Any] = {}
    try:
        call = parse(argv[1:], settings)
        if settings.get("log-format") not in (None, "text", "json"):
            raise Usage(f"--log-format is text or json, not {settings['log-format']}")
        code = carry_out(call, argv)
    except Exception as fault:
        from runtime_ref import log

        code = log.failed(settings, fault)
    leave(code)


def _standard() -> None:
    """Takes up the standard descriptors that the caller has closed: what is opened next would go into the container as one of them."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)  # the lowest one free; the program finds it closed, as the caller had it


def leave(code: int) -> None:
    """Flushes and ends the process without Python's tidying-up, which takes 1.5 ms."""
    try:
        for file in (sys.stdout, sys.stderr):
            if file:  # None where it was closed from the start
                file.flush()
    except (OSError, ValueError):
        code = code or 1
    os._exit(code)


def carry_out(call: Call, argv: list[str]) -> int:
    """Runs the function of the command; its exit code."""
    settings = call.settings
    _preserve(call)  # while those that are open are the caller's
    if "trace" in settings:
        from runtime_ref import trace

        trace.begin(settings["trace"])
    if call.command in ("create", "run", "exec") and "no-seal" not in settings:
        _seal(argv)
    module, _, name = COMMANDS[call.command][2].partition(":")
    code: int = getattr(__import__("runtime_ref." + module, fromlist=[name]), name)(call) or 0
    return code


def _seal(argv: list[str]) -> None:
    """Goes on with an interpreter that no container can write. Raises OSError. (The launcher has done it before all else.)"""
    if "sealed" not in sys._xoptions:
        from runtime_ref import seal

        seal.seal(argv)
    from runtime_ref import trace

    if trace.on:
        trace.tell("seal", "the interpreter was started again, from a file that nobody can write", "open_tree mount_setattr execve")


def parse(words: list[str], settings: dict[str, Any]) -> Call:
    """Reads the words after the program's name; the global options go into `settings`. Raises Usage."""
    todo = list(reversed(words))
    _options(todo, GLOBAL, settings, [], True)
    if "help" in settings or "version" in settings or not todo:
        return Call("version" if "version" in settings else "help", settings, {}, [])
    command = todo.pop()
    if command not in COMMANDS:
        raise Usage(f"unknown command {command!r}; see {PROG} --help")
    usage, table, _, _ = COMMANDS[command]
    found: list[str] = []
    options: dict[str, Any] = {}
    # What follows the first word of `exec ID COMMAND` belongs to COMMAND.
    _options(todo, {**table, "help": GLOBAL["help"]}, options, found, "..." in usage)
    if "help" in options:
        return Call("help", settings, {}, [command])
    wanted = usage.split()
    least = sum(not word.startswith("[") for word in wanted)
    if len(found) < least:
        raise Usage(f"{command}: {wanted[len(found)]} is missing; usage: {PROG} {command} [OPTIONS] {usage}")
    if len(found) > len(wanted) and "..." not in usage:
        raise Usage(f"{command}: {found[len(wanted)]!r} is one argument too many")
    return Call(command, settings, options, found)


def _options(
    todo: list[str], table: dict[str, tuple[str, str, str]], into: dict[str, Any], words: list[str], ordered: bool
) -> None:
    """Takes options off the end of `todo`, and words into `words`. `ordered`: the options end before the second word.

    For the global options (`words` is not filled) they end before the first.
    """
    most = 1 if table is not GLOBAL else 0
    while todo:
        word = todo[-1]
        if word == "--":
            todo.pop()
            break
        if len(word) < 2 or word[0] != "-":
            if ordered and len(words) >= most:
                break
            words.append(todo.pop())
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if ordered and words and name not in table and all(entry[0] != name for entry in table.values()):
            break  # an option of the program, not of ours
        todo.pop()
        if not word.startswith("--") and len(name) > 1 and name not in table:
            raise Usage(f"unknown option {word}: short options stand alone")
        if name not in table:
            name = next((full for full, entry in table.items() if entry[0] == name), name)
        if name not in table:
            raise Usage(f"unknown option {word}")
        kind = table[name][1]
        if not kind:
            if equals and value not in ("true", "false"):
                raise Usage(f"--{name} takes no value")
            if value != "false":
                into[name] = True
        elif kind.startswith("["):
            into[name] = value
        else:
            if not equals:
                if not todo:
                    raise Usage(f"--{name} needs a value: {kind}")
                value = todo.pop()
            if kind.endswith("..."):
                into.setdefault(name, []).append(value)
            else:
                into[name] = value
    if table is not GLOBAL:
        words.extend(reversed(todo))
        todo.clear()


def number(call: Call, name: str, default: int = 0) -> int:
    """The value of an option that takes a whole number. Raises Usage."""
    text = call.options.get(name)
    if text is None:
        return default
    try:
        return int(text)
    except ValueError:
        raise Usage(f"--{name} needs a whole number, not {text!r}") from None


def _preserve(call: Call) -> None:
    """Makes the descriptors of --preserve-fds inheritable. Raises Usage, RuntimeFault."""
    count = number(call, "preserve-fds")
    if count < 0:
        raise Usage("--preserve-fds must not be negative")
    for fd in range(3, 3 + count):
        try:
            os.set_inheritable(fd, True)
        except OSError:
            raise RuntimeFault("--preserve-fds", f"descriptor {fd} is not open") from None


def version_command(call: Call) -> None:
    """`version`."""
    print(f"{PROG} version {VERSION}\nspec: {SPEC}")


def help_command(call: Call) -> None:
    """`help`."""
    if not call.words:
        lines = [f"usage: {PROG} [OPTIONS] COMMAND ...", "", "commands:"]
        lines += [f"  {name:<12}{entry[3]}" for name, entry in COMMANDS.items()]
        lines += ["", "options before the command:"] + _described(GLOBAL)
        print("\n".join([*lines, "", f"{PROG} help COMMAND tells a command's own options."]))
        return
    name = call.words[0]
    if name not in COMMANDS:
        raise RuntimeFault("help", f"unknown command {name!r}")
    usage, table, _, what = COMMANDS[name]
    lines = [f"usage: {PROG} {name} [OPTIONS] {usage}".rstrip(), "", what]
    print("\n".join([*lines, "", "options:", *_described(table)] if table else lines))


def _described(table: dict[str, tuple[str, str, str]]) -> list[str]:
    lines = []
    for name, (letter, kind, what) in table.items():
        value = f"[={kind[1:-1]}]" if kind.startswith("[") else f" {kind.removesuffix('...')}" if kind else ""
        lines.append(f"  {('-' + letter + ',') if letter else '   '} --{name + value:<28}{what}")
    return lines
