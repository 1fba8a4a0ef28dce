"""The ping of an outside watcher: what is asked once a minute while Ghost itself is well.

Rule 1: a ping that stops is the alarm, so none goes out while Ghost is unwell, or while nobody
        could hear of a trouble, as Slack has been away for `MUTE_S`.
Rule 2: a ping that fails is told where Ghost's own health is; nothing else waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import aiohttp

EVERY_S = 60.0
LIMIT_S = 10.0
MUTE_S = 300.0
FAILS = 3  # in a row, and it is a trouble: one may be lost
HEARD = ("connected", "off,")  # how a link says that it works, or that nobody wants one
OK_BELOW = 400

log = logging.getLogger("ghost.beats")


class Ping:
    """Pings one address."""

    def __init__(
        self,
        url: str,
        *,
        unwell: Callable[[], str | None],
        link: Callable[[], str],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the address, what says what ails Ghost, and what says how the way to people is."""
        self._url = url
        self._unwell = unwell
        self._link = link
        self._now = now
        self._heard = now()
        self._fails = 0
        self._said = "not yet"

    def state(self) -> tuple[bool | None, str]:
        """Say how it went last: well, failed too often (False), or as it should not be (None)."""
        if self._fails >= FAILS:
            return False, f"{self._said}, {self._fails} times in a row"
        return (None if self._fails else True), self._said

    async def ping(self) -> None:
        """Ping, unless Ghost is unwell. Never fails."""
        if why := self._why_not():
            log.warning("no ping: %s", why)
            self._fails, self._said = 0, f"kept back: {why}"
            return
        try:
            async with asyncio.timeout(LIMIT_S):
                status = await self._ask()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            words = "no answer in time" if isinstance(error, TimeoutError) else str(error)
            self._failed(words or type(error).__name__)
        else:
            if status < OK_BELOW:
                self._fails, self._said = 0, "the outside watcher was pinged"
            else:
                self._failed(f"HTTP {status}")

    async def _ask(self) -> int:
        async with (
            aiohttp.ClientSession(trust_env=True) as session,
            session.get(self._url, allow_redirects=False) as answer,
        ):
            return answer.status

    def _failed(self, why: str) -> None:
        self._fails += 1
        self._said = f"cannot ping the outside watcher: {why}"
        log.warning("%s", self._said)

    def _why_not(self) -> str | None:
        now, link = self._now(), self._link()
        if link.startswith(HEARD):
            self._heard = now
        if now - self._heard > MUTE_S:
            return f"nobody hears Ghost in Slack: {link}"
        return self._unwell()
