"""What changed just before a death: the first thing that whoever reads of it asks."""

from __future__ import annotations

from collections.abc import Collection

from ghostbot.bus import Turned
from ghostbot.core.daemon import Renew, Restart, State
from ghostbot.core.incident import is_death
from ghostbot.core.why import span

LATELY_S = 120.0  # what is longer ago is probably no cause


class Lately:
    """Remembers of each daemon what was last done to it, and how it last went with it."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._done: dict[str, tuple[float, str]] = {}
        self._went: dict[str, tuple[float, str]] = {}
        self._reloaded_at: float | None = None

    def reloaded(self, at: float) -> None:
        """Remember that ghost.toml was read again, and changed something."""
        self._reloaded_at = at

    def note(self, fact: Turned) -> None:
        """Remember what matters of a fact."""
        name, event = fact.after.name, fact.event
        if isinstance(event, Renew) and fact.after.renewal != fact.before.renewal:
            self._done[name] = fact.at, f"it was started again ({event.why})"
        elif isinstance(event, Restart) and fact.after.state is not fact.before.state:
            self._done[name] = fact.at, "it was restarted by an order"
        if is_death(fact.before, fact.after):
            self._went[name] = fact.at, "died"
        elif fact.after.state is State.UP is not fact.before.state and fact.after.starts > 1:
            self._went[name] = fact.at, "was started again"

    def said(self, name: str, after: Collection[str], at: float) -> str:
        """Say what changed shortly before `at`, with what the daemon comes after; or nothing."""
        found = [self._done[name]] if name in self._done else []
        for other in after:
            if other in self._went:
                when, how = self._went[other]
                found.append((when, f"{other}, which it comes after, {how}"))
        if self._reloaded_at is not None:
            found.append((self._reloaded_at, "ghost.toml was reloaded"))
        near = sorted(one for one in found if 0 <= at - one[0] <= LATELY_S)
        return "; ".join(f"{what}, {span(at - when)} before" for when, what in near)
