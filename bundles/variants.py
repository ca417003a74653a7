"""Variants of a case: a small set of combinations in which every pair of values of two factors occurs.

Knows the covering library only.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import covertable  # type: ignore[import-untyped]  # has no types


def pairwise(factors: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Combinations {factor: value} that cover every pair of values; the same list for the same input, always.

    One factor gives each of its values once, none gives one empty combination. Raises ValueError for a factor without
    values.
    """
    for name, values in factors.items():
        if not values:
            raise ValueError(f"factor {name!r} has no values")
    if len(factors) < 2:
        return [{name: value} for name, values in factors.items() for value in values] or [{}]
    # The library compares values; indices keep lists and dicts usable as values.
    indices = {name: list(range(len(values))) for name, values in factors.items()}
    rows = covertable.make(indices, sorter=covertable.sorters.hash)
    return [{name: factors[name][row[name]] for name in factors} for row in rows]
