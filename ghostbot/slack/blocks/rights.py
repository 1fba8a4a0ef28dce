"""Who somebody is to Ghost, and who did what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ghostbot.core.rights import Role, Standing, article
from ghostbot.core.words import Verb
from ghostbot.orders import Actor
from ghostbot.record import Noted
from ghostbot.slack.blocks.message import Message, context, section
from ghostbot.slack.blocks.text import cut, escape, name, when

MARKS = {
    "death": "🔴",
    "restart": "🟢",
    "order": "👉",
    "refusal": "🔒",
    "claim": "🔑",
    "incident": "📟",
    "reload": "🔁",
    "patch": "🩹",
    "ghost": "👻",
}


def whoami(actor: Actor, standing: Standing, may: Iterable[Verb]) -> Message:
    """Return whom Ghost takes somebody for, why, and what they may."""
    said = f"You are <@{actor.id}> (`{escape(actor.id)}`), to Ghost *{article(standing.role)}*"
    if standing.role is Role.NOBODY:
        said += f": you are {standing.why}."
        return Message(f"to Ghost you are nobody: {standing.why}", (section(said),))
    said += f", {standing.why}."
    if standing.groups is not None:
        groups = ", ".join(f"*{name(group)}*" for group in sorted(standing.groups))
        said += f"\nWhat you change is limited to the daemons of {groups}."
    verbs = " ".join(f"`{verb.name}`" for verb in may)
    text = f"to Ghost you are {article(standing.role)}"
    return Message(text, (section(said), context(f"you may: {verbs}")))


def unknown(actor: Actor) -> Message:
    """Return that nobody knows now."""
    said = (
        f"You are `{escape(actor.id)}`. Slack does not say more about you at the moment, so you"
        " may read and change nothing; try again soon."
    )
    return Message("Slack does not say who you are", (section(said),))


def claimed(command: str) -> Message:
    """Return what somebody may who has become an admin."""
    said = (
        "🔑 You are an *admin* of Ghost now, and an approver of patches. It stays so over Ghost's"
        f" restarts; `{escape(command)} whoami` says it again."
    )
    return Message("you are an admin of Ghost now", (section(said),))


def events(found: Sequence[Noted], command: str) -> Message:
    """Return events, the newest first."""
    if not found:
        return Message("no such event yet", (section("Nothing of that kind has happened yet."),))
    lines = [
        f"{MARKS.get(one.kind, '•')} {when(one.at)}  {escape(cut(_said(one), 200))}"
        for one in reversed(found)
    ]
    hint = f"`{escape(command)} events KIND` shows one kind · `ghost events -f` follows them"
    return Message(f"the last {len(found)} events", (section("\n".join(lines)), context(hint)))


def _said(one: Noted) -> str:
    return f"{one.kind}: {one.what}"
