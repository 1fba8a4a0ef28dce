"""The house after a patch: the daemons that run its code are restarted, and must be ready again.

Rule 1: who carries a patch out is a thread, and the house lives on the loop: this is the bridge.
Rule 2: what a person stopped or holds is left so; a patch starts nothing.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as NotInTime
from typing import Protocol

from ghostbot.core.daemon import Wanted
from ghostbot.core.proposal import CheckLine
from ghostbot.core.snapshot import DaemonView
from ghostbot.errors import GhostError
from ghostbot.orders import Actor, Doing, Outcomes
from ghostbot.patches.checks import Interrupted

LIMIT_S = 180.0  # until all of them are ready again
LOOK_S = 0.1

Live = Callable[[], tuple[CheckLine, ...]]


class House(Protocol):
    """As much of Ghost as this needs."""

    def names(self, asked: Iterable[str], verb: str = "show") -> tuple[str, ...]:
        """Return the daemons that are meant. Raises NoSuch."""

    def daemon(self, name: str) -> DaemonView:
        """Return one daemon. Raises NoSuch."""

    def through(self, doing: Doing, asked: Iterable[str], actor: Actor) -> Awaitable[Outcomes]:
        """Give an order and see it through."""


def nothing_live() -> tuple[CheckLine, ...]:
    """Restart nothing."""
    return ()


def live(
    house: House,
    names: Sequence[str],
    actor: Actor,
    *,
    loop: asyncio.AbstractEventLoop,
    stop: threading.Event,
    limit_s: float = LIMIT_S,
) -> Live:
    """Return what a thread calls to restart these daemons: a line for each, once all is known.

    It raises Interrupted where `stop` is set meanwhile.
    """

    def ask() -> tuple[CheckLine, ...]:
        if not names:
            return ()
        if stop.is_set():
            raise Interrupted
        asked = _restarted(house, names, actor, limit_s)
        try:
            future = asyncio.run_coroutine_threadsafe(asked, loop)
        except RuntimeError:  # the loop ended since we looked
            asked.close()
            raise Interrupted from None
        return _attended(future, stop)

    return ask


def _attended(
    future: Future[tuple[CheckLine, ...]], stop: threading.Event
) -> tuple[CheckLine, ...]:
    while True:
        try:
            return future.result(LOOK_S)
        except NotInTime:
            if stop.is_set():
                future.cancel()
                raise Interrupted from None
        except CancelledError:  # the loop ends, and with it the house
            raise Interrupted from None


async def _restarted(
    house: House, names: Sequence[str], actor: Actor, limit_s: float
) -> tuple[CheckLine, ...]:
    began = time.monotonic()
    try:
        meant = house.names(names, Doing.RESTART.value)
        resting = [n for n in meant if house.daemon(n).wanted is not Wanted.UP]
        awake = [name for name in meant if name not in resting]
        found = [_line(n, began, f"is {house.daemon(n).word}, and left so") for n in resting]
        if awake:
            async with asyncio.timeout(limit_s):
                outcomes = await house.through(Doing.RESTART, awake, actor)
            found += [_after(house, one.name, began, one.ok, one.said) for one in outcomes]
    except TimeoutError:
        why = f"not all of them are ready after {limit_s:g} s"
        return (_line(", ".join(names), began, why, ok=False),)
    except GhostError as error:
        return (_line(", ".join(names), began, str(error), ok=False),)
    return tuple(found)


def _after(house: House, name: str, began: float, ok: bool, said: str) -> CheckLine:  # noqa: FBT001  an outcome's own
    """Look again: those that come up first may have gone down while others came."""
    view = house.daemon(name)
    if ok and (view.health == "sick" or (view.pid is None and view.word != "done")):
        return _line(name, began, f"was ready, and is {view.word} now", ok=False)
    return _line(name, began, said, ok=ok)


def _line(name: str, began: float, said: str, *, ok: bool = True) -> CheckLine:
    took_s = time.monotonic() - began
    return CheckLine(name=f"restart {name}", ok=ok, took_s=took_s, said=f"{name} {said}")
