"""One trouble as one message."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ghostbot.core.incident import (
    OVER,
    STEPS_KEPT,
    About,
    Call,
    Hand,
    Incident,
    Part,
    Person,
    Phase,
    Step,
)
from ghostbot.slack.blocks import incident as incidents
from ghostbot.slack.blocks.menus import SAY
from tests.fakes.block_kit import assert_fits
from tests.fakes.ghost import NOW
from tests.fakes.hostile import HOSTILE

CARE = [incidents.ACK, incidents.SILENCE]
LINES = tuple(f"line {n}" for n in range(20))
DOWN = Incident(
    17,
    "web",
    Phase.DOWN,
    "killed by SIGKILL",
    opened_at=NOW,
    changed_at=NOW,
    next_try_at=NOW + 4,
    steps=(Step(NOW, "killed by SIGKILL"),),
    lines=LINES,
)


def buttons(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what can be pressed."""
    (bar,) = payload["attachments"]
    return [e for b in bar["blocks"] if b["type"] == "actions" for e in b["elements"]]


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_is_told_by_mark_word_and_colour(phase: Phase) -> None:
    payload = assert_fits(incidents.alert(replace(DOWN, phase=phase), "den"))
    mark, colour = incidents.MARKS[phase]
    said = incidents.headline(replace(DOWN, phase=phase))
    assert payload["blocks"][0]["text"]["text"] == f"{mark} *web* {said} · den"
    assert payload["attachments"][0]["color"] == colour
    assert said in payload["text"]


def test_a_dead_daemon_can_be_restarted_and_read() -> None:
    payload = assert_fits(incidents.alert(DOWN, "den"))
    assert [b["action_id"] for b in buttons(payload)] == [
        incidents.RESTART,
        incidents.ACK,
        incidents.SILENCE,
        incidents.LOGS,
        SAY,
    ]
    ids = json.loads(buttons(payload)[0]["value"])
    assert ids == {"incident": 17, "daemon": "web"}


def test_one_that_is_starting_cannot_be_restarted() -> None:
    payload = assert_fits(incidents.alert(replace(DOWN, phase=Phase.RESTARTING), "den"))
    assert [b["action_id"] for b in buttons(payload)] == [*CARE, incidents.LOGS, SAY]


def test_the_menu_holds_what_else_makes_sense() -> None:
    def menu(phase: Phase) -> list[str]:
        payload = assert_fits(incidents.alert(replace(DOWN, phase=phase), "den"))
        return [option["value"] for option in buttons(payload)[-1]["options"]]

    assert menu(Phase.DOWN) == ["why web", "?hold web", "?stop web"]
    assert menu(Phase.BLOCKED) == ["why web", "reset web", "?hold web", "?stop web"]


def test_what_is_in_hand_or_silent_says_so_and_has_no_button_for_it() -> None:
    hand = Hand(Person("U0BOB", "bob"), NOW, NOW + 3_600)
    acked = assert_fits(incidents.alert(replace(DOWN, acked=hand), "den"))
    assert incidents.ACK not in [b["action_id"] for b in buttons(acked)]
    assert "<@U0BOB>" in str(acked)
    silent = assert_fits(incidents.alert(replace(DOWN, silenced=hand), "den"))
    assert incidents.SILENCE not in [b["action_id"] for b in buttons(silent)]
    assert f"<!date^{int(NOW + 3_600)}^" in str(silent)


def test_what_people_did_is_written_in() -> None:
    deed = Step(NOW + 2, "asked for a restart", by=Person("local:ada", "ada"))
    shown = str(assert_fits(incidents.alert(replace(DOWN, steps=(*DOWN.steps, deed)), "den")))
    assert "ada asked for a restart" in shown
    assert "ada asked for a restart" in assert_fits(incidents.step(deed))["text"]


def test_several_that_died_together_are_listed_with_how_each_is() -> None:
    parts = tuple(
        Part(n, p, "exited 1", NOW)
        for n, p in (("db", Phase.BLOCKED), ("web", Phase.RECOVERED), ("x", Phase.DOWN))
    )
    many = replace(DOWN, daemon="db", parts=parts, phase=Phase.BLOCKED, deaths=3)
    shown = str(assert_fits(incidents.alert(many, "den")))
    assert "⛔ *db*, *web*, *x* died together, and one is blocked · den" in shown
    assert "🟢 *web* is well again" in shown
    crowd = replace(many, parts=tuple(Part(f"d{n}", Phase.DOWN, "x", NOW) for n in range(500)))
    assert "*d0*, *d1*, *d2* and 497 more" in str(assert_fits(incidents.alert(crowd, "den")))


def test_what_an_end_usually_means_and_what_changed_before_are_said() -> None:
    told = replace(DOWN, changed="ghost.toml was reloaded, 3 s before", restarts=4)
    shown = str(assert_fits(incidents.alert(told, "den")))
    assert "by the kernel as memory ran out" in shown
    assert "ghost.toml was reloaded, 3 s before" in shown
    assert "*Restarts*\\n4" in shown


def test_a_page_is_a_post_of_its_own_that_names_people() -> None:
    blocked = Step(NOW, "exited 1; blocked: died too often", call=Call.PAGE)
    page = incidents.call(DOWN, blocked, "<!subteam^S0ONCALL>").payload()
    assert page["text"].startswith("<!subteam^S0ONCALL> 🔴 *web*: exited 1; blocked")
    again = replace(blocked, call=Call.REMINDER)
    assert "S0ONCALL" not in str(incidents.call(DOWN, again, "<!subteam^S0ONCALL>").payload())


@pytest.mark.parametrize("phase", sorted(OVER))
def test_nothing_can_be_pressed_once_it_is_over(phase: Phase) -> None:
    payload = assert_fits(incidents.alert(replace(DOWN, phase=phase), "den"))
    assert not buttons(payload)
    assert "line 19" not in str(payload)


def test_it_says_why_since_when_and_when_it_is_tried_again() -> None:
    shown = str(assert_fits(incidents.alert(DOWN, "den")))
    assert "killed by SIGKILL" in shown
    assert f"<!date^{int(NOW)}^" in shown
    assert f"<!date^{int(NOW + 4)}^" in shown


def test_the_last_lines_are_shown_and_the_thread_has_all() -> None:
    assert "line 19" in str(incidents.alert(DOWN, "den").payload())
    assert "line 2'" not in str(incidents.alert(DOWN, "den").payload())
    shown = str(assert_fits(incidents.last_lines(DOWN)))
    assert "line 0" in shown
    assert "line 19" in shown


def test_a_oneshot_that_ended_well_is_done() -> None:
    done = replace(DOWN, phase=Phase.RECOVERED, steps=(Step(NOW, "done"),))
    assert incidents.headline(done) == "is done"


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_words_break_nothing_and_ping_nobody(text: str, phase: Phase) -> None:
    bad = replace(
        DOWN,
        phase=phase,
        daemon="web" if len(text) > 200 else text,
        cause=text,
        steps=(Step(NOW, text),),
        lines=(text,) * 20,
    )
    assert_fits(incidents.alert(bad, text))
    assert_fits(incidents.step(bad.steps[0]))
    assert_fits(incidents.last_lines(bad))


def test_a_token_of_slack_in_a_log_is_not_repeated() -> None:
    leaky = replace(DOWN, lines=("token=xoxb-1234-5678-abcdef done",))
    shown = str(incidents.alert(leaky, "den").payload())
    assert "5678" not in shown
    assert "done" in shown


@pytest.mark.parametrize("about", About)
@pytest.mark.parametrize("phase", Phase)
def test_what_is_no_daemon_fits_too_and_has_the_buttons_that_make_sense(
    about: About, phase: Phase
) -> None:
    incident = replace(DOWN, about=about, phase=phase, heals=about is About.CHECK, lines=())
    payload = assert_fits(incidents.alert(incident, "den"))
    pressed = [b["action_id"] for b in buttons(payload)]
    if about is About.CHECK and phase in incidents.HEALABLE:
        assert pressed == [incidents.HEAL, *CARE]
    if about in (About.GHOST, About.CHECK):
        assert not {incidents.RESTART, incidents.LOGS} & set(pressed)
    if phase in OVER:
        assert pressed == []


def test_a_check_without_heals_has_no_button_for_them() -> None:
    incident = replace(DOWN, about=About.CHECK, phase=Phase.SICK)
    pressed = buttons(assert_fits(incidents.alert(incident, "den")))
    assert [b["action_id"] for b in pressed] == CARE


def test_a_trouble_that_followed_a_patch_offers_to_take_it_back() -> None:
    shown = incidents.alert(replace(DOWN, patch="p17"), "den")
    assert_fits(shown)
    told = json.dumps(shown.payload())
    assert "Revert p17" in told
    assert "patch p17 was applied" in told
    over = incidents.alert(replace(DOWN, patch="p17", phase=Phase.RECOVERED), "den")
    assert "Revert p17" not in json.dumps(over.payload())


@pytest.mark.parametrize(
    ("phases", "said"),
    [
        ((Phase.BLOCKED, Phase.BLOCKED, Phase.RECOVERED), "died together, and 2 are blocked"),
        ((Phase.FAILED, Phase.FAILED), "died together, and all are not started again"),
        ((Phase.BLOCKED, Phase.DOWN), "died together, and one is blocked"),
        ((Phase.RECOVERED, Phase.STOPPED), "are up again, but for 1 that was stopped"),
        ((Phase.RECOVERED, Phase.RECOVERED), "are up again"),
    ],
)
def test_of_several_it_says_how_many_are_worst_off(phases: tuple[Phase, ...], said: str) -> None:
    parts = tuple(Part(f"d{n}", phase, "exited 1", NOW) for n, phase in enumerate(phases))
    many = replace(DOWN, daemon="d0", parts=parts, phase=phases[0])
    assert incidents.headline(many) == said


def test_of_many_those_who_are_worst_off_are_listed() -> None:
    well = tuple(Part(f"d{n}", Phase.RECOVERED, "exited 1", NOW) for n in range(30))
    many = replace(DOWN, parts=(*well, Part("late", Phase.BLOCKED, "x", NOW)), phase=Phase.BLOCKED)
    assert "⛔ *late* is blocked: x" in str(assert_fits(incidents.alert(many, "den")))


def test_of_a_very_long_trouble_the_steps_are_not_counted_wrong() -> None:
    long = replace(DOWN, steps=tuple(Step(NOW + n, f"step {n}") for n in range(STEPS_KEPT)))
    shown = str(assert_fits(incidents.alert(long, "den")))
    assert "the steps are in the thread" in shown
    assert f"{STEPS_KEPT} steps" not in shown


@pytest.mark.parametrize(
    ("last", "said"),
    [("held by ada", "was held by ada"), ("stopped", "was stopped"), ("<!here>", "was stopped")],
)
def test_what_a_person_ended_says_so_also_when_that_is_long_ago(last: str, said: str) -> None:
    over = replace(DOWN, phase=Phase.STOPPED, steps=(*DOWN.steps, Step(NOW + 1, last)))
    assert incidents.headline(over) == said
