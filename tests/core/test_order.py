"""Start order on graphs that hypothesis invents."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostbot.core.order import downstream, levels, upstream


@st.composite
def dags(draw: st.DrawFn, most: int = 200) -> dict[str, tuple[str, ...]]:
    """Draw the size and a seed only: edges drawn one by one take longer than the test."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    names = [f"d{n}" for n in range(draw(st.integers(1, most)))]
    return {
        name: tuple(chance.sample(names[:n], min(n, chance.randint(0, 4))))
        for n, name in enumerate(names)
    }


@given(dags())
def test_each_daemon_comes_after_all_that_it_names(after: dict[str, tuple[str, ...]]) -> None:
    place = {name: n for n, level in enumerate(levels(after)) for name in level}
    assert set(place) == set(after)
    assert all(place[a] < place[name] for name, afters in after.items() for a in afters)


@given(dags(60))
def test_upstream_and_downstream_are_each_others_mirror(after: dict[str, tuple[str, ...]]) -> None:
    for name in after:
        assert all(name in downstream(after, first) for first in upstream(after, name))


@given(dags(60), st.data())
def test_a_cycle_in_any_graph_is_named_whole(
    after: dict[str, tuple[str, ...]], data: st.DataObject
) -> None:
    last = data.draw(st.sampled_from(sorted(after)))
    first = data.draw(st.sampled_from(sorted({last, *upstream(after, last)})))
    looped = {**after, first: (*after[first], last)}
    with pytest.raises(ValueError, match=" → ") as told:
        levels(looped)
    named = str(told.value).split(" → ")
    assert named[0] == named[-1]
    assert all(nxt in looped[name] for name, nxt in pairwise(named))


def test_a_cycle_is_named() -> None:
    with pytest.raises(ValueError, match="b → c → b") as told:
        levels({"a": ("b",), "b": ("c",), "c": ("b",)})
    assert "a" not in str(told.value)


def test_within_a_level_priority_comes_first_and_then_the_name() -> None:
    after: dict[str, tuple[str, ...]] = {"b": (), "a": (), "c": ()}
    assert levels(after, {"c": 1}) == [("c", "a", "b")]
