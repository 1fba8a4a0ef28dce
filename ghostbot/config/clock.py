"""Which time zone is meant: by its name in tzdata, as in "Europe/Berlin"."""

from __future__ import annotations

from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from ghostbot.config.values import text
from ghostbot.config.wrong import Wrong, shown
from ghostbot.core.words import did_you_mean, nearest


def zone(value: object) -> str:
    """Read the name of a time zone."""
    found = text(value)
    try:
        ZoneInfo(found)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: "Europe" is a folder
        known = available_timezones()
        if not known:
            raise Wrong(
                f"{shown(found)} cannot be looked up: this machine has no tzdata; install it"
            ) from None
        near = _near(found, known) or ': write a name as in "Europe/Berlin"'
        raise Wrong(f"{shown(found)} is no time zone{near}") from None
    return found


def zone_of(name: str | None) -> tzinfo | None:
    """Return the zone of that name; None is this machine's own."""
    return None if name is None else ZoneInfo(name)


def _near(word: str, known: set[str]) -> str:
    """Say which zone was probably meant: by its city, or by a name that is nearly the same."""
    cities = {name.rpartition("/")[2].lower(): name for name in sorted(known, reverse=True)}
    city = nearest(word.rpartition("/")[2].lower().replace(" ", "_"), cities)
    return f" (did you mean {cities[city]}?)" if city else did_you_mean(word, known)
