"""One violation for each statement of the spec that a document alone can break, and what must not be refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from bundles import base, merge, schema
from tests.bundles.samples import CONFIG, FEATURES, GONE, STATE, edited

VIOLATIONS = [
    line.split("\t")
    for line in (Path(__file__).parent / "violations.tsv").read_text().splitlines()
    if not line.startswith("#")
]

STATES: list[tuple[str, Any, str]] = [
    ("ociVersion", GONE, "$"),
    ("ociVersion", "1", "$.ociVersion"),
    ("id", GONE, "$"),
    ("id", 1, "$.id"),
    ("status", GONE, "$"),
    ("status", None, "$.status"),
    ("pid", GONE, "$"),
    ("pid", 0, "$.pid"),
    ("pid", "7", "$.pid"),
    ("bundle", GONE, "$"),
    ("bundle", "bundle", "$.bundle"),
    ("annotations/", "", "$.annotations"),
    ("annotations/a", 1, "$.annotations.a"),
]
FEATURE_FAULTS: list[tuple[str, Any, str]] = [
    ("ociVersionMin", GONE, "$"),
    ("ociVersionMin", None, "$.ociVersionMin"),
    ("ociVersionMax", GONE, "$"),
    ("ociVersionMin", "1.3.0+later", ""),
    ("ociVersionMin", "1.3.1-rc.1", "$.ociVersionMax"),
    ("hooks", ["start"], "$.hooks[0]"),
    ("mine", 1, "$"),
    ("linux/mine", 1, "$.linux"),
    ("linux/cgroup/v1", "yes", "$.linux.cgroup.v1"),
    ("linux/seccomp/actions", ["ALLOW"], "$.linux.seccomp.actions[0]"),
    ("linux/seccomp/supportedFlags", ["C"], "$.linux.seccomp.supportedFlags[0]"),
    ("linux/capabilities", ["chown"], "$.linux.capabilities[0]"),
    ("annotations/", "", "$.annotations"),
    ("ociVersionMax", "1.2.1", "$.linux.netDevices"),
    ("ociVersionMax", "1.3.0-rc.1", ""),
]


@pytest.mark.parametrize(
    ("document", "kind"), [(CONFIG, "config"), (STATE, "state"), (FEATURES, "features"), (base(), "config")]
)
def test_samples_have_no_fault(document: Any, kind: Any) -> None:
    assert schema.check(document, kind, "SHOULD") == []
    assert schema.read(json.dumps(document).encode(), kind, "SHOULD") == []


@pytest.mark.parametrize(
    ("where", "value", "path", "level"),
    [row[1:] for row in VIOLATIONS],
    ids=[f"{row[0]}:{row[1]}" for row in VIOLATIONS],
)
def test_each_violation_is_named_by_its_path(where: str, value: str, path: str, level: str) -> None:
    broken = edited(CONFIG, where, json.loads(value) if value else GONE)
    found = schema.check(broken, "config", "SHOULD")
    assert (path, level) in {(fault.path, fault.level) for fault in found}, found
    assert (level == "MUST") == bool(schema.check(broken))


@pytest.mark.parametrize(("where", "value", "path"), STATES)
def test_state_violations(where: str, value: Any, path: str) -> None:
    assert path in {fault.path for fault in schema.check(edited(STATE, where, value), "state")}


@pytest.mark.parametrize(("where", "value", "path"), FEATURE_FAULTS)
def test_features_violations(where: str, value: Any, path: str) -> None:
    found = {fault.path for fault in schema.check(edited(FEATURES, where, value), "features")}
    assert path in found if path else not found


@pytest.mark.parametrize(
    "patch",
    [
        {"process": None},
        {"linux": None},
        {"hooks": None, "annotations": None, "mounts": None, "hostname": None},
        {"annotations": {}},
        {"hooks": {}},
        {"mine": {"unknown": [1]}, "linux": {"mine": 1}},
        {"linux": {"resources": {"cpu": {"quota": -1, "burst": 5}}}},
        {"linux": {"resources": {"pids": {}}}},
        {"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}}},
        {"process": {"capabilities": {}}},
    ],
)
def test_what_may_be_left_out_or_added_is_no_fault(patch: dict[str, Any]) -> None:
    assert schema.check(merge(base(), patch)) == []


@pytest.mark.parametrize("member", [n for n in CONFIG if n not in ("ociVersion", "root")])
def test_every_optional_member_can_be_left_out(member: str) -> None:
    assert schema.check(edited(CONFIG, member, GONE), "config", "SHOULD") == []


@pytest.mark.parametrize("member", list(CONFIG["linux"]))
def test_every_optional_member_of_linux_can_be_left_out(member: str) -> None:
    assert schema.check(edited(CONFIG, f"linux/{member}", GONE), "config", "SHOULD") == []


def test_a_state_may_hold_more() -> None:
    more = {**STATE, "status": "checkpointed", "mine": 1}
    assert schema.check(more, "state") == []
    assert schema.check({k: v for k, v in STATE.items() if k != "pid"} | {"status": "stopped"}, "state") == []


def test_features_of_a_later_spec_may_hold_more() -> None:
    assert schema.check({**FEATURES, "ociVersionMax": "1.4.0", "later": 1}, "features") == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b'{"ociVersion": "1.0.0", "ociVersion": "1.0.0", "root": {"path": "rootfs"}}',
            "repeats the member name 'ociVersion'",
        ),
        (b'{"ociVersion": "1.0.0", "root": {"path": "rootfs"}, "hostname": "\xff"}', "is not UTF-8: byte 65 is 0xff"),
        (b'{"ociVersion": "1.0.0",}', "is not JSON"),
        (b'{"ociVersion": NaN}', "is not JSON: NaN"),
        (b"[" * 100000, "is not JSON"),
        (b"", "is not JSON"),
        (b"[]", "is array, not object"),
    ],
)
def test_faults_only_the_bytes_show(data: bytes, message: str) -> None:
    first = schema.read(data)[0]
    assert first.path == "$" and message in first.message


@pytest.mark.parametrize(
    "junk", [None, 1, "x", [], [1], {"linux": 1}, {"linux": {"namespaces": {}, "seccomp": []}}, {"process": []}]
)
@pytest.mark.parametrize("kind", ["config", "state", "features"])
def test_any_shape_is_answered_with_faults(junk: Any, kind: Any) -> None:
    assert schema.check(junk, kind, "SHOULD")
