"""The day's message: yesterday, and under it how it is now."""

from __future__ import annotations

from ghostbot.core.history import Day, Digest
from ghostbot.core.snapshot import House
from ghostbot.slack.blocks.beat import beat
from tests.fakes.block_kit import assert_fits
from tests.fakes.hostile import HOSTILE

NOW = 1_790_000_000.0
HOUSE = House(host="den", updated_at=NOW, uptime_s=90.0, slack="connected", daemons=())


def test_the_day_before_stands_above_how_it_is_now() -> None:
    told = Digest(NOW - 86_400, NOW, (Day("web", "🟩" * 24, 1.0, 0, 0, 0),))
    made = beat(HOUSE, told)
    assert_fits(made)
    said = [str(block) for block in made.blocks]
    assert "The day before" in said[0]
    assert "💓" in said[1]
    assert "The day before" not in str(beat(HOUSE).blocks)


def test_a_house_of_hundreds_with_hostile_names_fits_into_one_message() -> None:
    days = tuple(Day(name, "🟥" * 24, 0.1, 9, 9, 9) for name in HOSTILE.values())
    assert_fits(beat(HOUSE, Digest(NOW - 86_400, NOW, days)))
