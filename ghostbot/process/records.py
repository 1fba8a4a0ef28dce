"""A daemon's record as JSON: what the registry keeps of it, and what of that still holds.

Rule 1: the keys `alive` and `timestamp` are those of the system that Ghost replaces, with their
        old meaning; everything else is added.
Rule 2: a monotonic instant means something in one boot only. From another boot there remain
        the totals, what people stopped or hold, and until when.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ghostbot.core.daemon import EXITS_KEPT, Daemon, Exit, Proc, State, Wanted
from ghostbot.core.restart import Record


def to_json(d: Daemon, *, boot: str, offset: float, run: str | None) -> dict[str, Any]:
    """Return `d` for the registry. `offset` is wall clock minus monotonic clock, now."""
    proc, record = d.proc, d.record
    return {
        "alive": d.is_alive,
        "timestamp": _iso(d.since + offset),
        "state": d.state.value,
        "wanted": d.wanted.value,
        "stopped": d.stopped,
        "by": d.by,
        "pid": proc.pid if proc else None,
        "ticks": proc.ticks if proc else None,
        "boot": boot,
        "run": run,
        "gate": list(d.gate),
        "fault": d.fault,
        "renewal": d.renewal,
        "drilled": d.drilled,
        "done": d.done,
        "record": {
            "unforgiven": record.unforgiven,
            "deaths": list(record.deaths),
            "trips": record.trips,
            "flapping": record.flapping,
        },
        "deadline": d.deadline,
        "since": d.since,
        "held_until": d.held_until,
        "held_until_at": None if d.held_until is None else d.held_until + offset,
        "exits": [{"code": e.code, "why": e.why, "when": e.when} for e in d.exits],
        "starts": d.starts,
        "restarts": d.restarts,
    }


def from_json(name: str, raw: dict[str, Any], *, boot: str, offset: float) -> Daemon | None:
    """Return the daemon that `raw` records, as far as it still holds.

    None for a record of the system that Ghost replaces, which tells only who was alive. Raises
    ValueError, KeyError or TypeError where it makes no sense.
    """
    if not isinstance(raw["alive"], bool):
        raise TypeError("alive")
    if "state" not in raw:
        return None
    wanted, starts = Wanted(raw["wanted"]), int(raw["starts"])
    d = Daemon(name, wanted=wanted, stopped=bool(raw.get("stopped")), starts=starts)
    d = replace(d, by=_by(raw))
    held_until_at = _instant(raw["held_until_at"])
    if d.wanted is Wanted.HELD and held_until_at is not None:
        d = replace(d, held_until=held_until_at - offset)
    if raw["boot"] != boot:  # what was wanted up is for the config to say again
        return replace(d, wanted=Wanted.DOWN) if wanted is Wanted.UP else d
    return replace(
        d,
        state=State(raw["state"]),
        proc=_proc(raw),
        gate=tuple(str(why) for why in raw["gate"]),
        fault=None if raw["fault"] is None else str(raw["fault"]),
        renewal=None if raw.get("renewal") is None else str(raw["renewal"]),
        drilled=bool(raw.get("drilled")),
        done=bool(raw["done"]),
        record=_record(raw["record"]),
        deadline=_instant(raw["deadline"]),
        since=float(raw["since"]),
        held_until=_instant(raw["held_until"]),
        exits=_exits(raw),
        restarts=int(raw["restarts"]),
    )


def _proc(raw: dict[str, Any]) -> Proc | None:
    if raw["pid"] is None:
        return None
    return Proc(int(raw["pid"]), int(raw["ticks"]), str(raw["boot"]))


def _record(raw: dict[str, Any]) -> Record:
    return Record(
        unforgiven=int(raw["unforgiven"]),
        deaths=tuple(float(at) for at in raw["deaths"]),
        trips=int(raw["trips"]),
        flapping=bool(raw["flapping"]),
    )


def _by(raw: dict[str, Any]) -> str | None:
    by = raw.get("by")
    return None if by is None else str(by)


def _exits(raw: dict[str, Any]) -> tuple[Exit, ...]:
    """Return the last exits. A record of before there was a history has only the last one."""
    if "exits" not in raw:
        return () if raw["last_exit"] is None else (_exit(raw["last_exit"]),)
    return tuple(_exit(end) for end in raw["exits"])[-EXITS_KEPT:]


def _exit(raw: dict[str, Any]) -> Exit:
    code = None if raw["code"] is None else int(raw["code"])
    return Exit(code, str(raw["why"]), float(raw["when"]))


def _instant(value: float | None) -> float | None:
    return None if value is None else float(value)


def _iso(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")
