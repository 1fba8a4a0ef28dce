"""What is meant by the letters typed so far."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostbot.core.completion import complete

KNOWN = ["api", "web-1", "web-2", "db.web", "relay-core", "all", "group:web"]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("api", ["api"]),
        ("web", ["web-1", "web-2", "db.web", "group:web"]),
        ("WEB-2", ["web-2"]),
        ("core", ["relay-core"]),
        ("lay", ["relay-core"]),
        ("rc", ["relay-core"]),  # its letters in order
        ("  ap", ["api"]),
        ("wbe-1", ["web-1"]),  # a slip of the keyboard
        ("zzzzzz", []),
    ],
)
def test_the_best_comes_first(typed: str, first: list[str]) -> None:
    assert complete(typed, KNOWN, 100)[: len(first) or 1] == first


def test_nothing_typed_means_all_in_their_order() -> None:
    assert complete(" ", KNOWN, 3) == KNOWN[:3]


def test_there_are_never_more_than_are_asked_for() -> None:
    assert len(complete("d", [f"daemon-{n}" for n in range(500)], 100)) == 100


@given(st.text(), st.lists(st.text()), st.integers(1, 100))
def test_only_known_names_come_out_and_each_once(typed: str, known: list[str], most: int) -> None:
    found = complete(typed, list(dict.fromkeys(known)), most)
    assert {*found} <= {*known}
    assert len(found) == len({*found}) <= most
