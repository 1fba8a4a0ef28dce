"""Who else is connected as this app."""

from __future__ import annotations

from ghostbot.slack.census import RECOUNT_S, UNSURE_S, Census


class Counted:
    """A census with a clock that jumps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.told: list[str | None] = []
        self.census = Census(self.told.append, lambda: self.now)


def test_a_second_one_at_the_first_connection_is_told_and_counted_again() -> None:
    seen = Counted()
    seen.census.hear(2)
    assert len(seen.told) == 1
    seen.now += RECOUNT_S - 1
    assert not seen.census.is_due
    seen.now += 2
    assert seen.census.is_due
    seen.census.hear(1)
    assert seen.told[1:] == [None]
    assert not seen.census.is_due


def test_a_line_of_our_own_that_broke_is_no_second_one() -> None:
    seen = Counted()
    seen.census.hear(1)
    seen.census.hear(2)
    assert not seen.told
    seen.now += UNSURE_S + 1
    assert seen.census.is_due
    seen.census.hear(1)
    assert not seen.told


def test_one_that_is_counted_twice_is_told() -> None:
    seen = Counted()
    for count in (1, 2, 2):
        seen.census.hear(count)
    assert len(seen.told) == 1


def test_alone_there_is_nothing_to_tell() -> None:
    seen = Counted()
    seen.census.hear(1)
    seen.census.hear(1)
    assert not seen.told
