"""What can be asked of Ghost, and how."""

from __future__ import annotations

from collections.abc import Iterable

from ghostbot.core.words import Verb
from ghostbot.slack.blocks.message import Message, context, section
from ghostbot.slack.blocks.text import escape


def verbs(known: Iterable[Verb], command: str) -> Message:
    """Return all verbs, one line each."""
    lines = [f"`{escape(f'{command} {verb.usage}')}`  {escape(verb.summary)}" for verb in known]
    hint = "the same words after `@ghost` work in threads and in a direct message"
    head = "*Ghost* keeps your daemons alive. Ask it:"
    return Message(
        f"what {command} can do", (section(head), section("\n".join(lines)), context(hint))
    )


def verb(known: Verb, command: str) -> Message:
    """Return one verb with what it does and who reads the answer."""
    usage = escape(f"{command} {known.usage}")
    seen = "said in the channel, with who asked" if known.changes else "answered to you alone"
    said = f"`{usage}`\n{escape(known.summary)}"
    return Message(f"{command} {known.usage}: {known.summary}", (section(said), context(seen)))
