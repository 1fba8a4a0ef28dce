"""When a dead daemon is started again, and when it is left alone.

Rule 1: two budgets open one breaker: `max_restarts` deaths within `restart_window_s`, and
        `slow_restarts` deaths within `slow_window_s` (a loop too slow for the first: flapping).
Rule 2: an open breaker tries one start after each cool-down, for ever, ever more rarely.
Rule 3: time alone forgives nothing; only being up and stable does, one death at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from signal import SIGTERM, Signals
from zlib import crc32

COOLDOWN_MAX_S = 3600.0  # a blocked daemon is tried at least once an hour
JITTER = 0.2  # enough to part daemons that died together, too little to surprise a reader


class After(StrEnum):
    """Which exits a daemon is started again after."""

    ALWAYS = "always"
    ON_FAILURE = "on-failure"
    NEVER = "never"


class Kind(StrEnum):
    """What an exit means: a service and a tunnel should never end, a oneshot should."""

    SERVICE = "service"
    ONESHOT = "oneshot"
    TUNNEL = "tunnel"  # a service whose health is that of its public address


TUNNEL_RESTARTS = 3  # slow_restarts of a tunnel: its provider limits how often it may connect
# stable_after of a tunnel: at its pace it is up for minutes before it is found sick, and being up
# that long must not forgive the last time.
TUNNEL_STABLE_S = 1800.0


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers of a daemon's life, in seconds where they are times."""

    kind: Kind = Kind.SERVICE
    restart: After = After.ALWAYS
    exit_codes: frozenset[int] = frozenset({0})  # those that count as clean
    restart_delay_s: float = 1.0  # before the first restart; doubles from the second death on
    restart_max_delay_s: float = 30.0
    max_restarts: int = 3  # the death that makes this many within restart_window_s blocks
    restart_window_s: float = 15.0
    slow_restarts: int = 5  # the same for slow_window_s
    slow_window_s: float = 1800.0
    cooldown_s: float = 60.0  # the breaker's; doubles with each failed try
    stable_after_s: float = 60.0  # up this long, one past death is forgiven
    start_timeout_s: float = 30.0  # a process must prove ready within this
    stop_timeout_s: float = 10.0  # between the stop signal and SIGKILL
    kill_again_s: float = 5.0  # between one SIGKILL and the next
    stop_signal: Signals = SIGTERM

    def is_clean(self, code: int | None) -> bool:
        """Tell whether exit `code` is a clean one. An unknown code (None) is not."""
        return code in self.exit_codes

    def is_end(self, code: int | None) -> bool:
        """Tell whether an exit with `code` ends the daemon's work, so that no start follows."""
        if self.restart is After.NEVER:
            return True
        if self.kind is not Kind.ONESHOT and self.restart is After.ALWAYS:
            return False
        return self.is_clean(code)


@dataclass(frozen=True, slots=True)
class Record:
    """What is remembered of a daemon's deaths. Instants are monotonic seconds, oldest first."""

    unforgiven: int = 0  # what the next delay grows with
    deaths: tuple[float, ...] = ()  # within slow_window_s of the last
    trips: int = 0  # how often the breaker opened since it was last closed
    flapping: bool = False  # the slow budget opened it, and is not yet back within its bounds


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a death means: start again after `wait_s`, or leave it blocked that long."""

    record: Record
    wait_s: float
    blocked: bool
    why: str | None = None  # why it is blocked, in words


def judge(policy: Policy, record: Record, name: str, now: float) -> Verdict:
    """Judge the death at `now` of the daemon `name` by those before it."""
    deaths = (*(t for t in record.deaths if t > now - policy.slow_window_s), now)
    record = replace(record, unforgiven=record.unforgiven + 1, deaths=deaths)
    if why := _overdrawn(policy, record, now):
        flapping = record.flapping or len(deaths) >= policy.slow_restarts
        record = replace(record, trips=record.trips + 1, flapping=flapping)
        return Verdict(record, cooldown(policy, record), blocked=True, why=why)
    if record.flapping:
        record = replace(record, flapping=False)
    return Verdict(record, delay(policy, record.unforgiven, name), blocked=False)


def _overdrawn(policy: Policy, record: Record, now: float) -> str | None:
    """Say which budget this death overdrew, or None."""
    if record.trips:
        return "died again when it was tried"
    recent = sum(t > now - policy.restart_window_s for t in record.deaths)
    if recent >= policy.max_restarts:
        return f"died {recent} times within {policy.restart_window_s:g} s"
    if len(record.deaths) >= policy.slow_restarts:
        return f"flapping: died {len(record.deaths)} times within {policy.slow_window_s:g} s"
    return None


def delay(policy: Policy, count: int, name: str) -> float:
    """Seconds before the start that follows unforgiven death number `count` (from 1).

    The first is exact; from the second on it grows and gets jitter, the same for the same
    name and count on every machine and in every run.
    """
    exponent = min(count - 1, 64)  # beyond that the cap has long been reached
    grown = min(policy.restart_delay_s * 2.0**exponent, policy.restart_max_delay_s)
    if count <= 1:
        return grown
    share = crc32(f"{name}:{count}".encode()) / 0xFFFFFFFF  # 0..1; hash() differs in each run
    return min(grown * (1 + JITTER * (2 * share - 1)), policy.restart_max_delay_s)


def cooldown(policy: Policy, record: Record) -> float:
    """Seconds that the breaker stays open after it opened for the `trips`-th time."""
    exponent = min(record.trips - 1, 32)
    return min(policy.cooldown_s * 2.0**exponent, max(COOLDOWN_MAX_S, policy.cooldown_s))


def forgive(record: Record) -> Record:
    """Forgive one death after a stable while; the first thing forgiven is the open breaker."""
    if record.trips:
        return replace(record, trips=0)  # the deaths still count for the slow budget
    return replace(record, unforgiven=max(0, record.unforgiven - 1))
