"""The JSON that Ghost promises to the outside (design §9, §13): one function a shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from ghostbot.core.daemon import ALIVE, Daemon, Exit, State
from ghostbot.core.snapshot import DaemonView, House, LastExit, LogSigns, Machine, signal_of
from ghostbot.core.why import Budgets, Explained, budgets, exits_in_window
from ghostbot.core.why import why as explain

SCHEMA_VERSION = 1  # of status.json; a reader that knows a smaller one may go on


def iso(at: float | None) -> str | None:
    """Write epoch seconds as ISO 8601 UTC with milliseconds and Z; None stays None."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def daemon(view: DaemonView) -> dict[str, Any]:
    """Return the daemon of design §9."""
    return {
        "name": view.name,
        "host": view.host,
        "kind": view.kind.value,
        "state": view.state.value,
        "word": view.word,
        "wanted": view.wanted.value,
        "health": view.health,
        "pid": view.pid,
        "since": iso(view.since),
        "uptime_s": None if view.uptime_s is None else round(view.uptime_s, 3),
        "restarts": view.restarts,
        "starts": view.starts,
        "breaker": view.breaker,
        "next_start_at": iso(view.next_start_at),
        "last_exit": _last_exit(view.last_exit),
        "cpu_percent": view.cpu_percent,
        "rss_bytes": view.rss_bytes,
        "port": view.port,
        "url": view.url,
        "after": list(view.after),
        "group": view.group,
        "description": view.description,
    }


def _last_exit(last: LastExit | None) -> dict[str, Any] | None:
    if last is None:
        return None
    return {"code": last.code, "signal": last.signal, "reason": last.reason, "at": iso(last.at)}


def why(told: Explained) -> dict[str, Any]:
    """Return what `ghost why --json` and `GET /api/daemons/NAME/why` give."""
    return {
        "daemon": daemon(told.view),
        "happened": list(told.why.happened),
        "next": told.why.next,
        "by": told.why.by,
        "gate": list(told.why.gate),
        "held_until": _instant(told.daemon.held_until, told.offset),
        "exits": exits(told.why.exits, told.offset),
        "backoff": _budgets(told.why.budgets),
        "lines": list(told.lines),
    }


def exits(ends: Iterable[Exit], offset: float) -> list[dict[str, Any]]:
    """Return past exits, the newest last; `offset` is wall clock minus monotonic clock."""
    return [
        {
            "code": e.code if e.code is None or e.code >= 0 else None,
            "signal": signal_of(e.code),
            "reason": e.why,
            "at": iso(e.when + offset),
        }
        for e in ends
    ]


def _budgets(b: Budgets) -> dict[str, Any]:
    return {
        "breaker": b.breaker,
        "trips": b.trips,
        "flapping": b.flapping,
        "unforgiven": b.unforgiven,
        "recent_deaths": b.recent,
        "max_restarts": b.max_restarts,
        "restart_window_s": b.window_s,
        "slow_deaths": b.slow,
        "slow_restarts": b.slow_restarts,
        "slow_window_s": b.slow_window_s,
        "next_start_in_s": None if b.next_start_in_s is None else round(b.next_start_in_s, 3),
    }


def backoff(records: Iterable[Daemon], now: float, offset: float) -> dict[str, Any]:
    """Return what `ghost backoff --json` and `GET /api/backoff` give."""
    return {
        "updated_at": iso(now + offset),
        "daemons": [
            {
                "name": d.name,
                "state": d.state.value,
                "fault": d.fault,
                **_budgets(budgets(d, now)),
                "next": explain(d, now).next,
            }
            for d in records
        ],
    }


def registry(records: Iterable[Daemon], offset: float) -> dict[str, Any]:
    """Return every record by name: the original's keys with their meaning, and what Ghost adds."""
    return {
        d.name: {
            "alive": d.is_alive,
            "timestamp": iso(d.since + offset) if d.since else None,
            "state": d.state.value,
            "wanted": d.wanted.value,
            "stopped": d.stopped,
            "by": d.by,
            "held_until": _instant(d.held_until, offset),
            "pid": d.proc.pid if d.proc else None,
            "gate": list(d.gate),
            "fault": d.fault,
            "done": d.done,
            "starts": d.starts,
            "restarts": d.restarts,
            "exits": exits(d.exits, offset),
        }
        for d in records
    }


def diagnostic(records: Iterable[Daemon], offset: float) -> dict[str, list[int]]:
    """Return orchestrator.diagnostic.json: name to exit times within the window, epoch ms."""
    found = {d.name: [round((at + offset) * 1000) for at in exits_in_window(d)] for d in records}
    return {name: times for name, times in found.items() if times}


def _instant(monotonic: float | None, offset: float) -> str | None:
    return None if monotonic is None else iso(monotonic + offset)


def daemons(house: House, views: tuple[DaemonView, ...] | None = None) -> dict[str, Any]:
    """Return what `ghost status --json` and `GET /api/daemons` give."""
    shown = house.daemons if views is None else views
    return {
        "host": house.host,
        "updated_at": iso(house.updated_at),
        "daemons": [daemon(v) for v in shown],
        "slack": house.slack,
        "troubles": list(house.troubles),
    }


def status(
    house: House, machine: Machine | None = None, signs: Mapping[str, LogSigns] | None = None
) -> dict[str, Any]:
    """Return status.json: the original's keys with their meaning, and what Ghost adds."""
    logs = signs or {}
    return {
        "updatedAt": iso(house.updated_at),
        "daemons": {
            v.name: {
                **daemon(v),
                # A oneshot that is done is well, though nothing of it runs.
                "alive": v.state in ALIVE,
                "timestamp": iso(v.since),
                "log": _log(logs.get(v.name), house.updated_at),
            }
            for v in house.daemons
        },
        "host": house.host,
        "uptime": house.uptime_s,
        "summaryHeartbeat": False,  # no summaries are watched yet, so none is fresh
        "schema_version": SCHEMA_VERSION,
        "slack": house.slack,
        "system": _machine(machine),
        "troubles": list(house.troubles),
        "up": sum(v.state is State.UP for v in house.daemons),
        "total": len(house.daemons),
    }


def _log(signs: LogSigns | None, now: float) -> dict[str, Any] | None:
    if signs is None:
        return None
    at = signs.written_at
    return {
        "path": signs.path,
        "size": signs.size,
        "written_at": iso(at),
        "age_s": None if at is None else round(max(0.0, now - at), 3),
        "errors": list(signs.errors),
    }


def _machine(machine: Machine | None) -> dict[str, Any] | None:
    if machine is None:
        return None
    return {
        "load": None if machine.load is None else [round(one, 2) for one in machine.load],
        "cores": machine.cores,
        "memory_total_bytes": machine.memory_total,
        "memory_available_bytes": machine.memory_available,
        "disk_total_bytes": machine.disk_total,
        "disk_free_bytes": machine.disk_free,
    }


def error(code: str, message: str) -> dict[str, Any]:
    """Return the one shape of every error."""
    return {"error": {"code": code, "message": message}}
