"""Start order on graphs that hypothesis invents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostbot.core.order import downstream, levels, upstream


@st.composite
def dags(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    names = [f"d{n}" for n in range(draw(st.integers(1, 60)))]
    return {
        name: tuple(draw(st.sets(st.sampled_from(names[:n]), max_size=4))) if n else ()
        for n, name in enumerate(names)
    }


@given(dags())
def test_each_daemon_comes_after_all_that_it_names(after: dict[str, tuple[str, ...]]) -> None:
    place = {name: n for n, level in enumerate(levels(after)) for name in level}
    assert set(place) == set(after)
    assert all(place[a] < place[name] for name, afters in after.items() for a in afters)


@given(dags())
def test_upstream_and_downstream_are_each_others_mirror(after: dict[str, tuple[str, ...]]) -> None:
    for name in after:
        assert all(name in downstream(after, first) for first in upstream(after, name))


def test_a_cycle_is_named() -> None:
    with pytest.raises(ValueError, match="b → c → b") as told:
        levels({"a": ("b",), "b": ("c",), "c": ("b",)})
    assert "a" not in str(told.value)


def test_within_a_level_priority_comes_first_and_then_the_name() -> None:
    after: dict[str, tuple[str, ...]] = {"b": (), "a": (), "c": ()}
    assert levels(after, {"c": 1}) == [("c", "a", "b")]
