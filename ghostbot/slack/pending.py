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

from ghostbot.slack.blocks.message import BLOCKS_MAX, Message, context, size
from ghostbot.slack.blocks.text import count

LEFT_OUT_MAX = 1_000  # threads of which is known how much is missing
BATCH_FROM = 6  # replies waiting, of whatever thread; fewer are said one by one
BATCH_ROOM = 10_000  # characters of blocks in one reply that is made of several


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

    def drop(self, item: Item) -> None:
        """Take it off, unless a newer form of it came meanwhile."""
        now = self._items.get(item.key)
        if now is not None and now.message is item.message:
            self.forget(item.key)

    def forget(self, key: str) -> None:
        """Take off whatever waits under a key."""
        if self._items.pop(key, None) is not None:
            self._unkept.add(key)

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

    def in_order(self, *, threads_first: bool = False, skipped: int = 0) -> list[Item]:
        """Return all: living messages, then replies, or the other way round.

        So many of the first living ones are put behind the others.
        """
        living = [i for i in self._items.values() if i.under is None]
        skipped %= len(living) or 1
        living = [*living[skipped:], *living[:skipped]]
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
        many = sum(i.under is not None for i in self._items.values()) >= BATCH_FROM
        if not many or not _joins(first):
            return [first]
        found, blocks, room = [first], len(first.message.blocks), BATCH_ROOM
        room -= size(first.message.blocks)
        for item in self._items.values():
            if item.under != first.under or item.channel != first.channel or item is first:
                continue
            blocks += len(item.message.blocks)
            room -= size(item.message.blocks)
            if not _joins(item) or blocks >= BLOCKS_MAX or room < 0:
                break  # what comes after it may not be said before it
            found.append(item)
        return found

    def joined(self, items: list[Item]) -> Message:
        """Return one message that says what these say, and how many are missing before them."""
        missing = self._left_out[items[0].under or ""] if _joins(items[0]) else 0
        if len(items) == 1 and not missing:
            return items[0].message
        blocks = [block for item in items for block in item.message.blocks]
        if missing:
            words = f"{count(missing, 'earlier step')} left out: too much happened at once"
            blocks.insert(0, context(words))
        text = "\n".join(item.message.text for item in items)
        return replace(items[0].message, text=text, blocks=tuple(blocks))

    def were_said(self, items: list[Item]) -> None:
        """Take these off, as `drop` does, and count no more what was missing before them."""
        if _joins(items[0]):
            self._left_out.pop(items[0].under or "", None)
        for item in items:
            self.drop(item)

    def unkept(self) -> set[str]:
        """Return the keys of what changed since the last time this was asked."""
        keys, self._unkept = self._unkept, set()
        return keys

    def keep_later(self, keys: set[str]) -> None:
        """Take back keys that could not be kept."""
        self._unkept |= keys

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
