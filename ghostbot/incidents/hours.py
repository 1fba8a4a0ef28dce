"""The times of quiet, on this machine's clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from ghostbot.core.quiet import Window, is_quiet


def quiet_by(windows: Sequence[Window]) -> Callable[[float], bool]:
    """Return what tells whether an instant (epoch seconds) is one of quiet, by local time."""

    def is_so(at: float) -> bool:
        there = datetime.fromtimestamp(at).astimezone()
        return is_quiet(windows, there.weekday(), there.hour * 60 + there.minute)

    return is_so
