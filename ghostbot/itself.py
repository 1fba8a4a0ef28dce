"""What people ask of Ghost itself, beside its daemons: each once, for Slack and HTTP.

How its parts are, a look by every probe right now, what ghost.toml changes, what no record knows,
its next version, and its end.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from ghostbot import errors
from ghostbot.core.snapshot import Machine, Part
from ghostbot.core.words import did_you_mean
from ghostbot.guards.rollcall import GUARDS, Rollcall
from ghostbot.guards.rounds import Round
from ghostbot.guards.sanity import Sanity
from ghostbot.guards.selfcheck import CHECK, TEST_S, Selfcheck
from ghostbot.guards.tunnels import TunnelView
from ghostbot.orders import Actor
from ghostbot.permit import Permit
from ghostbot.probes.finding import Finding
from ghostbot.process.sweep import Swept
from ghostbot.reload import Reload, Reloaded
from ghostbot.supervision import Supervision
from ghostbot.upgrade import Upgrades

WORDS = {True: "ok", False: "trouble", None: "unknown"}
NAME_SHOWN = 80

Alert = Callable[[], Awaitable[float | None]]  # tells people a test; when they were told (epoch)


@dataclass(frozen=True, slots=True)
class Tested:
    """What a look right now found, and who has no probe or does not run."""

    found: tuple[tuple[Round, Finding], ...]
    without: tuple[str, ...]


class Itself:
    """Ghost, as people speak to it of itself."""

    def __init__(
        self,
        house: Supervision,
        sanity: Sanity,
        reload: Reload,
        upgrades: Upgrades,
        *,
        permit: Permit,
        alert: Alert,
        machine: Callable[[], Machine | None],
        become_next: Callable[[], None],
        down: Callable[[], None],
    ) -> None:
        """Take the parts; `become_next` begins an upgrade, `down` ends the daemons, then Ghost."""
        self._permit = permit
        self._house = house
        self._sanity = sanity
        self._reload = reload
        self._upgrades = upgrades
        self._alert = alert
        self._become_next = become_next
        self._down = down
        self.machine = machine

    def parts(self) -> tuple[Part, ...]:
        """Return each part and each guard, with the age of what is known of it."""
        return parts(self._sanity, self._house.rollcall, asyncio.get_running_loop().time())

    def tunnels(self) -> tuple[TunnelView, ...]:
        """Return every tunnel as it is now."""
        return self._house.tunnels.all()

    def subjects(self) -> tuple[str, ...]:
        """Return what has a name and can be looked at: daemons and checks."""
        return tuple(one.removeprefix(CHECK) for one in self._house.selfcheck.subjects())

    async def test(self, names: Iterable[str]) -> Tested:
        """Look now; it counts for nothing. Raises NoSuch."""
        return await test(self._house.selfcheck, names)

    async def test_alert(self, actor: Actor) -> float | None:
        """Tell people of a trouble that is none; return after how long they were told, in seconds.

        None: there is nobody to tell. Raises Failed where Slack does not take it.
        """
        self._permit(actor, "test alert")
        return await alert_within(self._alert)

    async def reload(self, actor: Actor, *, dry_run: bool) -> Reloaded:
        """Read ghost.toml again. Raises ConfigError with every mistake, and Failed."""
        self._permit.check(actor, "reload")
        return await self._reload.reload(actor, dry_run=dry_run)

    async def sweep(self, actor: Actor, *, kill: bool) -> Swept:
        """Find, and with `kill` end, what Ghost once started and no record knows."""
        self._permit(actor, "sweep kill" if kill else "sweep list")
        return await self._house.sweep(kill=kill, spare=[os.getpid()])

    async def check_next(self, actor: Actor) -> None:
        """Try the installed version on ghost.toml. Raises Failed with what it says."""
        self._permit(actor, "upgrade")
        await self._upgrades.check()

    def become_next(self) -> None:
        """Become the installed version, which was checked; the daemons run on."""
        self._become_next()

    def down(self, actor: Actor) -> None:
        """Stop the daemons, then end."""
        self._permit(actor, "down")
        self._down()


def parts(sanity: Sanity, rollcall: Rollcall, now: float) -> tuple[Part, ...]:
    """Return how Ghost's parts and guards are at `now` (monotonic)."""
    found = [
        Part(name, WORDS[own.ok], own.said, max(0.0, now - own.at) if own.at else None)
        for name, own in sanity.found.items()
    ]
    for name in GUARDS:
        seen = rollcall.evidence(name, now)
        age_s = None if seen.at is None else max(0.0, now - seen.at)
        found.append(Part(name, seen.status, seen.error or "answers", age_s))
    return tuple(found)


async def test(selfcheck: Selfcheck, names: Iterable[str]) -> Tested:
    """Look now at daemons and checks by name, or at all. Raises NoSuch."""
    subjects = _subjects(selfcheck.subjects(), names)
    found = await selfcheck.test(subjects)
    return Tested(tuple(found), tuple(s for s in subjects if not selfcheck.rounds(s)))


def _subjects(known: tuple[str, ...], names: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for name in names:
        meant = [subject for subject in (name, f"{CHECK}{name}") if subject in known]
        if not meant:
            near = did_you_mean(name, [subject.removeprefix(CHECK) for subject in known])
            shown = name if len(name) <= NAME_SHOWN else f"{name[:NAME_SHOWN]}…"
            raise errors.NoSuch(f"cannot test {shown}: no such daemon or check{near}")
        found |= dict.fromkeys(meant)
    return tuple(found) or known


async def alert_within(alert: Alert) -> float | None:
    """Have a test told; return after how many seconds. Raises Failed where nobody takes it."""
    began, told = time.time(), None
    try:
        async with asyncio.timeout(TEST_S):
            told = await alert()
    except TimeoutError:
        words = f"cannot tell people: Slack has not taken the alert within {TEST_S:g} s"
        raise errors.Failed(f"{words}; see `ghost status`") from None
    return None if told is None else max(0.0, told - began)
