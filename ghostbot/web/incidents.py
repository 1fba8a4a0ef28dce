"""Troubles over HTTP: what they are, who has them in hand, and what is silent."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from ghostbot import errors
from ghostbot.core.incident import Hand, Incident
from ghostbot.core.words import OFF, span_s
from ghostbot.incidents.care import Care, Done
from ghostbot.shapes import iso
from ghostbot.web import answers, asked
from ghostbot.web.admission import ACTOR

DIGITS_MAX = 15


class Incidents:
    """`/api/incidents…` and `/api/silences`."""

    def __init__(self, care: Care) -> None:
        """Take whom to ask."""
        self._care = care

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this noun."""
        return [
            web.get("/api/incidents", self.every),
            web.post("/api/incidents/{id}/ack", self.ack),
            web.post("/api/incidents/{id}/silence", self.silence_one),
            web.post("/api/silences", self.silence),
        ]

    async def every(self, request: web.Request) -> web.Response:
        """Give the troubles, open ones first, and the silences."""
        asked.query(request)
        listed = await self._care.listed()
        return answers.answer(
            {
                "incidents": [shape(incident) for incident in listed.incidents],
                "silences": [{"name": n, **_hand(h)} for n, h in listed.silences.items()],
            }
        )

    async def ack(self, request: web.Request) -> web.Response:
        """Note that the asker has a trouble in hand; 409 where it is over."""
        asked.query(request)
        await asked.body(request)
        return _answer(await self._care.ack(_number(request), request[ACTOR]))

    async def silence_one(self, request: web.Request) -> web.Response:
        """Silence one trouble for a while; 409 where it is over."""
        asked.query(request)
        for_s = _span(await asked.body(request, "for"))
        if for_s is None:
            raise errors.BadRequest("cannot read the body: one trouble is silenced for a time")
        return _answer(await self._care.silence_one(_number(request), for_s, request[ACTOR]))

    async def silence(self, request: web.Request) -> web.Response:
        """Silence the troubles of a name, or all, for a while; `off` ends it."""
        asked.query(request)
        found = await asked.body(request, "name", "for")
        name = found.get("name")
        if not isinstance(name, str):
            raise errors.BadRequest("cannot read the body: give the name of a daemon, or all")
        return _answer(await self._care.silence(asked.cut(name), _span(found), request[ACTOR]))


def shape(incident: Incident) -> dict[str, Any]:
    """Return an incident as the API and `ghost incidents --json` give it."""
    return {
        "id": incident.id,
        "name": incident.daemon,
        "about": incident.about.value,
        "names": list(incident.names),
        "phase": incident.phase.value,
        "over": incident.is_over,
        "cause": incident.cause,
        "changed_before": incident.changed or None,
        "opened_at": iso(incident.opened_at),
        "changed_at": iso(incident.changed_at),
        "next_try_at": iso(incident.next_try_at),
        "deaths": incident.deaths,
        "restarts": incident.restarts,
        "acked": None if incident.acked is None else _hand(incident.acked),
        "silenced": None if incident.silenced is None else _hand(incident.silenced),
        "parts": [
            {"name": p.name, "phase": p.phase.value, "cause": p.cause, "at": iso(p.at)}
            for p in incident.parts
        ],
        "steps": [
            {"at": iso(s.at), "what": s.what, "by": None if s.by is None else s.by.name}
            for s in incident.steps
        ],
    }


def _hand(hand: Hand) -> dict[str, Any]:
    return {"by": hand.by.name, "at": iso(hand.at), "until": iso(hand.until)}


def _answer(done: Done) -> web.Response:
    incident = None if done.incident is None else shape(done.incident)
    return answers.answer({"did": done.did, "said": done.said, "incident": incident})


def _span(found: dict[str, Any]) -> float | None:
    """Read how long it lasts; None is `off`. Raises BadRequest."""
    said = found.get("for")
    if said == OFF:
        return None
    for_s = span_s(said) if isinstance(said, str) else None
    if for_s is None:
        takes = "it takes a time as in 1h, at most 365d, or off"
        raise errors.BadRequest(f"cannot read the body: for is {asked.shown(said)}; {takes}")
    return for_s


def _number(request: web.Request) -> int:
    word = request.match_info["id"]
    if not (word.isascii() and word.isdigit() and len(word) <= DIGITS_MAX):
        words = f"cannot find incident {asked.cut(word)}: no such incident"
        raise errors.NoSuch(words, "incident")
    return int(word)
