"""Whatever stands in config.json, the reader either takes it or refuses it with a path: nothing else is raised."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime_ref import explain, spec
from runtime_ref.errors import ConfigError
from tests.runtime_ref.test_explain import FULL

many = settings(max_examples=150, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["", "/", "..", "\0", "\ud800", "SCMP_ACT_NOTIFY", "user", "idmap", "0-3"]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a document."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        found += places(below, (*path, key))
    return found


PLACES = places(FULL)


@many
@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), values), min_size=1, max_size=3))
def test_changed_values(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    document = copy.deepcopy(FULL)
    for path, value in changes:
        at: Any = document
        try:
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    try:
        spec.check(copy.deepcopy(document))
    except ConfigError as fault:
        assert fault.why
        assert isinstance(fault.where, str)
        str(fault).encode("utf-8", "backslashreplace")
        return
    explain.told(document)


@many
@given(place=st.sampled_from(PLACES))
def test_missing_values(place: tuple[Any, ...]) -> None:
    document = copy.deepcopy(FULL)
    at: Any = document
    for key in place[:-1]:
        at = at[key]
    del at[place[-1]]
    try:
        spec.check(copy.deepcopy(document))
    except ConfigError as fault:
        assert fault.where
        return
    explain.told(document)


@many
@given(data=st.binary(max_size=30) | st.text(max_size=30).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(data: bytes) -> None:
    try:
        found = spec.parse(data)
    except ConfigError as fault:
        assert fault.why
    else:
        assert found == json.loads(data.decode())


@many
@given(value=values, cut=st.integers(0, 80))
def test_json_cut_short(value: Any, cut: int) -> None:
    data = json.dumps(value).encode()[:cut]
    try:
        expected = json.loads(data)
    except ValueError:
        expected = ConfigError
    try:
        found = spec.parse(data)
    except ConfigError:
        found = ConfigError
    assert found == expected
