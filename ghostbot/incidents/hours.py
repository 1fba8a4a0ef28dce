"""The times of quiet, on the clock of `[ghost] timezone`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo

from ghostbot.core.quiet import Window, is_quiet


def quiet_by(
    windows: Callable[[], Sequence[Window]], zone: tzinfo | None = None
) -> Callable[[float], bool]:
    """Return what tells whether an instant (epoch seconds) is one of quiet, by the zone's time.

    `windows` are asked each time; without a zone it is this machine's own.
    """

    def is_so(at: float) -> bool:
        there = datetime.fromtimestamp(at, UTC).astimezone(zone)
        return is_quiet(windows(), there.weekday(), there.hour * 60 + there.minute)

    return is_so
