"""Text as a terminal may see it: control characters made visible, colour where it is wanted."""

from __future__ import annotations

import os
import re
import sys
from typing import IO, Any

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
GREEN, RED, YELLOW, FAINT = "32", "31", "33", "2"


def is_terminal(stream: IO[Any]) -> bool:
    """Tell whether a person reads `stream` as it is written."""
    return stream.isatty()


def coloured() -> bool:
    """Tell whether stdout may carry colour (no-color.org)."""
    no = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return is_terminal(sys.stdout) and not no


def colour(text: str, code: str) -> str:
    """Wrap `text` in a colour."""
    return f"\x1b[{code}m{text}\x1b[0m"


def safe(text: str) -> str:
    """Make visible what would command a terminal, or turn the order of its letters around."""
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def duration(seconds: float) -> str:
    """Write a duration in its two largest units: `4s`, `3m12s`, `2h05m`, `6d03h`."""
    whole = max(0, int(seconds))
    minutes, s = divmod(whole, 60)
    hours, m = divmod(minutes, 60)
    days, h = divmod(hours, 24)
    if days:
        return f"{days}d{h:02d}h"
    if hours:
        return f"{h}h{m:02d}m"
    return f"{m}m{s:02d}s" if minutes else f"{s}s"
