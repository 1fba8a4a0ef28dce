"""A Ghost without processes: daemons that change when they are told to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ghostbot import errors
from ghostbot.core import why
from ghostbot.core.daemon import Daemon, Exit, State, Wanted
from ghostbot.core.restart import Kind
from ghostbot.core.snapshot import DaemonView, House, LastExit
from ghostbot.core.why import Explained
from ghostbot.core.words import LOG_LINES, did_you_mean
from ghostbot.orders import Actor, Doing, Outcome
from ghostbot.permit import Permit
from ghostbot.process.output import Line, Tail

NOW = 1_790_000_000.0


def view(name: str, state: State = State.UP, **changes: object) -> DaemonView:
    """Return a daemon as Ghost would show it."""
    alive = state in {State.UP, State.STARTING, State.STOPPING, State.KILLING}
    shown = DaemonView(
        name=name,
        host="den",
        kind=Kind.SERVICE,
        state=state,
        word=state.value,
        wanted=Wanted.UP,
        health=None,
        pid=4711 if alive else None,
        since=NOW - 7_380,
        uptime_s=7_380.0 if state is State.UP else None,
        restarts=0,
        starts=1,
        breaker="open" if state is State.BLOCKED else "closed",
        next_start_at=NOW + 4 if state in {State.BACKOFF, State.BLOCKED} else None,
        last_exit=None,
        fault=None,
        cpu_percent=None,
        rss_bytes=None,
        port=None,
        url=None,
        after=(),
        group=None,
        description=None,
    )
    return replace(shown, **changes)  # type: ignore[arg-type]


def died(name: str, reason: str = "killed by SIGKILL") -> DaemonView:
    """Return a daemon that died a moment ago."""
    last = LastExit(code=None, signal="SIGKILL", reason=reason, at=NOW - 1)
    return view(name, State.BACKOFF, word="backoff 4s", fault=reason, last_exit=last, restarts=2)


def house(*views: DaemonView, troubles: tuple[str, ...] = (), host: str = "den") -> House:
    """Return a house of these daemons."""
    return House(host, NOW, 3_600.0, "connected", views, troubles)


@dataclass
class FakeGhost:
    """Answers as Ghost does. `hold` keeps orders from coming true until it is set."""

    views: dict[str, DaemonView]
    lines: dict[str, list[str]] = field(default_factory=dict)
    orders: list[tuple[Doing, tuple[str, ...], Actor]] = field(default_factory=list)
    said: str = "is up"
    ok: bool = True
    hold: asyncio.Event | None = None
    broken: Exception | None = None  # raised by `house`
    refusal: Exception | None = None  # raised by `order`
    permit: Permit = field(default_factory=Permit)

    @classmethod
    def of(cls, *names: str) -> FakeGhost:
        """Return a Ghost whose daemons are all up."""
        return cls({name: view(name) for name in names})

    def house(self) -> House:
        if self.broken is not None:
            raise self.broken
        return house(*self.views.values())

    def daemon(self, name: str) -> DaemonView:
        return self.views[self.names([name])[0]]

    def names(self, asked: Iterable[str], verb: str = "show") -> tuple[str, ...]:
        wanted: list[str] = []
        for word in asked:
            if word != "all" and word not in self.views:
                near = did_you_mean(word, self.views)
                raise errors.NoSuch(f"cannot {verb} {word}: no such daemon{near}")
            wanted += list(self.views) if word == "all" else [word]
        return tuple(dict.fromkeys(wanted))

    async def order(
        self,
        doing: Doing,
        asked: Iterable[str],
        actor: Actor,
        *,
        wait: bool = True,
        for_s: float | None = None,
    ) -> tuple[Outcome, ...]:
        names = self.names(asked, doing.value)
        if self.refusal is not None:
            raise self.refusal
        self.permit(actor, doing.value, names)
        self.orders.append((doing, names, actor))
        if self.hold is not None:
            await self.hold.wait()
        return tuple(Outcome(n, ok=self.ok, said=self.said, view=self.views[n]) for n in names)

    def meant(self, doing: Doing, asked: Iterable[str]) -> tuple[str, ...]:
        names = self.names(asked, doing.value)
        if self.refusal is not None:
            raise self.refusal
        return names

    def records(self) -> tuple[tuple[Daemon, ...], float, float]:
        found = (Daemon(n, state=v.state, since=1.0) for n, v in self.views.items())
        return tuple(found), 2.0, NOW

    async def why(self, name: str) -> Explained:
        (daemon,) = self.names([name], "explain")
        record = Daemon(daemon, exits=(Exit(-9, "killed by SIGKILL", 1.0),))
        lines = tuple(self.lines.get(daemon, []))
        return Explained(self.views[daemon], record, why.why(record, 2.0), NOW, lines)

    async def logs(
        self,
        name: str,
        *,
        lines: int = LOG_LINES,
        grep: str | None = None,
        since_s: float | None = None,
    ) -> Tail:
        (daemon,) = self.names([name], "show logs of")
        found = [text for text in self.lines.get(daemon, []) if grep is None or grep in text]
        return Tail(tuple(Line(n, text) for n, text in enumerate(found[-lines:])))
