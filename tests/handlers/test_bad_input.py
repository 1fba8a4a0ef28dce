"""What nobody should type: a clear private answer, and nothing has changed."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from ghostbot.core.incident import Incident, Phase
from tests.fakes.block_kit import assert_silent
from tests.fakes.ghost import NOW, FakeGhost
from tests.fakes.hostile import HOSTILE
from tests.fakes.slack_side import Side, shown, slack_side, until

UNTYPEABLE = {"a lone surrogate", "nothing", "blanks"}  # what Slack never sends, or is no word
TYPEABLE = {what: text for what, text in HOSTILE.items() if what not in UNTYPEABLE}
LINES = (
    *("{}", "status {}", "why {}", "logs {} 5", "logs web grep {}", "restart {}", "stop web {}"),
    *("hold web for {}", "ack {}", "silence {} 1h", "silence web {}", "run {}", "tasks cancel {}"),
    *("help {}", "drill {}", "claim {}", "patch {}", "patch approve {}", "test {}", "events {}"),
)
WRONG = {  # what is typed, and a word of the answer
    "restrat web": "did you mean restart",
    "restart wbe": "did you mean web",
    "why": "",
    "logs web minus": "",
    "logs web -5": "",
    "logs web 99999999999999999999": "",
    "logs web 0": "",
    "hold web for ever": "",
    "hold web for 99999d": "",
    "ack": "",
    "ack one": "",
    "ack 0": "",
    "ack -1": "",
    "ack 99999999999999999999999": "",
    "ack 12345": "no such incident is open; see `incidents`",
    "status xyzzy": "no such daemon; see `status`",
    "silence web": "",
    "silence web soon": "",
    "silence group:none 1h": "",
    "run nothing": "no such action; see `run`",
    "tasks cancel 4711": "see `tasks`",
    "patch show no-such-id": "",
}


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    ghost = FakeGhost.of("web", "worker")
    ghost.lines["web"] = ["GET / 200"]
    async with slack_side(ghost) as made:
        made.slack.faults.rate_limits = False
        yield made


async def answers(side: Side, line: str, **place: str) -> list[dict[str, Any]]:
    """Type it, and return what is new: messages, or nothing where a window asks for the rest."""
    seen_by = place.get("by", "alice")
    where = {"channel": place["channel"]} if "channel" in place else {}
    before = {m["ts"] for m in side.slack.messages(seen_by=seen_by, **where)}
    while side.slack.modal(by=seen_by):
        await side.slack.close_modal(by=seen_by)
    await side.slack.type(line, **place)
    await side.slack.until(
        lambda seen: (
            [m for m in seen if m["ts"] not in before and m["user"] == "U0GHOST"]
            or side.slack.modal(by=seen_by)
        ),
        seen_by=seen_by,
        **where,
    )
    found = side.slack.messages(seen_by=seen_by, **where)
    return [m for m in found if m["ts"] not in before and m["user"] == "U0GHOST"]


def assert_clear(told: list[dict[str, Any]]) -> None:
    """Assert that it is one short answer, that it pings nobody, and blames no bug."""
    assert len(told) == 1
    (message,) = told
    assert_silent({key: message.get(key) for key in ("text", "blocks", "attachments")})
    assert "Something went wrong" not in shown(message)
    assert "Traceback" not in shown(message)


@pytest.mark.parametrize("text", TYPEABLE.values(), ids=TYPEABLE.keys())
async def test_whatever_is_typed_in_whatever_place_is_answered_alone_and_changes_nothing(
    side: Side, text: str
) -> None:
    for line in LINES:
        typed = f"/ghost {line.format(text[:4_000])}"
        told = await answers(side, " ".join(typed.split("\n")))
        assert_clear(told)
        assert told[0]["ephemeral"], typed[:80]
    assert not side.ghost.orders
    assert not side.slack.messages(seen_by="bob")


@pytest.mark.parametrize("text", TYPEABLE.values(), ids=TYPEABLE.keys())
async def test_the_same_words_to_the_bot_itself_are_answered_there(side: Side, text: str) -> None:
    told = await answers(side, f"restart {text[:3_000]} x", channel="@ghost")
    assert_clear(told)
    assert not side.ghost.orders


@pytest.mark.parametrize(("typed", "word"), WRONG.items(), ids=WRONG.keys())
async def test_what_makes_no_sense_is_told_with_the_way_out(
    side: Side, typed: str, word: str
) -> None:
    told = await answers(side, f"/ghost {typed}")
    if told or word:
        assert_clear(told)
        assert told[0]["ephemeral"]
        assert word in shown(told[0])
    assert not side.ghost.orders


async def _alert(side: Side) -> dict[str, Any]:
    incident = Incident(7, "web", Phase.BLOCKED, "exited 1", opened_at=NOW, changed_at=NOW)
    side.incidents[7] = incident
    side.notifier.alert(incident)
    alert: dict[str, Any] = await side.slack.until(lambda seen: seen[0] if seen else None)
    return alert


@pytest.mark.parametrize(
    "value",
    ["", "null", "[]", "{}", "7", '{"incident": "x"}', '{"incident": null}', "<!channel>", "{"],
)
async def test_a_button_of_somebody_else_is_told_to_be_none_of_ghosts(
    side: Side, value: str
) -> None:
    alert = await _alert(side)
    body = json.loads(json.dumps(alert))
    for action in ("ghost_restart", "ghost_ack", "ghost_logs"):
        before = len(side.slack.messages())
        await _pressed(side, body, action, value)
        await side.slack.until(lambda seen, n=before: len(seen) > n or None)
        said = side.slack.messages()[-1]
        assert said["ephemeral"]
        assert "none of this Ghost" in shown(said) or "no such daemon" in shown(said)
    assert not side.ghost.orders
    assert side.incidents[7].acked is None


async def _pressed(
    side: Side, alert: dict[str, Any], action: str, value: str, picked: str | None = None
) -> None:
    """Press a button of the message whose value is another than Ghost wrote."""
    room = side.slack._workspace.find(alert["channel"], alert["ts"])
    assert room is not None
    _spoil(room.attachments, action, value)
    await side.slack.press(alert["ts"], action, value=picked)


def _spoil(part: Any, action: str, value: str) -> None:
    if isinstance(part, list | tuple):
        for inner in part:
            _spoil(inner, action, value)
    elif isinstance(part, dict):
        if part.get("action_id") == action:
            (part["options"][0] if "options" in part else part)["value"] = value
        for inner in part.values():
            _spoil(inner, action, value)


async def test_a_listener_that_fails_is_told_in_one_line_with_an_id_that_the_log_has(
    side: Side, caplog: pytest.LogCaptureFixture
) -> None:
    side.ghost.broken = RuntimeError("boom in s3cret-place")
    with caplog.at_level(logging.INFO):
        told = await answers(side, "/ghost status")
    (message,) = told
    found = re.search(r"`([0-9a-f]{6})`", shown(message))
    assert found, shown(message)
    assert message["ephemeral"]
    assert "boom" not in shown(message)
    assert f"id={found[1]}" in caplog.text
    assert "boom in s3cret-place" in caplog.text


async def test_a_button_that_no_listener_knows_is_told_to_whoever_pressed(
    side: Side, caplog: pytest.LogCaptureFixture
) -> None:
    alert = await _alert(side)
    room = side.slack._workspace.find(alert["channel"], alert["ts"])
    assert room is not None
    _rename(room.attachments, "ghost_ack", "ghost_of_old")
    with caplog.at_level(logging.INFO):
        await side.slack.press(alert["ts"], "ghost_of_old")
        said = await side.slack.until(
            lambda seen: next((m for m in seen if "does not know that button" in shown(m)), None)
        )
    assert said["ephemeral"]
    found = re.search(r"`([0-9a-f]{6})`", shown(said))
    assert found
    assert f"id={found[1]}" in caplog.text


def _rename(part: Any, was: str, now: str) -> None:
    for inner in part.values() if isinstance(part, dict) else part:
        if isinstance(inner, dict | list | tuple):
            _rename(inner, was, now)
    if isinstance(part, dict) and part.get("action_id") == was:
        part["action_id"] = now


async def test_after_all_of_it_ghost_answers_as_before(side: Side) -> None:
    for text in ("\u202e", "<!channel>", "`" * 50):
        await answers(side, f"/ghost {text}")
    told = await answers(side, "/ghost status web")
    assert "pid 4711" in shown(told[0])
    await until(lambda: side.outbox.waiting == 0)


@pytest.mark.parametrize("span", ["1e300", "NaN", "Infinity", "-1", "0", '"soon"', "[]", "null"])
async def test_a_silence_of_no_sane_length_is_told_to_be_none_of_ghosts(
    side: Side, span: str
) -> None:
    alert = await _alert(side)
    value = f'{{"incident": 7, "for": {span}}}'
    await _pressed(side, json.loads(json.dumps(alert)), "ghost_silence", value, picked=value)
    said = await side.slack.until(lambda seen: next((m for m in seen if m["ephemeral"]), None))
    assert "none of this Ghost" in shown(said)
    assert side.incidents[7].silenced is None


@pytest.mark.parametrize(
    "value", ['{"incident": 1e999, "daemon": "web"}', '{"incident": 7, "daemon": []}']
)
async def test_ids_of_another_kind_are_told_to_be_none_of_ghosts(side: Side, value: str) -> None:
    alert = await _alert(side)
    await _pressed(side, json.loads(json.dumps(alert)), "ghost_restart", value)
    said = await side.slack.until(lambda seen: next((m for m in seen if m["ephemeral"]), None))
    assert "none of this Ghost" in shown(said)
    assert not side.ghost.orders


async def test_a_button_of_a_ghost_whose_state_is_lost_touches_no_trouble_of_the_same_number(
    side: Side,
) -> None:
    alert = await _alert(side)
    side.incidents[7] = replace(side.incidents[7], daemon="worker")
    for action in ("ghost_restart", "ghost_ack", "ghost_silence"):
        before = len(side.slack.messages())
        await side.slack.press(alert["ts"], action, value=_last_of(alert, action))
        await side.slack.until(lambda seen, n=before: len(seen) > n or None)
        assert "this trouble of web is not known any more" in shown(side.slack.messages()[-1])
    assert not side.ghost.orders
    now = side.incidents[7]
    assert (now.acked, now.silenced) == (None, None)


def _last_of(part: Any, action: str) -> Any:
    """Return the value of the last option of a menu; None where it is a button."""
    found = None
    for inner in part.values() if isinstance(part, dict) else part:
        if isinstance(inner, dict | list | tuple):
            found = _last_of(inner, action) or found
    if isinstance(part, dict) and part.get("action_id") == action and "options" in part:
        return part["options"][-1]["value"]
    return found
