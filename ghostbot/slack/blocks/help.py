"""What can be asked of Ghost, and how: first what people need first, then the rest."""

from __future__ import annotations

from collections.abc import Collection

from ghostbot.core.rights import Role
from ghostbot.core.verbs import FIRST, VERBS
from ghostbot.core.words import Topic, Verb
from ghostbot.slack.blocks.menus import says
from ghostbot.slack.blocks.message import Message, actions, context, section
from ghostbot.slack.blocks.text import escape

ELSEWHERE = "the same words after `@ghost` work in threads, and in a direct message without it"
ROOM, BLOCKS = 9_000, 20


def first(may: Collection[str], command: str) -> Message:
    """Return the verbs that people need first, as far as the asker may use them."""
    known = [VERBS[name] for name in FIRST if name in VERBS and name in may]
    more = sum(name in may for name in VERBS) - len(known)
    head = "*Ghost* keeps your daemons alive. Ask it:"
    blocks = [section(head), section("\n".join(_line(verb, command) for verb in known) or "–")]
    if more > 0:
        blocks += actions([says(f"{more} more", "help all")])
    hint = f"`{escape(command)} help VERB` tells more about one"
    return Message(f"what {command} can do", (*blocks, context(f"{hint} · {ELSEWHERE}")))


def every(may: Collection[str], command: str) -> Message:
    """Return all verbs that the asker may use, by what they are about."""
    blocks = []
    for topic in Topic:
        lines = [_line(v, command) for v in VERBS.values() if v.topic is topic and v.name in may]
        if lines:
            blocks.append(section("\n".join([f"*{topic.value}*", *lines])))
    hidden = sum(name not in may for name in VERBS)
    foot = ELSEWHERE
    if hidden:
        foot += f" · {hidden} more are for others: `{escape(command)} whoami`"
    return Message(f"all that {command} can do", (*blocks, context(foot)))


def verb(known: Verb, command: str) -> Message:
    """Return one verb with what it does, who may, and who reads the answer."""
    usage = escape(f"{command} {known.usage}")
    seen = "said in the channel, with who asked" if known.changes else "answered to you alone"
    said = f"`{usage}`\n{escape(known.summary)}"
    if known.chooses:
        said += f"\n`{escape(command)} {known.name}` alone lets you choose"
    if "group:G" in known.usage:
        said += "\n`group:G` means the daemons with that `group` in ghost.toml"
    row = actions([says("Choose …", known.name)]) if known.chooses else ()
    who = f"for {_who(known)} · {seen}"
    return Message(f"{command} {known.usage}: {known.summary}", (section(said), *row, context(who)))


def _who(known: Verb) -> str:
    match known.role:
        case Role.NOBODY:
            return "everybody"
        case Role.ADMIN:
            return "admins"
    return f"every {known.role.word}"


def _line(known: Verb, command: str) -> str:
    return f"`{escape(f'{command} {known.usage}')}`  {escape(known.summary)}"
