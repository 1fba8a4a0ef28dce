"""What a root's owner lets patches do, and how many people must say yes.

Rule 1: what may never be is refused where paths are read (`paths.py`), whoever asks.
Rule 2: what can be missed by who reads a diff takes as many as `approvals_risky`.
Rule 3: nothing goes without a person but what is exact, small, allowed, and of a named source.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ghostbot.config.model import Config, RootTable
from ghostbot.core.patch import Change, Op, Plan, Refused
from ghostbot.core.proposal import Submitter
from ghostbot.patches.diff import count
from ghostbot.patches.draft import FILES
from ghostbot.patches.paths import Rules, checked
from ghostbot.patches.risk import risks

VERSION = 2  # of all that is decided here and in paths.py: another one voids every yes
AUTO_LINES, AUTO_FILES = 100, 5  # what a person would not miss, were it read
RISKY = ("protected:", "not_allowed", "path:", "lines:", "files:", "deleted_test", "overwrite")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What policy says of a plan."""

    risk: tuple[str, ...]  # as `kind` or `kind:detail`
    needs: int  # how many people must say yes
    auto: bool  # it may go without any

    @property
    def is_risky(self) -> bool:
        """Whether it takes more people than others, or one who types the digest's end."""
        return any(is_risky(word) for word in self.risk)


def is_risky(word: str) -> bool:
    """Tell whether one word of `risk` takes more people."""
    return word.startswith(RISKY)


def own_of(config: Config) -> tuple[str, ...]:
    """Return the places that no patch may touch, whatever a root's settings say."""
    places = (config.ghost.state_dir, config.path, config.path.parent / ".env")
    found = [p for place in places for p in (os.path.abspath(place), os.path.realpath(place))]  # noqa: PTH100  a link's own place counts, too
    return tuple(dict.fromkeys(found))


def rules(root: RootTable, own: Iterable[str] = ()) -> Rules:
    """Return a root's rules about paths. `own` are Ghost's places."""
    return Rules(
        allow=root.allow,
        override=root.override,
        protect=root.protect,
        own=tuple(own),
        checks=tuple(dict.fromkeys(_defining(root))),
    )


def judged(
    plan: Plan, root: RootTable, submitter: Submitter, *, own: Iterable[str] = ()
) -> Verdict:
    """Judge a plan. Raises Refused for what may not be, by the rules as they are now."""
    if len(plan.changes) > FILES:
        words = f"cannot patch {len(plan.changes)} files at once: {FILES} is the most"
        raise Refused("too_many", words)
    ruled = rules(root, own)
    place = os.path.realpath(root.path)
    for change in plan.changes:
        for path in filter(None, (change.path, change.source)):
            checked(path, place, ruled)
    risk = risks(plan, ruled)
    many = max(root.approvals, root.approvals_risky)
    needs = many if any(is_risky(word) for word in risk) else root.approvals
    if plan.format == "revert" and submitter.id == "ghost":
        needs = 1  # the way back is never longer than the way there
    return Verdict(risk=risk, needs=max(1, needs), auto=_alone(plan, root, submitter, risk))


def identity(root: RootTable) -> str:
    """Name what an approval binds beside the bytes: the checks, and the policy itself."""
    told = {
        "version": VERSION,
        "verify": root.verify,
        "live": (root.verify_live, root.verify_link, root.verify_timeout_s),
        "after": (root.restart, root.commit),
        "paths": (root.allow, root.protect, root.override, root.allow_overwrite),
        "people": (root.approvals, root.approvals_risky, root.approve_in),
        "alone": (root.auto, root.auto_from),  # what nobody said yes to waits for its turn, too
        "place": os.path.realpath(root.path),
    }
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return f"policy-{VERSION}:{hashlib.sha256(text.encode()).hexdigest()}"


def _alone(plan: Plan, root: RootTable, submitter: Submitter, risk: tuple[str, ...]) -> bool:
    if root.auto != "exact" or not root.allow or not _is_from(submitter, root.auto_from):
        return False
    if risk or plan.skipped or plan.format == "revert" or len(plan.changes) > AUTO_FILES:
        return False
    counts = [count(change) for change in plan.changes]
    lines = sum(one.added + one.removed for one in counts)
    return lines <= AUTO_LINES and all(_is_exact(change) for change in plan.changes)


def _is_from(submitter: Submitter, named: Iterable[str]) -> bool:
    """Tell whether a source is named, as `webhook:gpt`, or as `gpt` alone."""
    way, _, name = submitter.id.partition(":")
    return way in {"webhook", "inbox"} and bool(name) and bool({submitter.id, name} & set(named))


def _is_exact(change: Change) -> bool:
    """Whether every place was said, and found at once: no note was made of it."""
    return change.op in {Op.ADD, Op.UPDATE} and not change.notes


def _defining(root: RootTable) -> Iterator[str]:
    """Give the files of a root that its checks are made of, as far as their words tell."""
    place = f"{os.path.realpath(root.path)}/"
    for argv in root.verify:
        words = [part for word in argv for part in (word, *_words(word))]
        for before, word in zip(["", *words], words, strict=False):
            yield word.removeprefix(place).removeprefix("./")
            if before == "-m":
                module = word.replace(".", "/")
                yield from (f"{module}.py", f"{module}/__main__.py")


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text) if " " in text else []
    except ValueError:
        return text.split()
