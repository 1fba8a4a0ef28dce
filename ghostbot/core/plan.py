"""What a new ghost.toml changes: who comes, who goes, who is restarted, and who is not.

Rule 1: a daemon is restarted only where what its process is made of has changed.
Rule 2: what is planned is what is done: the same plan is shown and carried out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

Settings = Mapping[str, object]  # key: value, of one table of the file


@dataclass(frozen=True, slots=True)
class Change:
    """A daemon that both files have, and the keys in which they differ."""

    name: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be done, each in the order of its file."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    restarted: tuple[Change, ...] = ()
    later: tuple[Change, ...] = ()  # with its next start: nobody wants it to run now
    described: tuple[Change, ...] = ()  # true from now on, without a restart
    ghosts_own: tuple[str, ...] = ()  # settings that only the next Ghost takes
    shared: tuple[str, ...] = ()  # tables that belong to no daemon, true from now on

    @property
    def is_empty(self) -> bool:
        """Whether both files say the same."""
        return self == Plan()

    def lines(self) -> tuple[str, ...]:
        """Say the plan, one line for each daemon or setting."""
        if self.is_empty:
            return ("nothing has changed",)
        return (
            *(f"- {name}: stopped, as it is no longer there" for name in self.removed),
            *(f"+ {name}: new" for name in self.added),
            *(
                f"~ {c.name}: restarted, as it has another {_listed(c.keys)}"
                for c in self.restarted
            ),
            *(f"= {c.name}: takes {_listed(c.keys)} with its next start" for c in self.later),
            *(f"= {c.name}: not restarted; takes {_listed(c.keys)}" for c in self.described),
            *(f"= {table}: true from now on" for table in self.shared),
            *(f"! {key}: needs `ghost upgrade`" for key in self.ghosts_own),
        )


def plan(
    old: Mapping[str, Settings],
    new: Mapping[str, Settings],
    *,
    described: Collection[str],
    resting: Collection[str] = (),
    ghosts_own: Collection[str] = (),
    shared: Collection[str] = (),
) -> Plan:
    """Compare daemons by name. A change of `described` keys alone restarts nobody.

    Those of `resting` are not to be started: what they are made of changes later.
    """
    changes = [Change(n, differing(old[n], new[n])) for n in new if n in old]
    changes = [c for c in changes if c.keys]
    deep = [c for c in changes if not set(c.keys) <= set(described)]
    return Plan(
        added=tuple(n for n in new if n not in old),
        removed=tuple(n for n in old if n not in new),
        restarted=tuple(c for c in deep if c.name not in resting),
        later=tuple(c for c in deep if c.name in resting),
        described=tuple(c for c in changes if c not in deep),
        ghosts_own=tuple(ghosts_own),
        shared=tuple(shared),
    )


def differing(old: Settings, new: Settings) -> tuple[str, ...]:
    """Return the keys whose values differ, or that only one of them has."""
    keys = dict.fromkeys((*old, *new))
    return tuple(k for k in keys if k not in old or k not in new or old[k] != new[k])


def _listed(keys: Collection[str]) -> str:
    *first, last = keys
    return f"{', '.join(first)} and {last}" if first else last
