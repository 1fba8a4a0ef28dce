"""Ghost itself in Slack: its health, a look right now, its plan, its next version, its end."""

from __future__ import annotations

from ghostbot.core.words import Ask
from ghostbot.orders import Actor
from ghostbot.slack.blocks import own as blocks
from ghostbot.slack.places import Place
from handlers import replies
from handlers.handing import piece
from handlers.means import Means

ALERT, NOW, KILL = ("alert",), ("now",), ("kill",)


async def health(_ask: Ask, means: Means, _: Actor, place: Place) -> None:
    """Show how Ghost's own parts are."""
    await place.tell(blocks.health(means.itself.parts()))


async def test(ask: Ask, means: Means, actor: Actor, place: Place) -> None:
    """Look by every probe now, or tell people a test."""

    async def look() -> None:
        if ask.names == ALERT:
            await place.tell(blocks.alerted(await means.itself.test_alert(actor)))
        else:
            tested = await means.itself.test(ask.names)
            await place.tell(blocks.tested(tested.found, tested.without))

    means.gateway.work.patiently(piece("test", place, look))


async def reload(ask: Ask, means: Means, actor: Actor, place: Place) -> None:
    """Show what ghost.toml changes, or do it in front of everybody."""
    if ask.names != NOW:
        done = await means.itself.reload(actor, dry_run=True)
        await place.tell(blocks.plan(done.plan, done.warnings))
        return
    await place.announce(replies.plain(f"{replies.person(actor)} is reloading ghost.toml …"))

    async def follow() -> None:
        done = await means.itself.reload(actor, dry_run=False)
        who, on = replies.person(actor), done.going_on
        await place.say(blocks.reloaded(done.plan, done.outcomes, who, going_on=on))

    means.gateway.work.patiently(piece("reload", place, follow))


async def upgrade(_ask: Ask, means: Means, actor: Actor, place: Place) -> None:
    """Try the installed version, then become it; the daemons run on."""
    who = replies.person(actor)
    await place.announce(replies.plain(f"{who} is upgrading Ghost: trying the installed version …"))

    async def follow() -> None:
        await means.itself.check_next(actor)
        await place.announce(
            replies.plain(f"{who} upgraded Ghost. The daemons run on; see `health`.")
        )
        means.itself.become_next()

    means.gateway.work.patiently(piece("upgrade", place, follow))


async def sweep(ask: Ask, means: Means, actor: Actor, place: Place) -> None:
    """List what Ghost started and no record knows, or end it in front of everybody."""
    kill = ask.names == KILL
    if kill:
        await place.announce(replies.plain(f"{replies.person(actor)} is sweeping …"))

    async def follow() -> None:
        found = blocks.swept(await means.itself.sweep(actor, kill=kill), killed=kill)
        await (place.say(found) if kill else place.tell(found))

    means.gateway.work.patiently(piece("sweep", place, follow))


async def down(ask: Ask, means: Means, actor: Actor, place: Place) -> None:
    """Ask whether everything is to end, or end it."""
    if ask.names != NOW:
        alive = sum(view.pid is not None for view in means.ghost.house().daemons)
        await place.tell(blocks.end(alive))
        return
    said = f"{replies.person(actor)} is stopping all daemons, then Ghost: `ghost up` starts them."
    await place.announce(replies.plain(said))
    means.itself.down(actor)
