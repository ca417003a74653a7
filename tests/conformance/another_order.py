"""A plugin of pytest for our tests: the cases in another order (the checks of one container stay together)."""

from __future__ import annotations

import random

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    scopes: dict[str, list[pytest.Item]] = {}
    for item in items:
        scopes.setdefault(item.nodeid.rpartition("::")[0], []).append(item)
    order = list(scopes)
    random.Random(20260101).shuffle(order)
    items[:] = [item for scope in order for item in scopes[scope]]
