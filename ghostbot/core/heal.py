"""What is done for a check that fails: the ladder of its heals, pure.

Rule 1: a heal is begun by a look that saw the check sick, and by nothing else: never for an
        unknown, never by the clock alone, and never while another one is on its way.
Rule 2: in one trouble there are at most `attempts` heals; after them it is up to people, and the
        looking goes on. A person who asks for a heal begins the count anew.
Rule 3: the ladder is climbed in order; where it has ended, its last rung is tried again.
Rule 4: sick again soon after it was well is the same trouble: heals that help for a minute are
        counted on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

CALM_S = 300.0  # well for so long ends a trouble for good
PAUSE_MAX_S = 3600.0  # between two heals, however many there were


class Stage(StrEnum):
    """How a check stands."""

    WELL = "well"
    SICK = "sick"  # heals are tried
    UNHEALED = "unhealed"  # sick, and nothing is left to try


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """What may be tried, and how often."""

    rungs: tuple[str, ...] = ()  # names of actions, the mildest first
    attempts: int = 5
    pause_s: float = 60.0  # after the first heal; doubles with each
    calm_s: float = CALM_S

    @property
    def most(self) -> int:
        """Return how many heals one trouble may have."""
        return self.attempts if self.rungs else 0


@dataclass(frozen=True, slots=True)
class Seen:
    """What the looks come to; None: Ghost could not look."""

    ok: bool | None
    said: str


@dataclass(frozen=True, slots=True)
class Healed:
    """The heal that was on its way ended."""

    ok: bool
    said: str


@dataclass(frozen=True, slots=True)
class Heal:
    """A person wants a heal now."""

    by: str


Event = Seen | Healed | Heal


@dataclass(frozen=True, slots=True)
class Try:
    """Run this action. `number` counts the heals of this trouble, from 1."""

    action: str
    number: int


@dataclass(frozen=True, slots=True)
class Tell:
    """Say something worth a person's attention."""

    what: str


Effect = Try | Tell


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked at, as it is. Instants are monotonic seconds."""

    name: str
    ladder: Ladder = field(default_factory=Ladder)
    stage: Stage = Stage.WELL
    since: float = 0.0  # when it came into this stage
    tried: int = 0  # heals in this trouble
    healing: str | None = None  # the action on its way
    not_before: float | None = None  # when the next heal may begin
    said: str = ""  # what the last look that could look saw

    @property
    def is_sick(self) -> bool:
        """Whether its looks come to sick."""
        return self.stage is not Stage.WELL


@dataclass(frozen=True, slots=True)
class Kept:
    """What a new Ghost must know of a trouble, so that it does not begin to count anew."""

    name: str
    stage: str
    tried: int
    said: str


Next = tuple[Check, tuple[Effect, ...]]


def step(c: Check, event: Event, now: float) -> Next:
    """Return the check after `event` at `now`, and the effects to perform, in order."""
    after, effects = _turn(c, event, now)
    if after.stage is not c.stage:
        after = replace(after, since=now)
    return after, effects


def _turn(c: Check, event: Event, now: float) -> Next:
    match event, c.stage:
        case Seen(None), _:
            return c, ()
        case Seen(True, said), Stage.WELL:
            return _forgotten(replace(c, said=said), now), ()
        case Seen(True, said), _:
            return replace(c, stage=Stage.WELL, said=said), (Tell("well again"),)
        case Seen(False, said), Stage.WELL:
            sick = replace(_forgotten(c, now), stage=Stage.SICK, said=said)
            after, effects = _climb(sick, now)
            return after, (Tell(said), *effects)
        case Seen(False, said), Stage.SICK:
            return _climb(replace(c, said=said), now)
        case Seen(False, said), Stage.UNHEALED:
            return replace(c, said=said), ()
        case Healed(ok, said), _ if c.healing is not None:
            return _healed(c, now, said, ok=ok)
        case Heal(by), Stage.SICK | Stage.UNHEALED if c.healing is None and c.ladder.rungs:
            asked = replace(c, stage=Stage.SICK, tried=0, not_before=None)
            after, effects = _climb(asked, now)
            return after, (Tell(f"{by} asked for a heal"), *effects)
    return c, ()  # nothing else changes anything


def _forgotten(c: Check, now: float) -> Check:
    """Forget the heals of a trouble that is long over."""
    over = c.stage is Stage.WELL and now - c.since >= c.ladder.calm_s
    return replace(c, tried=0, not_before=None) if over else c


def _climb(c: Check, now: float) -> Next:
    """Begin the next heal, where there is one and it is due."""
    if c.healing is not None:
        return c, ()
    if c.tried >= c.ladder.most:
        return replace(c, stage=Stage.UNHEALED), (Tell(_given_up(c)),)
    if c.not_before is not None and now < c.not_before:
        return c, ()
    action = c.ladder.rungs[min(c.tried, len(c.ladder.rungs) - 1)]
    number = c.tried + 1
    tried = f"tries {action} ({number} of {c.ladder.most})"
    return replace(c, tried=number, healing=action), (Tell(tried), Try(action, number))


def _healed(c: Check, now: float, said: str, *, ok: bool) -> Next:
    pause_s = min(c.ladder.pause_s * 2.0 ** (c.tried - 1), PAUSE_MAX_S)
    after = replace(c, healing=None, not_before=now + pause_s)
    return after, (Tell(f"{c.healing} {'ran' if ok else 'failed'}: {said}"),)


def _given_up(c: Check) -> str:
    if not c.ladder.rungs:
        return "nothing is set to heal it: it is up to people now; the looking goes on"
    times = "once" if c.tried == 1 else f"{c.tried} times"
    return f"tried {times} in vain: it is up to people now; the looking goes on"


def relearned(c: Check, ladder: Ladder) -> Check:
    """Return the check with another ladder. Where there is more to try now, it is tried."""
    more = c.stage is Stage.UNHEALED and c.tried < ladder.most
    return replace(c, ladder=ladder, stage=Stage.SICK if more else c.stage)


def kept(c: Check) -> Kept:
    """Return what the next Ghost must know."""
    return Kept(c.name, c.stage.value, c.tried, c.said)


def restored(k: Kept, ladder: Ladder, now: float) -> Check:
    """Return a check as the last Ghost left it. A heal that was on its way is not known to run."""
    pause_s = min(ladder.pause_s * 2.0 ** max(0, k.tried - 1), PAUSE_MAX_S)
    stage = Stage(k.stage)
    return Check(k.name, ladder, stage, now, k.tried, None, now + pause_s, k.said)
