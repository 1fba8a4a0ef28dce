"""views.*: modals and the Home tab."""

from __future__ import annotations

from ghostbot.playground.blocks import check_view
from ghostbot.playground.methods.rights import TIER_4, Method
from ghostbot.playground.normal import Json
from ghostbot.playground.vouchers import Trigger
from ghostbot.playground.wire import Args, Refused, explained
from ghostbot.playground.world import World


def open_view(world: World, args: Args) -> Json:
    """views.open. A bad view does not use the trigger up."""
    view = check_view(args.get("view"), ["modal"])
    return {"view": world.views.open(_trigger(world, args).user, view)}


def push(world: World, args: Args) -> Json:
    """views.push, on the modal in which the trigger came about."""
    view = check_view(args.get("view"), ["modal"])
    trigger = _trigger(world, args)
    if trigger.view_id is None:
        raise Refused("not_found")
    return {"view": world.views.push(trigger.user, view)}


def update(world: World, args: Args) -> Json:
    """views.update."""
    view = check_view(args.get("view"), ["modal"])
    if not args.get("view_id") and not args.get("external_id"):
        raise explained("invalid_arguments", "missing required field: view_id")
    made = world.views.update(
        view,
        view_id=args.get("view_id"),
        external_id=args.get("external_id"),
        expected=args.get("hash"),
    )
    return {"view": made}


def publish(world: World, args: Args) -> Json:
    """views.publish."""
    if not world.workspace.app.home:
        raise Refused("not_enabled")
    view = check_view(args.get("view"), ["home"])
    user = args.need("user_id")
    if user not in world.workspace.people:
        raise Refused("user_not_found")
    return {"view": world.views.publish(user, view, expected=args.get("hash"))}


def _trigger(world: World, args: Args) -> Trigger:
    return world.vouchers.use_trigger(args.need("trigger_id"))


METHODS = {
    "views.open": Method(open_view, TIER_4),
    "views.push": Method(push, TIER_4),
    "views.update": Method(update, TIER_4),
    "views.publish": Method(publish, TIER_4),
}
