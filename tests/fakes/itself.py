"""A Ghost's own side without a Ghost: parts, looks, plans and its end, as a test sets them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ghostbot import errors
from ghostbot.config.model import ProbeKind, ProbeTable
from ghostbot.core.daemon import Proc
from ghostbot.core.plan import Plan
from ghostbot.core.snapshot import Machine, Part
from ghostbot.guards.rounds import Round
from ghostbot.guards.tunnels import TunnelView
from ghostbot.itself import Tested
from ghostbot.orders import Actor
from ghostbot.permit import Permit
from ghostbot.probes.finding import Finding
from ghostbot.process.sweep import Stray, Swept
from ghostbot.reload import Reloaded

GIB = 2**30
STRAY = Stray(Proc(4242, 1, "boot"), "web", "7", 90.0, "python server.py")


async def _look() -> Finding:
    return Finding(ok=True, said="HTTP 200")


def look(subject: str, finding: Finding) -> tuple[Round, Finding]:
    """Return a look as it was found."""
    table = ProbeTable(kind=ProbeKind.HTTP, label="http")
    return Round(subject, table, _look, lambda _round, _finding: None), finding


@dataclass
class FakeItself:
    """Answers as `itself.Itself` does; `did` notes what it was told to do, and by whom."""

    names: list[str] = field(default_factory=list)
    found: list[tuple[Round, Finding]] = field(default_factory=list)
    plan: Plan = field(default_factory=Plan)
    strays: tuple[Stray, ...] = ()
    views: tuple[TunnelView, ...] = ()
    bad: tuple[Part, ...] = ()
    broken: errors.GhostError | None = None
    did: list[tuple[str, str]] = field(default_factory=list)
    permit: Permit = field(default_factory=Permit)

    def parts(self) -> tuple[Part, ...]:
        return (*self.bad, Part("store", "ok", "answered within 1 ms", 2.0))

    def machine(self) -> Machine | None:
        return Machine((0.5, 0.4, 0.3), 2, 8 * GIB, 4 * GIB, 100 * GIB, 50 * GIB)

    def tunnels(self) -> tuple[TunnelView, ...]:
        return self.views

    def subjects(self) -> tuple[str, ...]:
        return tuple(self.names)

    async def test(self, names: Iterable[str]) -> Tested:
        self._may_fail()
        wanted = [*names]
        return Tested(tuple(f for f in self.found if not wanted or f[0].subject in wanted), ())

    async def test_alert(self, actor: Actor) -> float | None:
        self.permit(actor, "test alert")
        self.did.append(("test alert", actor.id))
        return 0.042

    async def reload(self, actor: Actor, *, dry_run: bool) -> Reloaded:
        self._may_fail()
        (self.permit.check if dry_run else self.permit)(actor, "reload")
        self.did.append(("plan" if dry_run else "reload", actor.id))
        return Reloaded(self.plan)

    async def sweep(self, actor: Actor, *, kill: bool) -> Swept:
        self.permit(actor, "sweep kill" if kill else "sweep list")
        self.did.append(("sweep kill" if kill else "sweep list", actor.id))
        return Swept(self.strays)

    async def check_next(self, actor: Actor) -> None:
        self._may_fail()
        self.permit(actor, "upgrade")
        self.did.append(("check", actor.id))

    def become_next(self) -> None:
        self.did.append(("become", ""))

    def down(self, actor: Actor) -> None:
        self.permit(actor, "down")
        self.did.append(("down", actor.id))

    def _may_fail(self) -> None:
        if self.broken is not None:
            raise self.broken
