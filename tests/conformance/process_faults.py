"""Finer faults about the process: what a runtime would make of a configuration that mistakes one number, set or word in it."""

from __future__ import annotations

from typing import Any

from bundles.patches import args, capabilities, cwd, env, mounts, no_new_privileges, oom_score_adj, rlimits, terminal, user
from conformance.cases.process import GIVEN

FOUR = ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW", "CAP_SETUID"]
THREE = ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID"]
TWO = ["CAP_KILL", "CAP_SETUID"]
APART = {"bounding": FOUR, "permitted": THREE, "inheritable": TWO, "effective": ["CAP_CHOWN"], "ambient": ["CAP_KILL"]}


def apart(**sets: list[str]) -> Any:
    """The case of five different sets, with one of them taken for another."""
    return capabilities(**{**APART, **sets})


def instead(old: str, new: str) -> Any:
    """The environment of the case, with one assignment taken for another."""
    return env(*(new if assignment == old else assignment for assignment in GIVEN))


FAULTS: tuple[tuple[str, str, Any, str], ...] = (
    ("words are split", "process/args", args("/probe", "dump", "say", "two", "words"), "argv-is"),
    ("empty words are lost", "process/args-unicode", args("/probe", "dump", "say", "größer", "say", "日本語", "say", "?"), "argv-is"),
    ("the last folder of PATH wins", "process/path-lookup-order", env("PATH=/a:/b"), "says:exe"),
    ("a relative program is looked for along PATH", "process/path-relative", args("/other/bin/tool", "dump"), "says:exe"),
    ("argv[0] becomes the path found", "process/path-lookup", args("/other/tool", "dump"), "argv-is"),
    ("a value ends at its second =", "process/env", instead("EQUAL=a=b=", "EQUAL=a"), "env-has"),
    ("HOME is the user's", "process/env", instead("HOME=/elsewhere", "HOME=/"), "env-has"),
    ("an empty variable is lost", "process/env", instead("EMPTY=", "EMPTY"), "env-has"),
    ("the caller's environment is added", "process/env-absent", env("PROCTOR_RUN=1"), "env-lacks"),
    ("cwd stays /", "process/cwd-link", cwd("/"), "says:cwd"),
    ("cwd is entered before the mounts", "process/cwd-on-a-mount", mounts(), "path-entries:."),
    ("a score is cut", "oom-score-adj/1000", oom_score_adj(999), "proc-file:oom_score_adj"),
    ("a score of 0 is set where none is asked for", "oom-score-adj/unset", oom_score_adj(14), "oom-score-inherited"),
    ("rows and columns change places", "terminal/size-33x211", terminal(height=211, width=33), "terminal-is:33"),
    ("a size is of 15 bits", "terminal/size-65535x65535", terminal(height=32767, width=32767), "terminal-is:65535"),
    ("a size makes a terminal", "terminal/size-without-terminal", {"process": {"terminal": True}}, "terminals"),
    ("gid is uid's number", "user/uid-1000-gid-2000", user(1000, 1000), "ids:gid"),
    ("a uid of 16 bits", "user/uid-70000-gid-80000", user(4464, 80000), "ids:uid"),
    ("uid alone is applied", "user/uid-5-gid-0", user(0, 0), "ids:uid"),
    ("the first group alone", "user/additional-gids", user(1000, 2000, [3000]), "groups"),
    ("at most 32 groups", "user/additional-gids-many", user(1000, 2000, [10000 + 7 * n for n in range(32)]), "groups"),
    ("group 0 is left out", "user/additional-gids-root", user(1000, 2000, [6]), "groups"),
    ("no groups for uid 0", "user/additional-gids-of-root", {"process": {"user": {"additionalGids": None}}}, "groups"),
    ("a group is inherited", "user/no-inherited-groups-1000", user(1000, 2000, [61234]), "groups"),
    ("a umask is read as octal once more", "user/umask-0077", user(0, 0, (), 0o63), "says:umask"),
    ("a umask of 0 is taken for none", "user/umask-0000", {"process": {"user": {"umask": None}}}, "says:umask"),
    ("the inheritable set is the permitted one", "capabilities/sets-apart", apart(inheritable=THREE), "capability-set:inheritable"),
    ("the ambient set is the inheritable one", "capabilities/sets-apart", apart(ambient=TWO), "capability-set:ambient"),
    ("the ambient set is lost", "capabilities/sets-apart", apart(ambient=[]), "capability-set:permitted"),
    ("the bounding set is the permitted one", "capabilities/sets-apart", apart(bounding=THREE), "capability-set:bounding"),
    ("uid 0 has more than asked for", "capabilities/root-has-the-bounding-set", capabilities(FOUR, FOUR, FOUR, [], []), "capability-set:permitted"),
    ("one more in the bounding set", "capabilities/kill", capabilities(TWO, *([["CAP_KILL"]] * 4)), "capability-set:bounding"),
    ("no_new_privs for uid 0 alone", "no-new-privileges/true-of-another-user", no_new_privileges(False), "says:no_new_privs"),
    ("no_new_privs always", "no-new-privileges/absent", no_new_privileges(True), "says:no_new_privs"),
    ("soft is hard too", "rlimits/nofile", rlimits(("RLIMIT_NOFILE", 300, 300)), "hard"),
    ("hard is soft too", "rlimits/nofile", rlimits(("RLIMIT_NOFILE", 400, 400)), "soft"),
    ("a limit is read as a float", "rlimits/number-of-54-bits", rlimits(("RLIMIT_FSIZE", 2**53, 2**53 + 4)), "limit:RLIMIT_FSIZE"),
    ("a limit of 63 bits", "rlimits/number-of-64-bits", rlimits(("RLIMIT_FSIZE", 2**63 - 1, 2**63 - 1)), "limit:RLIMIT_FSIZE"),
    ("the largest number is no limit but one", "rlimits/number-hard-none", rlimits(("RLIMIT_STACK", 1 << 24, 2**63 - 1)), "limit:RLIMIT_STACK"),
    ("the first limit alone", "rlimits/several", rlimits(("RLIMIT_NOFILE", 300, 400)), "limit:RLIMIT_STACK"),
)  # fmt: skip
