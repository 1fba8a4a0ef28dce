"""Patches that come in by Slack: an agent's post, a message that somebody points at, the form.

Rule 1: a post is taken once, by its channel and ts. An edit of it is not read again.
Rule 2: who wrote a message made its patch; who brought it here only carried it.
Rule 3: what is no patch is left alone, unless somebody said that it is one.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.errors import SlackApiError

from ghostbot.core.patch import Refused
from ghostbot.core.proposal import Origin, Proposal, Way
from ghostbot.errors import Failed, GhostError
from ghostbot.orders import Actor
from ghostbot.patches.offer import KeyTaken, Offer
from ghostbot.slack.blocks import patch as cards
from ghostbot.slack.blocks import patch_views as views
from ghostbot.slack.places import Place
from ghostbot.slack.reading import FileRef, Said, said
from ghostbot.slack.refusals import NETWORK
from ghostbot.slack.work import Piece
from handlers import replies
from handlers.handing import submit
from handlers.means import Means
from handlers.parts import Patching
from handlers.patches import at, back
from handlers.patching import PENDING, patching, person, refused, text_of

Json = Mapping[str, Any]

SPOKEN = frozenset({None, "bot_message", "file_share", "thread_broadcast"})
PATCH_NAMES = (".diff", ".patch")
ONE_ONLY = "Write the patch here, or send a file: one of the two."


# posted in the channel


def is_post(event: Json, means: Means) -> bool:
    """Tell whether an event is about what a listed agent posted. The channel is asked later."""
    parts = means.patching
    if parts is None or event.get("channel_type") == "im":
        return False
    about = event
    if event.get("subtype") in {"message_changed", "message_deleted"}:
        about = event.get("previous_message") or {}
    elif event.get("subtype") not in SPOKEN:
        return False
    return parts.agents.lists(about)


def posted(event: Json, means: Means) -> None:
    """Hand over what happened to a listed agent's post. Never waits."""

    async def sorry(error: Exception, trouble: str) -> None:
        """Tell who posted, where that can be told."""
        if means.patching is not None and event.get("subtype") in SPOKEN:
            why = error if isinstance(error, GhostError) else Failed(f"Ghost failed ({trouble})")
            await _refuse(event, why, means.patching)

    means.gateway.work.submit(Piece("post", partial(_posted, event, means), sorry))


async def _posted(event: Json, means: Means) -> None:
    parts = means.patching
    if parts is None or event["channel"] != await parts.agents.channel_id():
        return
    match event.get("subtype"):
        case "message_changed":
            await _edited(event, parts)
        case "message_deleted":
            await _deleted(event, parts)
        case _:
            await take(event, means, parts)


async def take(message: Json, means: Means, parts: Patching) -> None:
    """Make a proposal of a post that holds a patch; what holds none is left alone."""
    text = await _patch_in(said(message), parts)
    if text is None:
        return
    patching(means)
    channel, ts = str(message["channel"]), str(message["ts"])
    thread = str(message.get("thread_ts") or ts)
    offer = Offer(
        text=text,
        submitter=await parts.agents.author(message, Way.CHANNEL),
        key=f"{channel}:{ts}",
        title=said(message).title,
        origin=Origin(channel=channel, ts=thread),
        pending=PENDING,
    )
    try:
        await parts.pipeline.submit(offer)
    except KeyTaken:
        return  # it was edited while Ghost was away; the proposal is of what was posted
    except Refused as why:
        await _refuse(message, _failed(why), parts)


def follow(means: Means) -> None:
    """Have what was posted while Ghost was away taken as well."""
    parts = means.patching
    if parts is None or parts.listening is None:
        return

    async def again(message: Json) -> None:
        """Take one; who cannot be served now is told, and the next one has its turn."""
        if message.get("subtype") not in SPOKEN:
            return
        try:
            await take(message, means, parts)
        except GhostError as why:
            await _refuse(message, why, parts)

    parts.listening.listen(again)


async def _refuse(message: Json, why: GhostError, parts: Patching) -> None:
    channel, ts = str(message["channel"]), str(message["ts"])
    thread = str(message.get("thread_ts") or ts)
    await parts.cards.answer_refused(channel, thread, f"sorry:{channel}:{ts}", why)


async def _patch_in(held: Said, parts: Patching) -> bytes | None:
    """Return the patch of a post; None where it holds none."""
    if not held.files:
        return await text_of(held, parts) if held.looks_like_a_patch else None
    try:
        text = await text_of(held, parts)
    except Failed:
        if any(file.name.endswith(PATCH_NAMES) for file in held.files):
            raise
        return None
    if any(file.name.endswith(PATCH_NAMES) for file in held.files):
        return text
    return text if Said(text.decode("utf-8", "replace")).looks_like_a_patch else None


def _failed(why: Refused) -> Failed:
    failed = Failed(why.words)
    failed.code = why.code
    return failed


async def _edited(event: Json, parts: Patching) -> None:
    """Say that an edit is not read, where it is one: Slack tells of unfurled links too."""
    new, old = event.get("message") or {}, event.get("previous_message") or {}
    if said(new) == said(old):
        return
    if (p := await _made_of(event, old, parts)) is not None:
        await parts.cards.edited(p)


async def _deleted(event: Json, parts: Patching) -> None:
    old = event.get("previous_message") or {}
    p = await _made_of(event, old, parts)
    if p is not None and not p.is_over:
        parts.cards.deleted(p)


async def _made_of(event: Json, message: Json, parts: Patching) -> Proposal | None:
    """Return the proposal that was made of a post."""
    by = await parts.agents.author(message, Way.CHANNEL)
    key = f"{event['channel']}:{message.get('ts')}"
    found = await parts.pipeline.find(submitter=by.id)
    return next((p for p in found if p.key == key), None)


# pointed at


async def shortcut(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Propose the patch of a message."""
    await ack()
    channel, trigger = body["channel"]["id"], body["trigger_id"]
    place = Place(means.gateway, actor.id, channel, None, body["response_url"], trigger)
    submit(means, place, partial(carry, body["message"], means, actor, place))


async def carry(message: Json, means: Means, actor: Actor, place: Place) -> None:
    """Propose it in the name of who wrote it, after asking for the root where there are several."""
    await means.people.admit(actor, "patch submit")
    parts, held = patching(means), said(message)
    if means.gateway.bot_user_id == message.get("user"):
        raise Failed("cannot propose this: it is a message of Ghost's own")
    if not held.files and not held.text.strip():
        raise Failed("cannot find a patch in this message: it has no text and no text file")
    roots = parts.roots()
    if len(roots) == 1:
        offer = await _offer_of(message, held, parts, actor, place)
        await place.tell(replies.plain(await _proposed(offer, parts)))
        return
    word = secrets.token_hex(8)
    metadata = json.dumps({"at": at(place), "held": word})
    head = held.text.strip().splitlines()[0] if held.text.strip() else held.files[0].name
    parts.held.keep(word, message)
    await place.show(views.pick_root(roots, head, metadata))


async def _offer_of(
    message: Json, held: Said, parts: Patching, actor: Actor, place: Place
) -> Offer:
    ts = str(message["ts"])
    author = await parts.agents.author(message, Way.SLACK)
    origin = None
    if await _can_answer(place):
        origin = Origin(channel=place.channel, ts=str(message.get("thread_ts") or ts))
    return Offer(
        text=await text_of(held, parts),
        submitter=author,
        carrier=None if author.id == actor.id else actor.name,
        key=f"{place.channel}:{ts}",
        title=held.title,
        origin=origin,
        pending=PENDING,
    )


async def _can_answer(place: Place) -> bool:
    """Tell whether Ghost can speak in a channel: shortcuts work in those that it is not in, too."""
    try:
        found = await place.gateway.client.conversations_info(channel=place.channel)
    except (SlackApiError, *NETWORK):
        return False
    return bool(found["channel"].get("is_member"))


async def _proposed(offer: Offer, parts: Patching) -> str:
    """Offer it; return in words what became of it. Raises Failed where it is no patch."""
    try:
        p, is_new = await parts.pipeline.submit(offer)
    except Refused as why:
        raise Failed(why.words) from why
    if (why_not := refused(p)) is not None:
        raise Failed(why_not)
    return cards.line(p) if is_new else f"This one is here already: {cards.line(p)}"


# written


async def sent(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Propose what the form holds."""
    view = body["view"]
    told = json.loads(view["private_metadata"])
    if isinstance(told, dict):  # it asked only for the root of a message's patch
        await ack(response_action="update", view=views.told("Propose", replies.loading()))
        do = partial(pick, view, told, means, actor)
    else:
        text, files = views.filled(view, "text") or "", views.filled(view, "file") or []
        if bool(text.strip()) == bool(files):
            await ack(response_action="errors", errors={"text": ONE_ONLY})
            return
        await ack(response_action="update", view=views.told("Propose", replies.loading()))
        do = partial(propose, view, means, actor)

    async def sorry(error: Exception, trouble: str) -> None:
        again = _form_again(view, means, replies.sorry(error, trouble).text)
        await means.gateway.writes.views_update(view_id=view["id"], view=again)

    means.gateway.work.submit(Piece("form", do, sorry))


def _form_again(view: Json, means: Means, why: str) -> views.View:
    """Return the form with what was typed, and what was wrong with it."""
    if views.filled(dict(view), "text") is None or means.patching is None:
        return views.told("Not proposed", replies.plain(why))
    typed = str(views.filled(dict(view), "text"))
    metadata = str(view["private_metadata"])
    return views.form(means.patching.roots(), metadata=metadata, said=why, text=typed)


async def propose(view: dict[str, Any], means: Means, actor: Actor) -> None:
    """Offer what was written, and show in the same window what became of it."""
    await means.people.admit(actor, "patch submit")
    parts = patching(means)
    files = [FileRef(str(f["id"]), str(f.get("name") or "file"), 0) for f in _files(view)]
    typed = str(views.filled(view, "text") or "")
    text = await text_of(Said(typed, tuple(files)), parts)
    offer = Offer(
        text=text,
        submitter=person(actor),
        root=views.filled(view, "root"),
        key=f"{view['id']}:{hashlib.sha256(text).hexdigest()[:16]}",
        title=views.filled(view, "title"),
        pending=PENDING,
    )
    await _show(view, await _proposed(offer, parts), means)


def _files(view: dict[str, Any]) -> list[dict[str, Any]]:
    return list(views.filled(view, "file") or [])


async def pick(view: dict[str, Any], told: Json, means: Means, actor: Actor) -> None:
    """Offer the patch of a message to the root that was chosen."""
    await means.people.admit(actor, "patch submit")
    parts = patching(means)
    message = parts.held.messages.get(told["held"])
    if message is None:
        raise Failed("cannot find that message again: use “Apply as a patch” on it once more")
    place, _ = back(told["at"], means, actor)
    offer = await _offer_of(message, said(message), parts, actor, place)
    root = str(views.filled(view, "root"))
    await _show(view, await _proposed(replace(offer, root=root), parts), means)
    parts.held.messages.pop(told["held"], None)


async def _show(view: Json, words: str, means: Means) -> None:
    shown = views.told("Proposed", replies.plain(words))
    await means.gateway.writes.views_update(view_id=view["id"], view=shown)
