"""Long work in Slack: listing it, ending it, running an action, healing a check."""

from __future__ import annotations

from functools import partial
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck

from ghostbot.config.model import ActionTable
from ghostbot.core.rights import Role
from ghostbot.core.words import Ask
from ghostbot.orders import Actor
from ghostbot.slack.blocks import tasks as blocks
from ghostbot.slack.places import Place
from handlers import replies
from handlers.handing import answered, at, beside, piece, pressed, submit
from handlers.means import Means


async def tasks(ask: Ask, means: Means, actor: Actor, place: Place) -> None:
    """Show long work, or end a piece of it in front of everybody."""
    if not ask.names:
        await place.tell(blocks.tasks(means.tasks.all(), means.command))
        return
    actor = await means.people.admit(actor, "tasks cancel")
    task = means.tasks.cancel(replies.number(ask.names[1]), actor)
    await place.say(replies.cancelled(task, actor))


async def run(ask: Ask, means: Means, actor: Actor, place: Place) -> None:
    """List the actions, ask once more, or run one."""
    if not ask.names:
        await place.tell(blocks.listed(means.tasks.actions(), means.command))
        return
    table = means.tasks.action(ask.names[0])
    actor = await admitted(table, means, actor)
    if table.confirm:
        await place.tell(blocks.question(table))
    else:
        await begin(table.name, means, actor, place)


async def admitted(table: ActionTable, means: Means, actor: Actor) -> Actor:
    """Let whoever may run an action pass. Raises NotAllowed."""
    need = Role.of(table.role)
    actor = await means.people.admit(actor, "run", need=need)
    means.tasks.may_run(table, actor)
    return actor


async def begin(action: str, means: Means, actor: Actor, place: Place) -> None:
    """Run an action in front of everybody: that it is under way, then what came of it."""
    await place.announce(replies.running(action, actor))

    async def follow() -> None:
        task = await means.tasks.run(action, actor, confirmed=True)
        await place.say(blocks.one(task))

    means.gateway.work.patiently(piece("run", place, follow))


async def drill(ask: Ask, means: Means, actor: Actor, place: Place) -> None:
    """Kill a daemon on purpose in front of everybody, and say when each thing followed."""
    (daemon,) = means.ghost.names(ask.names, "drill")
    means.ghost.permit.check(actor, "drill", (daemon,))
    await place.announce(replies.drilling(daemon, actor))

    async def follow() -> None:
        await place.say(blocks.one(await means.tasks.drill(daemon, actor)))

    means.gateway.work.patiently(piece("drill", place, follow))


async def confirmed(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Run the action that somebody was asked about."""
    await ack()
    place = beside(body, means, actor)
    submit(means, place, partial(run_pressed, body, means, actor, place))


async def run_pressed(body: dict[str, Any], means: Means, actor: Actor, place: Place) -> None:
    """Run it, if whoever pressed may."""
    table = means.tasks.action(pressed(body)["action"])
    actor = await admitted(table, means, actor)
    answered(body, means)
    await begin(table.name, means, actor, place)


async def heal(ack: AsyncAck, body: dict[str, Any], means: Means, actor: Actor) -> None:
    """Have the check of a trouble healed."""
    await ack()
    place = at(body, means, actor)
    submit(means, place, partial(heal_pressed, body, means, actor, place))


async def heal_pressed(body: dict[str, Any], means: Means, actor: Actor, place: Place) -> None:
    """Have it healed, if whoever pressed may and it is still sick."""
    actor = await means.people.admit(actor, "heal")
    check = pressed(body)["daemon"]
    key = f"heal {check}"
    means.presses.begin(key, actor)
    try:
        means.tasks.heal(check, actor)
    finally:
        means.presses.end(key)
    await place.say(replies.healing(check, actor))
