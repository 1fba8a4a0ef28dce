"""What people are shown of a daemon and of the house: words and numbers, derived once.

Instants ending in `_at` are UTC, in epoch seconds; durations are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from signal import Signals
from typing import assert_never

from ghostbot.core.daemon import Daemon, State, Wanted
from ghostbot.core.restart import Kind


@dataclass(frozen=True, slots=True)
class Measure:
    """What was last measured of a daemon's process tree."""

    cpu_percent: float
    rss_bytes: int


@dataclass(frozen=True, slots=True)
class Outside:
    """What is seen of a daemon from outside its record."""

    measure: Measure | None = None
    health: str | None = None  # ok, sick, unknown; None without a probe
    url: str | None = None  # a tunnel's public address


@dataclass(frozen=True, slots=True)
class LastExit:
    """How a daemon's process last ended. Both numbers are None where nobody could know."""

    code: int | None
    signal: str | None  # "SIGKILL"
    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class DaemonView:
    """A daemon as every face of Ghost shows it (design §9)."""

    name: str
    host: str
    kind: Kind
    state: State
    word: str
    wanted: Wanted
    health: str | None  # ok, sick, unknown; None without a probe
    pid: int | None
    since: float | None  # epoch seconds; since when it is in this state
    uptime_s: float | None
    restarts: int
    starts: int
    breaker: str  # closed, open, half-open
    next_start_at: float | None
    last_exit: LastExit | None
    fault: str | None
    cpu_percent: float | None
    rss_bytes: int | None
    port: int | None
    url: str | None
    after: tuple[str, ...]
    group: str | None
    description: str | None


@dataclass(frozen=True, slots=True)
class House:
    """All daemons of one Ghost, and what Ghost has to say of itself."""

    host: str
    updated_at: float
    uptime_s: float
    slack: str  # "connected", "off, SLACK_BOT_TOKEN missing", ...
    daemons: tuple[DaemonView, ...]
    troubles: tuple[str, ...] = ()  # Ghost's own, one line each


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine at one moment; sizes in bytes, load as getloadavg(3) has it."""

    load: tuple[float, float, float] | None
    cores: int | None
    memory_total: int
    memory_available: int
    disk_total: int  # of the filesystem that holds the state directory
    disk_free: int


@dataclass(frozen=True, slots=True)
class Part:
    """One part of Ghost itself: ok, active, unknown, trouble or error, and what that rests on."""

    name: str
    state: str
    said: str
    age_s: float | None  # of what is known

    @property
    def is_bad(self) -> bool:
        """Whether something is wrong with it."""
        return self.state in ("trouble", "error")


@dataclass(frozen=True, slots=True)
class LogSigns:
    """What a log shows from outside."""

    path: str
    written_at: float | None  # epoch seconds; None: nothing was ever written
    size: int = 0  # of the live file
    errors: tuple[str, ...] = ()  # of its last lines, those that look like errors


def word(d: Daemon, now: float) -> str:
    """Say in a word or two how `d` is at `now` (monotonic seconds)."""
    match d.state:
        case State.DOWN if d.done:
            return "done"
        case State.DOWN:
            return "held" if d.wanted is Wanted.HELD else "down"
        case State.WAITING:
            return f"waiting for {', '.join(d.gate)}"
        case State.STARTING:
            return "starting"
        case State.UP:
            return "up, held" if d.wanted is Wanted.HELD else "up"
        case State.STOPPING | State.KILLING:
            return "restarting" if d.wanted is Wanted.UP and not d.done else "stopping"
        case State.BACKOFF:
            left = max(0.0, (d.deadline or now) - now)
            return f"backoff {left:.0f}s" if left >= 1 else "backoff"
        case State.BLOCKED:
            return "blocked"
    assert_never(d.state)


def breaker(d: Daemon) -> str:
    """Say whether the breaker is closed, open, or letting one start through."""
    if d.state is State.BLOCKED:
        return "open"
    return "half-open" if d.record.trips else "closed"


def signal_of(code: int | None) -> str | None:
    """Name the signal that an exit code stands for (negative, as subprocess has it), if any."""
    if code is None or code >= 0:
        return None
    try:
        return Signals(-code).name
    except ValueError:  # real-time signals have no name of their own
        return f"SIG{-code}"


def view(
    d: Daemon,
    *,
    now: float,
    wall: float,
    host: str,
    port: int | None = None,
    after: tuple[str, ...] = (),
    group: str | None = None,
    description: str | None = None,
    outside: Outside | None = None,
) -> DaemonView:
    """Show `d` at `now` (monotonic), which the wall clock calls `wall` (epoch)."""
    offset, seen = wall - now, outside or Outside()
    next_at = d.deadline if d.state in (State.BACKOFF, State.BLOCKED) else None
    return DaemonView(
        name=d.name,
        host=host,
        kind=d.policy.kind,
        state=d.state,
        word=word(d, now),
        wanted=d.wanted,
        health=seen.health,
        pid=d.proc.pid if d.proc else None,
        since=d.since + offset if d.since else None,
        uptime_s=now - d.since if d.state is State.UP else None,
        restarts=d.restarts,
        starts=d.starts,
        breaker=breaker(d),
        next_start_at=next_at + offset if next_at is not None else None,
        last_exit=_last_exit(d, offset),
        fault=d.fault,
        cpu_percent=seen.measure.cpu_percent if seen.measure else None,
        rss_bytes=seen.measure.rss_bytes if seen.measure else None,
        port=port,
        url=seen.url,
        after=after,
        group=group,
        description=description,
    )


def _last_exit(d: Daemon, offset: float) -> LastExit | None:
    if d.last_exit is None:
        return None
    code, why, when = d.last_exit.code, d.last_exit.why, d.last_exit.when
    plain = code if code is None or code >= 0 else None
    return LastExit(code=plain, signal=signal_of(code), reason=why, at=when + offset)
