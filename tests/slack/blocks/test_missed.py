"""What came and went in a time of quiet, as people read it afterwards."""

from __future__ import annotations

import pytest

from ghostbot.core.incident import Incident, Part, Phase
from ghostbot.slack.blocks.missed import SHOWN, missed
from tests.fakes.block_kit import assert_fits
from tests.fakes.ghost import NOW
from tests.fakes.hostile import HOSTILE


def gone(number: int, daemon: str = "web", cause: str = "exited 1", deaths: int = 1) -> Incident:
    over = NOW + number * 60
    return Incident(
        number, daemon, Phase.RECOVERED, cause, opened_at=over - 42, changed_at=over, deaths=deaths
    )


def words(*incidents: Incident, more: int = 0) -> str:
    payload = assert_fits(missed(incidents, "den", more=more))
    return "\n".join(
        block["text"]["text"] if "text" in block else block["elements"][0]["text"]
        for block in payload["blocks"]
    )


def test_each_has_a_line_with_what_when_and_how_long() -> None:
    said = words(gone(1), gone(2, "db", "killed by SIGKILL", deaths=3))
    head, first, second, foot = said.splitlines()
    assert head == "🌙 *2 troubles came and went on den while it was quiet*"
    assert first.startswith("• *web* exited 1 · <!date^")
    assert first.endswith(", for 42 s")
    assert second.startswith("• *db* killed by SIGKILL, 3 times")
    assert foot == "each is over; `incidents` lists them"


def test_one_is_one_and_a_crowd_is_named_by_its_first() -> None:
    parts = tuple(Part(f"d{n}", Phase.RECOVERED, "exited 1", NOW) for n in range(9))
    crowd = Incident(1, "d0", Phase.RECOVERED, "exited 1", NOW, NOW + 1, deaths=9, parts=parts)
    said = words(crowd)
    assert said.startswith("🌙 *1 trouble came and went")
    assert "*d0*, *d1*, *d2* and 6 more exited 1 ·" in said


def test_of_many_the_last_are_shown_and_the_others_counted() -> None:
    said = words(*(gone(n, f"d{n}") for n in range(1, 101)), more=7)
    assert "107 troubles came and went" in said
    assert "*d100*" in said
    assert "*d1*" not in said
    assert f"… and {107 - SHOWN} more" in said


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_words_break_nothing_and_ping_nobody(text: str) -> None:
    words(*(gone(n, text[:200] or "x", text) for n in range(1, 60)))
