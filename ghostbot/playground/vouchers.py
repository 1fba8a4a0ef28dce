"""What Slack hands out for a short while: trigger_ids, response_urls, tickets of connections.

1. A trigger_id opens one view, within 3 seconds (Slack's "Opening modals").
2. A response_url takes 5 uses within 30 minutes (Slack's "Handling user interaction").
3. A ticket opens one connection.
4. Only the newest of each are remembered; one that was forgotten counts as made up.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from ghostbot.playground.clock import Clock
from ghostbot.playground.directory import TEAM_ID
from ghostbot.playground.wire import Refused

TRIGGER_S = 3.0
RESPONSE_URL_S = 30 * 60.0
RESPONSE_URL_USES = 5
TICKET_S = 30.0
MOST_KEPT = 10_000  # of each kind

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trigger:
    """The right to open a view for a person."""

    user: str
    issued: float
    view_id: str | None = None  # the view that was acted in: what views.push pushes onto
    used: bool = False


@dataclass(frozen=True, slots=True)
class ResponseUrl:
    """The right to answer an interaction: in which channel, to whom, about which message."""

    channel: str
    user: str
    issued: float
    source_ts: str | None = None
    uses: int = 0


class Vouchers:
    """Everything that was handed out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._triggers: dict[str, Trigger] = {}
        self._urls: dict[str, ResponseUrl] = {}
        self._tickets: dict[str, float] = {}

    def trigger(self, user: str, *, view_id: str | None = None) -> str:
        """A new trigger_id."""
        name = f"{secrets.randbelow(10**11)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        _keep(self._triggers, name, Trigger(user, self._clock.elapsed(), view_id))
        return name

    def use_trigger(self, name: str) -> Trigger:
        """Take a trigger_id, once and in time."""
        trigger = self._triggers.get(name)
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.used:
            raise Refused("exchanged_trigger_id")
        if self._clock.elapsed() - trigger.issued > TRIGGER_S:
            raise Refused("expired_trigger_id")
        self._triggers[name] = replace(trigger, used=True)
        return trigger

    def response_path(
        self,
        kind: Literal["commands", "actions", "app"],
        channel: str,
        user: str,
        *,
        source_ts: str | None = None,
    ) -> str:
        """The path of a new response_url."""
        path = f"/{kind}/{TEAM_ID}/{secrets.randbelow(10**12)}/{secrets.token_urlsafe(18)}"
        _keep(self._urls, path, ResponseUrl(channel, user, self._clock.now(), source_ts))
        return path

    def response_url(self, path: str) -> ResponseUrl:
        """What a response_url stands for, while it may still be used."""
        url = self._urls.get(path)
        if url is None:
            raise Refused("no_such_url")
        if self._clock.now() - url.issued > RESPONSE_URL_S:
            raise Refused("expired_url")
        if url.uses >= RESPONSE_URL_USES:
            raise Refused("used_url")
        return url

    def used(self, path: str) -> None:
        """Count a use."""
        url = self._urls[path]
        self._urls[path] = replace(url, uses=url.uses + 1)

    def ticket(self) -> str:
        """A new ticket for one connection."""
        name = secrets.token_urlsafe(18)
        _keep(self._tickets, name, self._clock.elapsed())
        return name

    def use_ticket(self, name: str) -> bool:
        """Whether this ticket opens a connection now; it never will again."""
        issued = self._tickets.pop(name, None)
        return issued is not None and self._clock.elapsed() - issued <= TICKET_S


def _keep(kept: dict[str, T], name: str, what: T) -> None:
    kept[name] = what
    while len(kept) > MOST_KEPT:
        del kept[next(iter(kept))]
