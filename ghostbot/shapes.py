"""The JSON that Ghost promises to the outside (design §9, §13): one function a shape."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ghostbot.core.daemon import ALIVE, State
from ghostbot.core.snapshot import DaemonView, House, LastExit

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


def status(house: House) -> dict[str, Any]:
    """Return status.json: the original's keys with their meaning, and what Ghost adds."""
    return {
        "updatedAt": iso(house.updated_at),
        "daemons": {
            v.name: {
                **daemon(v),
                # A oneshot that is done is well, though nothing of it runs.
                "alive": v.state in ALIVE,
                "timestamp": iso(v.since),
            }
            for v in house.daemons
        },
        "host": house.host,
        "uptime": house.uptime_s,
        "summaryHeartbeat": False,  # no summaries are watched yet, so none is fresh
        "schema_version": SCHEMA_VERSION,
        "slack": house.slack,
        "troubles": list(house.troubles),
        "up": sum(v.state is State.UP for v in house.daemons),
        "total": len(house.daemons),
    }


def error(code: str, message: str) -> dict[str, Any]:
    """Return the one shape of every error."""
    return {"error": {"code": code, "message": message}}
