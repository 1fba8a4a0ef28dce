"""Troubles over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.desks import Troubled, troubled_doors


@pytest.fixture
async def doors(tmp_path: Path) -> AsyncIterator[Troubled]:
    async with troubled_doors(tmp_path) as opened:
        yield opened


async def test_troubles_are_listed_with_their_steps_and_open_ones_first(doors: Troubled) -> None:
    assert (await doors.asked.ask("GET /api/incidents")).json == {"incidents": [], "silences": []}
    await doors.sick()
    (one,) = (await doors.asked.ask("GET /api/incidents")).json["incidents"]
    assert (one["id"], one["name"], one["about"], one["phase"], one["over"]) == (
        *(1, "site", "check", "sick"),
        False,
    )
    assert [step["what"] for step in one["steps"]] == ["HTTP 500"]
    assert one["opened_at"].endswith("Z")


async def test_an_acknowledgement_acts_once_and_says_who(doors: Troubled) -> None:
    number = await doors.sick()
    first = await doors.asked.ask(f"POST /api/incidents/{number}/ack", {})
    second = await doors.asked.ask(f"POST /api/incidents/{number}/ack", {})
    assert (first.status, first.json["did"], second.json["did"]) == (200, True, False)
    assert "was acknowledged already, by " in second.json["said"]
    by = first.json["incident"]["acked"]["by"]
    deeds = [s for s in second.json["incident"]["steps"] if s["by"]]
    assert [(s["what"], s["by"]) for s in deeds] == [("acknowledged it", by)]


async def test_a_silence_has_its_end_and_is_listed(doors: Troubled) -> None:
    number = await doors.sick()
    one = await doors.asked.ask(f"POST /api/incidents/{number}/silence", {"for": "1h"})
    assert one.json["incident"]["silenced"]["until"]
    named = await doors.asked.ask("POST /api/silences", {"name": "web", "for": "30m"})
    assert named.json["said"] == "web is silent for 30 min; a page comes through"
    (silence,) = (await doors.asked.ask("GET /api/incidents")).json["silences"]
    assert silence["name"] == "web"
    await doors.asked.ask("POST /api/silences", {"name": "web", "for": "off"})
    assert (await doors.asked.ask("GET /api/incidents")).json["silences"] == []


@pytest.mark.parametrize(
    ("what", "body", "status", "said"),
    [
        ("POST /api/incidents/99/ack", {}, 404, "no such incident is open"),
        ("POST /api/incidents/x/ack", {}, 404, "cannot find incident x"),
        ("POST /api/incidents/1/silence", {}, 400, "it takes a time as in 1h"),
        ("POST /api/incidents/1/silence", {"for": "off"}, 400, "silenced for a time"),
        ("POST /api/silences", {"name": "wbe", "for": "1h"}, 404, "did you mean web?"),
        ("POST /api/silences", {"name": "web", "for": 60}, 400, "for is 60"),
        ("POST /api/silences", {"for": "1h"}, 400, "give the name"),
        ("POST /api/silences", {"name": "web", "until": "1h"}, 400, "unknown key"),
        ("GET /api/incidents?all=1", None, 400, "unknown key"),
    ],
)
async def test_what_makes_no_sense_is_refused_in_words(
    doors: Troubled, what: str, body: object, status: int, said: str
) -> None:
    answer = await doors.asked.ask(what, body)
    assert (answer.status, said in answer.json["error"]["message"]) == (status, True), answer.json


async def test_what_is_over_cannot_be_acknowledged(doors: Troubled) -> None:
    number = await doors.sick()
    await doors.sick(None)
    answer = await doors.asked.ask(f"POST /api/incidents/{number}/ack", {})
    assert (answer.status, answer.code) == (409, "failed")
