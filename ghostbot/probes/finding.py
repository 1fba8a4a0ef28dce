"""What a look found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One look. `ok` is None where it says nothing: Ghost itself could not look."""

    ok: bool | None
    said: str  # one line for people: "HTTP 500 from http://127.0.0.1:8000/health"
    took_s: float = 0.0
    at: float | None = None  # epoch seconds of the evidence, where that is older than the look
    url: str | None = None  # a tunnel's public address
    mark: str | None = None  # of a log: healthy, warning, critical, mixed, unknown
    errors: tuple[str, ...] = ()  # the last lines of a log that tell of one, the newest last
    local: bool | None = None  # of a tunnel: whether its agent, and what it leads to, answer
