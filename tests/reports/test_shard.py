"""A shard is found by the case's id alone."""

from collections import Counter

from reports.shard import belongs

IDS = [f"area-{n % 17}/case-{n}" for n in range(4000)]


def test_every_case_is_in_exactly_one_part() -> None:
    for parts in (1, 2, 3, 8):
        assert all(sum(belongs(i, part, parts) for part in range(1, parts + 1)) == 1 for i in IDS)


def test_parts_are_about_as_large() -> None:
    sizes = Counter(next(p for p in range(1, 9) if belongs(i, p, 8)) for i in IDS)
    assert 400 < min(sizes.values()) <= max(sizes.values()) < 600


def test_the_part_of_a_case_never_changes() -> None:
    assert [next(p for p in range(1, 9) if belongs(i, p, 8)) for i in ("seccomp/errno-ret", "hooks/order", "lifecycle/start-twice")] == PINNED


PINNED = [1, 5, 6]
