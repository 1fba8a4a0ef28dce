"""`/ghost patch …` and what is pressed under a patch's message: show it, say yes, say no, undo it.

Rule 1: a yes is to the plan that somebody saw: its digest comes with the button, or is typed.
Rule 2: nobody says yes to what nobody could read whole.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck

from ghostbot.core.proposal import Status
from ghostbot.core.words import Ask
from ghostbot.errors import BadRequest, Failed
from ghostbot.orders import Actor
from ghostbot.patches.offer import Moved
from ghostbot.slack.blocks import patch as cards
from ghostbot.slack.blocks import patch_views as views
from ghostbot.slack.blocks import patch_words as words
from ghostbot.slack.blocks.message import Message, actions, button, preformatted, section
from ghostbot.slack.blocks.text import cut, escape
from ghostbot.slack.panes import Pane
from ghostbot.slack.places import Place
from handlers import replies
from handlers.handing import beside, pressed, submit
from handlers.means import Means
from handlers.patching import decider, named, patching

NEEDS_TAIL = "needs_tail"
LISTED = 50


async def patch(ask: Ask, means: Means, actor: Actor, place: Place) -> None:
    """Do what `patch …` asks for; alone it opens the form."""
    match ask.names:
        case () | ("submit",):
            await write(means, actor, place)
        case ("list", *rest):
            await listed(rest, means, actor, place)
        case ("show", word):
            await show(named(word), means, actor, place)
        case ("approve", word, *tail):
            await approve_typed(named(word), "".join(tail), means, actor, place)
        case ("reject", word, *why):
            await reject(named(word), None, means, actor, why=" ".join(why))
        case ("revert", word):
            await revert(named(word), means, actor, place)
        case _:
            raise BadRequest("cannot read that: see `help patch`")


async def write(means: Means, actor: Actor, place: Place) -> None:
    """Open the form, or a button for it where no window can be opened."""
    await means.people.admit(actor, "patch submit")
    parts = patching(means)
    if place.trigger_id is None:
        row = actions([button("Write a patch", views.OPEN, "{}")])
        await place.tell(Message("Write a patch", (section("Press to write a patch:"), *row)))
        return
    await place.show(views.form(parts.roots(), metadata=at(place)))


async def listed(rest: list[str], means: Means, actor: Actor, place: Place) -> None:
    """Show the newest, all or those of a root or a status."""
    await means.people.admit(actor, "patch list")
    parts = patching(means)
    status = next((Status(one) for one in rest if one in set(Status)), None)
    root = next((one for one in rest if one in parts.roots()), None)
    if unknown := [one for one in rest if one not in {root, status}]:
        raise BadRequest(f"cannot list “{cut(unknown[0], 50)}”: it is no root and no status")
    found = await parts.pipeline.find(root=root, status=status, limit=LISTED)
    await place.tell(views.listed(found, means.command))


async def show(name: str, means: Means, actor: Actor, place: Place) -> None:
    """Show one to the asker, whole where it fits."""
    await means.people.admit(actor, "patch show")
    parts = patching(means)
    p, diff = await parts.pipeline.get(name), await parts.pipeline.diff(name)
    up = await parts.cards.readable(p, diff)
    card = cards.card(p, diff, cards.Shown(uploaded=up))
    shown = card if not p.is_over or not diff or not cards.fits(diff) else _with(card, diff)
    await place.tell(shown)


def _with(card: Message, diff: str) -> Message:
    return Message(card.text, (*card.blocks, preformatted(diff)), card.colour, card.details)


async def approve_typed(name: str, tail: str, means: Means, actor: Actor, place: Place) -> None:
    """Say yes to the plan whose digest ends so; without its end, show it with the button."""
    parts = patching(means)
    p = await parts.pipeline.get(name)
    if tail and p.digest is not None and not p.is_over:
        if tail.lower() != cards.tail(p):
            raise Failed(
                f"cannot approve {name}: its digest does not end in “{cut(tail, 20)}”; the last"
                " line of its message has the end"
            )
        await approve(p.id, p.digest, means, actor, place, tail=tail.lower())
        return
    await decider(means, actor, "approve")
    await show(name, means, actor, place)


async def approve(
    name: str, digest: str, means: Means, actor: Actor, place: Place, *, tail: str | None = None
) -> None:
    """Say yes. The only approver there is is asked to type the end of a risky plan's digest."""
    by = await decider(means, actor, "approve")
    parts = patching(means)
    p, diff = await parts.pipeline.get(name), await parts.pipeline.diff(name)
    if not p.is_over and not await parts.cards.readable(p, diff):
        parts.cards.told(p, diff)
        raise Failed(f"cannot approve {name} yet: its whole diff is not in the thread")
    try:
        await parts.pipeline.approve(name, by, digest, tail)
    except Moved:
        parts.cards.told(p, diff)  # whoever pressed saw an older form of it
        raise
    except Failed as failed:
        if failed.code != NEEDS_TAIL or place.trigger_id is None:
            raise
        await place.show(views.digest(p, at(place)))


async def reject(name: str, digest: str | None, means: Means, actor: Actor, *, why: str) -> None:
    """Say no; that ends it."""
    by = await decider(means, actor, "reject")
    parts = patching(means)
    p = await parts.pipeline.get(name)
    if digest is None:
        digest = p.digest or ""
    try:
        await parts.pipeline.reject(name, by, digest, why or None)
    except Moved:
        parts.cards.told(p, await parts.pipeline.diff(name))
        raise


async def revert(name: str, means: Means, actor: Actor, place: Place) -> None:
    """Take back what was applied."""
    by = await decider(means, actor, "revert")
    made = await patching(means).pipeline.revert(name, by)
    if made.is_over and made.status is not Status.APPLIED:
        why = f": {escape(cut(made.reason, 1_000))}" if made.reason else ""
        await place.tell(replies.plain(f"Nothing was taken back: {words.called(made)}{why}"))


def at(place: Place) -> str:
    """Return where the answer to a window goes, for its `private_metadata`."""
    return json.dumps([place.channel, place.thread_ts, place.response_url])


def back(metadata: str, means: Means, actor: Actor) -> tuple[Place, dict[str, str]]:
    """Return that place again, and the ids that stand beside it."""
    told = json.loads(metadata)
    ids: dict[str, str] = told if isinstance(told, dict) else {"at": metadata}
    channel, thread, url = json.loads(ids["at"])
    kind = Place if channel else Pane
    return kind(means.gateway, actor.id, channel, thread, url), ids


# pressed


async def opened(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Open the form for who could not open it by typing."""
    await ack()
    place = pressed_at(body, means, actor)
    submit(means, place, partial(write, means, actor, place))


async def approved(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Say yes to what the button's message shows."""
    await ack()
    place, ids = pressed_at(body, means, actor), pressed(body)
    do = partial(approve, ids["patch"], ids["digest"], means, actor, place)
    submit(means, place, do)


async def rejecting(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Ask why not."""
    await ack()
    place, ids = pressed_at(body, means, actor), pressed(body)
    submit(means, place, partial(ask_why, ids["patch"], means, actor, place))


async def ask_why(name: str, means: Means, actor: Actor, place: Place) -> None:
    """Open the window for the reason, if whoever pressed may."""
    await decider(means, actor, "reject")
    p = await patching(means).pipeline.get(name)
    if p.is_over:
        raise Failed(f"cannot reject {name}: it {words.clause(p)}")
    await place.show(views.reason(p, at(place)))


async def showing(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Show the whole diff in a window."""
    await ack()
    place, ids = pressed_at(body, means, actor), pressed(body)
    submit(means, place, partial(show_diff, ids["patch"], means, actor, place))


async def show_diff(name: str, means: Means, actor: Actor, place: Place) -> None:
    """Open the window with the diff."""
    await means.people.admit(actor, "patch show")
    parts = patching(means)
    p, diff = await parts.pipeline.get(name), await parts.pipeline.diff(name)
    await place.show(views.whole(p, diff))


async def reverting(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Take back what the button's message says was applied."""
    await ack()
    place, ids = pressed_at(body, means, actor), pressed(body)
    submit(means, place, partial(revert, ids["patch"], means, actor, place))


def pressed_at(body: dict[str, Any], means: Means, actor: Actor) -> Place:
    """Return where somebody pressed: a thread, a private message, a window or the Home tab."""
    container = body["container"]
    if container["type"] == "view":
        return Pane(means.gateway, actor.id, "", trigger_id=body["trigger_id"])
    place = beside(body, means, actor)
    place.thread_ts = place.thread_ts or (body.get("message") or {}).get("ts")
    place.trigger_id = body["trigger_id"]
    return place


# sent


async def typed_digest(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Say yes with the digest's end, which must be right."""
    view = body["view"]
    place, ids = back(view["private_metadata"], means, actor)
    tail = str(views.filled(view, "tail") or "").strip().lower()
    if tail != ids["digest"][-cards.TAIL :]:
        told = "That is not how it ends; the last line of its message has it."
        await ack(response_action="errors", errors={"tail": told})
        return
    await ack()
    do = partial(approve, ids["patch"], ids["digest"], means, actor, place, tail=tail)
    submit(means, place, do)


async def gave_reason(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Say no, with the reason."""
    await ack()
    view = body["view"]
    place, ids = back(view["private_metadata"], means, actor)
    why = str(views.filled(view, "why") or "").strip()
    do = partial(reject, ids["patch"], ids["digest"], means, actor, why=why)
    submit(means, place, do)
