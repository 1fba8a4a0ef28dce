"""The house and one daemon, as blocks that Slack takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ghostbot.core.daemon import State, Wanted
from ghostbot.slack.blocks import beat, home, status
from tests.fakes.block_kit import assert_fits, view_validator
from tests.fakes.ghost import died, house, view
from tests.fakes.hostile import HOSTILE


@pytest.mark.parametrize("number", [0, 1, 60, 500])
def test_any_number_of_daemons_fits(number: int) -> None:
    shown = house(*(died(f"daemon-{n}", "exited 1" * 20) for n in range(number)))
    assert_fits(status.house(shown))
    assert_fits(beat.beat(shown))
    view_validator("modal_view").validate(home.window(status.house(shown)))


def test_daemons_that_do_not_fit_are_counted() -> None:
    shown = assert_fits(status.house(house(*(view(f"d{n}") for n in range(500)))))
    told = sum(b.get("text", {}).get("text", "").count("pid 4711") for b in shown["blocks"])
    assert 80 < told < 500
    assert f"and {500 - told} daemons more" in str(shown["blocks"])


def test_sixty_daemons_are_all_shown() -> None:
    shown = assert_fits(status.house(house(*(view(f"daemon-{n}") for n in range(60)))))
    assert "more:" not in str(shown)
    assert "daemon-59" in str(shown)


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_mark_and_a_word(state: State) -> None:
    shown = assert_fits(status.house(house(view("web", state))))
    line = shown["blocks"][1]["text"]["text"]
    assert line.startswith(status.MARKS[state])
    assert state.value in line


def test_a_held_daemon_and_a_done_one_have_their_own_marks() -> None:
    assert status.mark(view("web", wanted=Wanted.HELD, word="up, held")) == "⏸️"
    assert status.mark(view("job", State.DOWN, word="done")) == "✅"


def test_a_daemon_that_died_for_good_is_not_shown_as_merely_down() -> None:
    assert status.mark(view("web", State.DOWN, fault="exited 1")) == "🔴"


def test_what_is_done_counts_as_up() -> None:
    job = view("job", State.DOWN, word="done")
    assert status.totals([job, view("web"), died("api")]) == "2 of 3 daemons up"


def test_ghosts_own_troubles_stand_above_the_daemons() -> None:
    shown = assert_fits(status.house(house(view("web"), troubles=("cannot write to disk",))))
    assert "cannot write to disk" in shown["blocks"][1]["text"]["text"]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_words_break_nothing_and_ping_nobody(text: str) -> None:
    bad = died(text, text)
    bad = replace(bad, word=text, host=text, description=text, after=(text,) * 30, group=text)
    shown = house(bad, bad, troubles=(text,) * 9, host=text)
    shown = replace(shown, slack=text)
    assert_fits(status.house(shown))
    assert_fits(status.daemon(bad))
    assert_fits(beat.beat(shown))


def test_the_beat_names_only_who_is_not_well() -> None:
    shown = str(assert_fits(beat.beat(house(view("web"), died("api")))))
    assert "*api*" in shown
    assert "*web*" not in shown
    assert "🟢🟠" in shown
