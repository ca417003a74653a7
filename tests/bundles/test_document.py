"""Merge patches, placeholders and variants."""

import itertools
import json
from typing import Any

import pytest

import bundles


# The cases of RFC 7396's appendix that have an object as target and patch.
@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": "foo"}, {"a": {"b": None, "c": 1}}, {"a": {"c": 1}}),
    ],
)
def test_merge(target: dict[str, Any], patch: dict[str, Any], result: dict[str, Any]) -> None:
    before = json.dumps([target, patch])
    assert bundles.merge(target, patch) == result
    assert json.dumps([target, patch]) == before


def test_merge_applies_in_order_and_shares_nothing() -> None:
    patch = {"a": {"list": [1]}}
    merged = bundles.merge({}, {"a": 1}, patch, {"b": 2})
    merged["a"]["list"].append(2)
    assert merged == {"a": {"list": [1, 2]}, "b": 2}
    assert patch == {"a": {"list": [1]}}


def test_base_is_a_fresh_copy() -> None:
    bundles.base()["process"]["args"].append("more")
    assert bundles.base()["process"]["args"] == ["/probe", "dump"]


def test_fill_replaces_placeholders_in_strings_only() -> None:
    document = {"{id}": ["{probe}/{id}", 1, None, {"path": "{ns:red}"}], "text": "{other} {} {ns:}"}
    filled = bundles.fill(document, {"probe": "/p", "id": "one", "ns:red": "/run/red"})
    assert filled == {"{id}": ["/p/one", 1, None, {"path": "/run/red"}], "text": "{other} {} {ns:}"}
    assert bundles.placeholders(document) == {"probe", "id", "ns:red"}


def test_fill_takes_values_as_they_are() -> None:
    assert bundles.fill("{id}", {"id": r"{probe}\1"}) == r"{probe}\1"


def test_fill_names_what_has_no_value() -> None:
    with pytest.raises(KeyError, match="file:notes"):
        bundles.fill({"a": "{file:notes}"}, {})


FACTORS: list[dict[str, Any]] = [
    {"a": [1, 2, 3], "b": ["x", "y"], "c": [True, False], "d": [0]},
    {"a": range(6), "b": range(5), "c": range(4), "d": range(3), "e": range(2)},
    {"a": [[1], {}, None], "b": [{"k": []}, "text"]},
]


@pytest.mark.parametrize("factors", FACTORS)
def test_pairwise_covers_every_pair(factors: dict[str, Any]) -> None:
    rows = bundles.pairwise(factors)
    for one, two in itertools.combinations(factors, 2):
        for pair in itertools.product(factors[one], factors[two]):
            assert any((row[one], row[two]) == pair for row in rows), (one, two, pair)
    assert all(list(row) == list(factors) for row in rows)
    whole = 1
    for values in factors.values():
        whole *= len(values)
    assert len(rows) <= whole


def test_pairwise_is_the_same_every_time() -> None:
    assert bundles.pairwise(FACTORS[1]) == bundles.pairwise(FACTORS[1])
    assert len(bundles.pairwise(FACTORS[1])) < 60


def test_pairwise_with_few_factors() -> None:
    assert bundles.pairwise({}) == [{}]
    assert bundles.pairwise({"a": [1, 2]}) == [{"a": 1}, {"a": 2}]
    with pytest.raises(ValueError, match="'b' has no values"):
        bundles.pairwise({"a": [1], "b": []})
