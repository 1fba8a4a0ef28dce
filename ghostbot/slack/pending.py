"""What is still to be said: the newest form of each message, in the order in which it began.

Rule 1: a message has a key. What is put under the same key takes the place of what waits there.
Rule 2: when it is full, the oldest reply goes first, and the next one says how many are missing.
Rule 3: when many replies wait, those of one thread are said as one.
"""

from __future__ import annotations

import json
import time
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ghostbot.slack.blocks.message import BLOCKS_MAX, Block, Message, context, size

LEFT_OUT_MAX = 1_000  # threads of which is known how much is missing
BATCH_FROM = 6  # replies waiting, of whatever thread; fewer are said one by one
BATCH_ROOM = 10_000  # characters of blocks in one reply that is made of several
BATCH_KEYS = 6_000  # characters of keys, which Slack takes 8,000 of (metadata_too_large)
BATCH_TEXTS = 40  # lines of its fallback text
FIRST_SHOWN = 5  # of a long batch; the others shown are its last


@dataclass(frozen=True, slots=True)
class Item:
    """A message that is to be said. `under` is the key of the message whose thread it is in."""

    key: str
    channel: str
    message: Message
    under: str | None = None
    broadcast: bool = False  # a reply that the channel reads, too
    number: int = 0
    tried_at: float | None = None  # epoch: since then it may have been said, and nobody knows


class Pending:
    """The items, by key."""

    def __init__(self) -> None:
        """Begin with none."""
        self._items: OrderedDict[str, Item] = OrderedDict()
        self._number = time.time_ns() // 1_000  # more than any number of an earlier Ghost
        self._unkept: set[str] = set()
        self._on_disk: set[str] = set()
        self._joining = False
        self._left_out: Counter[str] = Counter()  # by `under`
        self.lost = 0

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._items)

    def __contains__(self, key: object) -> bool:
        """Tell whether something waits under this key."""
        return key in self._items

    def get(self, key: str) -> Item | None:
        """Return what waits under a key."""
        return self._items.get(key)

    def put(self, item: Item, most: int) -> None:
        """Take an item; one that waits under its key gives it its place."""
        if old := self._items.get(item.key):
            item = replace(item, number=old.number, tried_at=old.tried_at)
        else:
            self._number += 1
            item = replace(item, number=self._number)
            if len(self._items) >= most:
                self._leave_out()
        self._set(item)

    def restore(self, items: Iterable[Item]) -> None:
        """Take what an earlier Ghost has not said, before what this one was given since."""
        for item in sorted(items, key=lambda i: i.number, reverse=True):
            newer = self._items.get(item.key, item)
            self._items[item.key] = replace(item, message=newer.message)
            self._items.move_to_end(item.key, last=False)
            self._unkept.add(item.key)
            self._on_disk.add(item.key)

    def drop(self, item: Item) -> None:
        """Take it off, unless a newer form of it came meanwhile."""
        now = self._items.get(item.key)
        if now is not None and now.message is item.message:
            self.forget(item.key)

    def forget(self, key: str) -> None:
        """Take off whatever waits under a key."""
        if self._items.pop(key, None) is None:
            return
        if key in self._on_disk:
            self._unkept.add(key)
        else:
            self._unkept.discard(key)

    def change(self, item: Item, message: Message) -> None:
        """Say it in other words, unless newer ones came meanwhile."""
        now = self._items.get(item.key)
        if now is not None and now.message is item.message:
            self._set(replace(now, message=message))

    def tried(self, keys: Iterable[str], at: float | None) -> None:
        """Note since when these may have been said; None: they were not."""
        for key in keys:
            if (item := self._items.get(key)) and item.tried_at != at:
                self._set(replace(item, tried_at=at))

    def in_order(self, *, threads_first: bool = False) -> list[Item]:
        """Return all: living messages, then replies, or the other way round."""
        living = [i for i in self._items.values() if i.under is None]
        replies = [i for i in self._items.values() if i.under is not None]
        return [*replies, *living] if threads_first else [*living, *replies]

    def doubted(self, like: Item) -> list[Item]:
        """Return what was tried where this one was, and may have been said."""
        return [
            i
            for i in self._items.values()
            if i.tried_at is not None and (i.channel, i.under) == (like.channel, like.under)
        ]

    def batch(self, first: Item) -> list[Item]:
        """Return the replies that can be said together with this one, in their order."""
        waiting = [i for i in self._items.values() if i.under is not None]
        self._joining = len(waiting) >= BATCH_FROM or (self._joining and len(waiting) > 1)
        if not self._joining or not _joins(first):
            return [first]
        found, room = [first], BATCH_KEYS - len(first.key)
        for item in waiting:
            if item.under != first.under or item.channel != first.channel or item is first:
                continue
            room -= len(item.key) + 1
            if not _joins(item) or room < 0:
                break  # what comes after it may not be said before it
            found.append(item)
        return found

    def joined(self, items: list[Item]) -> Message:
        """Return one message that says what these say, and how many are missing in it."""
        first = items[0]
        missing = self._left_out[first.under or ""] if _joins(first) else 0
        if len(items) == 1 and not missing:
            return first.message
        head, tail, between = _ends(items)
        blocks = [block for item in head for block in item.message.blocks]
        if missing:
            blocks.insert(0, _left_out(missing, "earlier "))
        if between:
            blocks.append(_left_out(between))
        blocks.extend(block for item in tail for block in item.message.blocks)
        text = "\n".join(item.message.text for item in [*head, *tail][-BATCH_TEXTS:])
        return replace(first.message, text=text, blocks=tuple(blocks))

    def were_said(self, items: list[Item]) -> None:
        """Take these off, as `drop` does, and count no more what was missing before them."""
        if _joins(items[0]):
            self._left_out.pop(items[0].under or "", None)
        for item in items:
            self.drop(item)

    def unkept(self) -> set[str]:
        """Return the keys of what changed since the last time this was asked."""
        keys, self._unkept = self._unkept, set()
        self._on_disk = (self._on_disk | keys) & set(self._items)
        return keys

    def keep_later(self, keys: set[str]) -> None:
        """Take back keys that could not be kept."""
        self._unkept |= keys
        self._on_disk |= keys

    def _set(self, item: Item) -> None:
        self._items[item.key] = item
        self._unkept.add(item.key)

    def _leave_out(self) -> None:
        sure = [i for i in self._items.values() if i.tried_at is None] or [*self._items.values()]
        oldest = next((i for i in sure if i.under is not None), sure[0])
        self.forget(oldest.key)
        self.lost += 1
        if oldest.under is not None:
            self._left_out[oldest.under] += 1
            while len(self._left_out) > LEFT_OUT_MAX:
                del self._left_out[next(iter(self._left_out))]


def _joins(item: Item) -> bool:
    """Tell whether it can be part of a longer reply; who was tried may stand there already."""
    plain = item.message.blocks and not item.message.details
    return bool(item.under and plain and not item.broadcast and item.tried_at is None)


def _ends(items: list[Item]) -> tuple[list[Item], list[Item], int]:
    """Return the first and the last that fit into one message, and how many are between them."""
    blocks, room = BLOCKS_MAX - 2, BATCH_ROOM  # two blocks say what is missing
    head: list[Item] = []
    tail: list[Item] = []
    left = list(items)
    while left:
        at = 0 if len(head) < FIRST_SHOWN else -1
        blocks -= len(left[at].message.blocks)
        room -= size(left[at].message.blocks)
        if head and (blocks < 0 or room < 0):
            break
        (head if at == 0 else tail).append(left.pop(at))
    return head, tail[::-1], len(left)


def _left_out(many: int, which: str = "") -> Block:
    return context(f"{many:,} {which}{'step' if many == 1 else 'steps'} left out")


def to_body(message: Message) -> str:
    """Return a message as the store keeps it."""
    return json.dumps([message.text, message.blocks, message.colour, message.details])


def from_body(body: str) -> Message:
    """Return a message that was kept. Raises ValueError where it is none."""
    try:
        text, blocks, colour, details = json.loads(body)
        return Message(str(text), tuple(blocks), colour, tuple(details))
    except TypeError as error:
        raise ValueError(f"cannot read a kept message: {error}") from error
