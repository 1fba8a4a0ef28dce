"""How a probe did over time: looks counted in spans of ten minutes, so that a week stays small."""

from __future__ import annotations

from dataclasses import dataclass, replace

SPAN_S = 600  # of one tally
KEPT_S = 7 * 86_400
SPANS = {"1h": 3_600, "24h": 86_400, "7d": KEPT_S}  # what is shown


@dataclass(frozen=True, slots=True)
class Tally:
    """The looks of one probe within one span. `at` is its beginning, in epoch seconds."""

    at: int
    looks: int = 0  # that told something of what was looked at
    well: int = 0
    unknown: int = 0  # Ghost itself could not look
    took_s: float = 0.0  # all looks together, as far as they told something
    slowest_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Trend:
    """What tallies come to. `rate` is the share of good looks from 0 to 1, None without any."""

    looks: int
    unknown: int
    rate: float | None
    mean_s: float | None
    slowest_s: float | None


def begin_of(at: float) -> int:
    """Return the beginning of the span that `at` falls into."""
    return int(at // SPAN_S) * SPAN_S


def counted(tally: Tally, ok: bool | None, took_s: float) -> Tally:  # noqa: FBT001 - a verdict
    """Return a tally with one look more."""
    if ok is None:
        return replace(tally, unknown=tally.unknown + 1)
    return replace(
        tally,
        looks=tally.looks + 1,
        well=tally.well + ok,
        took_s=tally.took_s + took_s,
        slowest_s=max(tally.slowest_s, took_s),
    )


def trend(looks: int, well: int, unknown: int, took_s: float, slowest_s: float) -> Trend:
    """Return what these sums over tallies come to."""
    if not looks:
        return Trend(0, unknown, None, None, None)
    return Trend(looks, unknown, well / looks, took_s / looks, slowest_s)
