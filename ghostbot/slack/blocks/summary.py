"""Summaries that programs wrote: what each says of itself, and its own first words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ghostbot.slack.blocks.message import Message, context, preformatted, section
from ghostbot.slack.blocks.text import count, cut, name, when
from ghostbot.summaries import Summary, lines

ONE_EACH = 5  # as many at once have a message each; more are counted in one
LINES = 12
CHARACTERS = 1_500
NAMED = 20
FACES = {
    "pass": ("🟢", "says that it passed"),
    "fail": ("🔴", "says that it failed"),
    "partial": ("🟡", "says that it is partly done"),
    "pending": ("⏳", "says that it is not done yet"),
    "mixed": ("🟡", "holds good marks and bad ones"),
    "unknown": ("⚪", "says nothing of how it went"),
}
NOT_PROVED = "A program wrote this; Ghost has not looked whether it is so."


def summary(one: Summary) -> Message:
    """Return the message of one summary."""
    face, said = FACES[one.verdict.word]
    title = f"{face} *{name(one.name)}* {said}"
    if one.verdict.is_disputed:
        title += ", and tells of a failure all the same ⚠️"
    shown = preformatted(cut("\n".join(lines(one.text, LINES)), CHARACTERS))
    told = context(f"{NOT_PROVED} · written {when(one.at)}")
    return Message(text=f"{face} {name(one.name)} {said}", blocks=(section(title), shown, told))


def many(found: Sequence[Summary]) -> Message:
    """Return one message for many that came at once."""
    words = Counter(one.verdict.word for one in found)
    counts = ", ".join(f"{FACES[word][0]} {number} {word}" for word, number in words.most_common())
    title = f"*{count(len(found), 'summary').replace('summarys', 'summaries')}*: {counts}"
    named = [f"{FACES[one.verdict.word][0]} {name(one.name)}" for one in found[:NAMED]]
    if len(found) > NAMED:
        named.append(f"and {len(found) - NAMED} more")
    blocks = (section(title), section("\n".join(named)), context(NOT_PROVED))
    return Message(text=f"{len(found)} summaries", blocks=blocks)
