"""The features document: valid, the same everywhere, and true: what it lists is taken, what it does not list is not."""

from __future__ import annotations

from typing import Any

import pytest

import bundles
from runtime_ref import caps, features, limits, options, spec
from runtime_ref.errors import ConfigError
from runtime_ref.seccomp import bpf

DOCUMENT = features.document()
LINUX = DOCUMENT["linux"]
SECCOMP = LINUX["seccomp"]


def config(**linux: Any) -> dict[str, Any]:
    return {
        "ociVersion": "1.3.0",
        "root": {"path": "rootfs"},
        "process": {"args": ["x"], "cwd": "/"},
        "linux": linux,
    }


def taken(document: dict[str, Any]) -> bool:
    try:
        spec.check(document)
    except ConfigError:
        return False
    return True


def test_it_is_valid_against_the_schema() -> None:
    assert bundles.schema.check(DOCUMENT, kind="features") == []


def test_both_versions_are_taken_and_the_next_is_not() -> None:
    for version, is_taken in ((DOCUMENT["ociVersionMin"], True), (DOCUMENT["ociVersionMax"], True), ("1.4.0", False)):
        assert taken({**config(), "ociVersion": version}) is is_taken


@pytest.mark.parametrize("name", [*DOCUMENT["hooks"], "preStop"])
def test_hooks(name: str) -> None:
    broken = {**config(), "hooks": {name: [{"path": "relative"}]}}
    assert taken({**config(), "hooks": {name: [{"path": "/x"}]}})
    assert taken(broken) is (name == "preStop")  # what is not known is not looked at


@pytest.mark.parametrize("name", [*LINUX["namespaces"], "network2"])
def test_namespaces(name: str) -> None:
    entry = {"type": name, "path": "/proc/self/ns/x"}
    assert taken(config(namespaces=[entry])) is (name in LINUX["namespaces"])


def test_capabilities() -> None:
    asked = caps.of({"capabilities": {"bounding": [*LINUX["capabilities"], "CAP_NOVEL"]}})
    assert len(asked.warnings) == 1
    assert asked.bounding == (1 << len(LINUX["capabilities"])) - 1


@pytest.mark.parametrize("name", [*SECCOMP["actions"], "SCMP_ACT_NOVEL"])
def test_seccomp_actions(name: str) -> None:
    rule = {"names": ["getcwd"], "action": name}
    filters = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/x", "syscalls": [rule]}
    assert taken(config(seccomp=filters)) is (name in SECCOMP["actions"])
    if name in SECCOMP["actions"]:
        assert bpf.compile(filters, "x86_64")


@pytest.mark.parametrize("name", [*SECCOMP["operators"], "SCMP_CMP_NOVEL"])
def test_seccomp_operators(name: str) -> None:
    rule = {"names": ["getcwd"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 1, "op": name}]}
    filters = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}
    assert taken(config(seccomp=filters)) is (name in SECCOMP["operators"])
    if name in SECCOMP["operators"]:
        assert bpf.compile(filters, "x86_64")


@pytest.mark.parametrize("name", [*SECCOMP["archs"], "SCMP_ARCH_VAX"])
def test_seccomp_architectures(name: str) -> None:
    filters = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": [name]}
    assert taken(config(seccomp=filters)) is (name in SECCOMP["archs"])
    if name in SECCOMP["archs"]:
        assert bpf.compile(filters, "x86_64")


def test_seccomp_flags() -> None:
    assert set(SECCOMP["supportedFlags"]) <= set(SECCOMP["knownFlags"])
    filters = {"defaultAction": "SCMP_ACT_ALLOW", "flags": SECCOMP["knownFlags"]}
    assert taken(config(seccomp=filters))
    assert not taken(config(seccomp={**filters, "flags": ["SECCOMP_FILTER_FLAG_NOVEL"]}))


def test_memory_policy() -> None:
    assert LINUX["memoryPolicy"]["modes"] == list(limits.MEMORY_MODES)
    for mode in [*LINUX["memoryPolicy"]["modes"], "MPOL_NOVEL"]:
        nodes = "" if mode in ("MPOL_DEFAULT", "MPOL_LOCAL") else "0"
        known = mode in LINUX["memoryPolicy"]["modes"]
        assert taken(config(memoryPolicy={"mode": mode, "nodes": nodes})) is known
    for name in [*LINUX["memoryPolicy"]["flags"], "MPOL_F_NOVEL"]:
        known = name in LINUX["memoryPolicy"]["flags"]
        assert taken(config(memoryPolicy={"mode": "MPOL_BIND", "nodes": "0", "flags": [name]})) is known


def test_mount_options_are_those_of_the_parser() -> None:
    assert DOCUMENT["mountOptions"] == options.names()
    assert {"ro", "rro", "rbind", "idmap", "ridmap", "tmpcopyup", "rnosymfollow"} <= set(DOCUMENT["mountOptions"])
    assert not {"size", "mode", "auto"} & set(DOCUMENT["mountOptions"])
