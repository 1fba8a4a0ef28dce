"""Windows in which people choose: opened, completed while they type, and carried out when sent.

Rule 1: a window opens before anything else is asked, as Slack gives three seconds for it; who may
        not use it is told so in it.
Rule 2: what is wrong and known at once is told at its field; the rest where the answer goes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck

from ghostbot.core.completion import complete
from ghostbot.core.rights import outside
from ghostbot.core.verbs import VERBS, deed, needed_for
from ghostbot.core.words import Ask
from ghostbot.errors import GhostError, NotAllowed
from ghostbot.orders import Actor, Doing
from ghostbot.slack.blocks import choosers
from ghostbot.slack.blocks import home as homes
from ghostbot.slack.blocks.forms import OPTIONS_MAX
from ghostbot.slack.blocks.message import Block, Message
from ghostbot.slack.blocks.text import cut
from ghostbot.slack.panes import Pane, pane
from ghostbot.slack.places import Place
from handlers import home, replies
from handlers.handing import submit
from handlers.means import Means
from handlers.verbs import ANSWERS

SUGGEST_S = 2.0  # of the three that Slack waits for a completion
WRONG_MAX = 300  # characters under a field
DURATIONS = frozenset({"hold", "silence", "logs"})  # verbs whose window asks for more than names


async def begin(
    verb: str, means: Means, actor: Actor, place: Place, names: Sequence[str] = ()
) -> None:
    """Open the window of a verb; where none can open, say how to write it."""
    if not place.can_show:
        await means.people.admit(actor, verb)
        await place.tell(choosers.offer(VERBS[verb], means.command))
        return
    view_id = await place.show(choosers.chooser(verb, kept(place), names=names))
    submit(means, pane(place, view_id), partial(admitted, verb, means, actor))


async def admitted(verb: str, means: Means, actor: Actor) -> None:
    """See whether they may; the window tells them where they may not."""
    await means.people.admit(actor, verb)


def kept(place: Place) -> dict[str, Any]:
    """Return what a window keeps of the place where the answer belongs."""
    if isinstance(place, Pane):
        return {"home": place.is_home}
    where = {"c": place.channel, "t": place.thread_ts, "u": place.response_url}
    return {key: value for key, value in where.items() if value is not None}


async def suggest(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Complete a name. The ack carries the answer, so who may not see names sees none."""
    verb = json.loads((body.get("view") or {}).get("private_metadata") or "{}").get("verb", "")
    seen = await _as_seen(verb, means, actor)
    known = choosers.candidates(verb, seen, means.care.names(), means.itself.subjects())
    found = complete(str(body.get("value") or ""), known, OPTIONS_MAX)
    await ack(options=choosers.options(found, seen))


async def _as_seen(verb: str, means: Means, actor: Actor) -> choosers.Seen:
    """Return what `actor` may choose from, as far as that is known in time."""
    asked = verb if verb in VERBS else "status"
    try:
        async with asyncio.timeout(SUGGEST_S):
            actor = await means.people.admit(actor, asked)
    except (NotAllowed, TimeoutError):
        return choosers.Seen()
    views = means.ghost.house().daemons
    mine = actor.groups if VERBS[asked].changes else None
    beyond = {*outside(mine, {view.name: view.group for view in views})}
    return choosers.Seen(tuple(v for v in views if v.name not in beyond), everything=not beyond)


async def chosen(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Do what was chosen, or say at which field it makes no sense."""
    choice, view_id = choosers.chosen(body["view"]), str(body["view"]["id"])
    ask = choice.ask
    wrong = choice.wrong
    if not wrong and await _may(ask, means, actor):  # whoever may not is told nothing of names
        wrong = mistakes(ask, means)
    if wrong:
        await ack(response_action="errors", errors=wrong)
        return
    if choice.kept["verb"] == choosers.ANY and ask.verb in DURATIONS:
        await ack(response_action="update", view=again(choice))
        return
    if VERBS[ask.verb].changes:
        await ack()
        place = place_of(choice.kept, body, means, actor)
    else:
        await ack(response_action="update", view=again(choice, replies.loading()))
        place = place_of({}, body, means, actor, view_id)
        place.frame = partial(again, choice)
    submit(means, place, partial(carry_out, ask, means, actor, place))


async def _may(ask: Ask, means: Means, actor: Actor) -> bool:
    """Tell whether they may ask for it, as far as that is known in time."""
    try:
        async with asyncio.timeout(SUGGEST_S):
            await means.people.admit(actor, deed(ask), need=needed_for(ask))
    except (NotAllowed, TimeoutError):
        return False
    return True


def again(choice: choosers.Chosen, message: Message | None = None) -> dict[str, Any]:
    """Return the window once more, with what came of it below."""
    more: tuple[Block, ...] = message.blocks if message is not None else ()
    return choosers.chooser(choice.ask.verb, choice.kept, names=choice.ask.names, more=more)


def frame(ask: Ask, place: Place) -> None:
    """Have the answer shown in the window of its verb, where it is shown in one."""
    if isinstance(place, Pane):
        place.frame = partial(homes.window, title=ask.verb.capitalize())
        if ask.verb == "logs":  # the window in which they are filtered
            place.frame = partial(again, choosers.Chosen(ask, {}, kept(place)))


def mistakes(ask: Ask, means: Means) -> dict[str, str]:
    """Return what is wrong with what was chosen, by field, as far as that is known at once."""
    try:
        if ask.verb in set(Doing):
            means.ghost.meant(Doing(ask.verb), ask.names)
        elif ask.verb not in ("silence", "test"):
            means.ghost.names(ask.names, ask.verb)
    except GhostError as error:
        return {"names": cut(str(error), WRONG_MAX)}
    return {}


def place_of(
    kept_of: Mapping[str, Any],
    body: dict[str, Any],
    means: Means,
    actor: Actor,
    view_id: str | None = None,
) -> Pane:
    """Return where the answer to a window belongs: where it was opened from."""
    return Pane(
        means.gateway,
        actor.id,
        kept_of.get("c", ""),
        kept_of.get("t"),
        kept_of.get("u"),
        body.get("trigger_id"),
        view_id=view_id,
        is_home=bool(kept_of.get("home")),
        refreshed=partial(home.again, means, actor) if kept_of.get("home") else None,
    )


async def carry_out(ask: Ask, means: Means, actor: Actor, place: Place) -> None:
    """Do what was chosen, if they may."""
    actor = await means.people.admit(actor, deed(ask), need=needed_for(ask))
    await home.settle(means, place)
    await ANSWERS[ask.verb](ask, means, actor, place)
