"""auth.*, users.*, usergroups.*, bots.*, team.* and apps.*: who the app is, and who is there."""

from __future__ import annotations

from ghostbot.playground.directory import (
    APP_ID,
    BOT_ID,
    BOT_USER_ID,
    TEAM_DOMAIN,
    TEAM_ID,
    Person,
    Usergroup,
)
from ghostbot.playground.methods.conversations import CREATED, page
from ghostbot.playground.methods.rights import SPECIAL, TIER_1, TIER_2, TIER_3, TIER_4, Method
from ghostbot.playground.normal import Json
from ghostbot.playground.shown import profile
from ghostbot.playground.wire import Args, Refused
from ghostbot.playground.world import World

EMAIL_DOMAIN = "playground.example"


def auth_test(world: World, _args: Args) -> Json:
    """auth.test."""
    return {
        "url": f"https://{TEAM_DOMAIN}.slack.com/",
        "team": "Playground",
        "user": world.workspace.app.bot_name,
        "team_id": TEAM_ID,
        "user_id": BOT_USER_ID,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def open_connection(world: World, _args: Args) -> Json:
    """apps.connections.open."""
    base = world.base_url.replace("http:", "ws:", 1)
    return {"url": f"{base}/link/?ticket={world.vouchers.ticket()}&app_id={APP_ID}"}


def user_info(world: World, args: Args) -> Json:
    """users.info."""
    person = world.workspace.people.get(args.need("user"))
    if person is None:
        raise Refused("user_not_found")
    return {"user": _as_wire(person, with_locale=args.flag("include_locale"))}


def user_list(world: World, args: Args) -> Json:
    """users.list."""
    people = [
        _as_wire(person, with_locale=args.flag("include_locale"))
        for person in world.workspace.people.values()
    ]
    members, cursor = page(people, args, default=100)
    now = int(world.clock.now())
    return {"members": members, "cache_ts": now, "response_metadata": {"next_cursor": cursor}}


def user_by_email(world: World, args: Args) -> Json:
    """users.lookupByEmail; everybody's address is their name at playground.example."""
    name, _, place = args.need("email").partition("@")
    for person in world.workspace.people.values():
        if place == EMAIL_DOMAIN and person.name == name and not person.is_bot:
            return {"user": _as_wire(person, with_locale=False)}
    raise Refused("users_not_found")


def emoji_list(_world: World, _args: Args) -> Json:
    """emoji.list: the workspace has no emoji of its own."""
    return {"emoji": {}, "cache_ts": "0"}


def usergroup_list(world: World, args: Args) -> Json:
    """usergroups.list."""
    users, count = args.flag("include_users"), args.flag("include_count")
    groups = world.workspace.usergroups.values()
    return {"usergroups": [_group(group, users=users, count=count) for group in groups]}


def usergroup_users(world: World, args: Args) -> Json:
    """usergroups.users.list."""
    group = world.workspace.usergroups.get(args.need("usergroup"))
    if group is None:
        raise Refused("no_such_subteam")
    return {"users": list(group.users)}


def _as_wire(person: Person, *, with_locale: bool) -> Json:
    return {
        "id": person.id,
        "team_id": person.team_id,
        "name": person.name,
        "deleted": False,
        "real_name": person.real_name,
        "tz": "Etc/UTC",
        "tz_label": "UTC",
        "tz_offset": 0,
        "is_admin": person.is_admin,
        "is_owner": person.is_admin,
        "is_primary_owner": person.is_admin,
        "is_restricted": person.is_guest,
        "is_ultra_restricted": False,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": CREATED,
        **({"is_stranger": True} if person.is_stranger else {}),
        "profile": {
            "real_name": person.real_name,
            "display_name": person.name,
            "real_name_normalized": person.real_name,
            "display_name_normalized": person.name,
            "team": person.team_id,
            **({"bot_id": person.bot_id, "api_app_id": person.app_id} if person.bot_id else {}),
        },
        **({"locale": "en-US"} if with_locale else {}),
    }


def _group(group: Usergroup, *, users: bool, count: bool) -> Json:
    return {
        "id": group.id,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": CREATED,
        "date_update": CREATED,
        "date_delete": 0,
        "auto_type": None,
        "created_by": "U0ALICE",
        "updated_by": "U0ALICE",
        "deleted_by": None,
        "prefs": {"channels": [], "groups": []},
        **({"users": list(group.users)} if users else {}),
        **({"user_count": len(group.users)} if count else {}),
    }


def api_test(_world: World, args: Args) -> Json:
    """api.test."""
    if error := args.text("error"):
        raise Refused(error, args=args.values)
    return {"args": args.values}


def team_info(_world: World, _args: Args) -> Json:
    """team.info."""
    team = {"id": TEAM_ID, "name": "Playground", "domain": TEAM_DOMAIN, "email_domain": ""}
    return {"team": team | {"url": f"https://{TEAM_DOMAIN}.slack.com/", "icon": {}}}


def bot_info(world: World, args: Args) -> Json:
    """bots.info."""
    for person in world.workspace.people.values():
        if person.bot_id and person.bot_id == args.text("bot"):
            return {"bot": profile(person)}
    raise Refused("bot_not_found")


METHODS = {
    "api.test": Method(api_test, TIER_4, anyone=True),
    "bots.info": Method(bot_info, TIER_3, "users:read"),
    "team.info": Method(team_info, TIER_3, "team:read"),
    "auth.test": Method(auth_test, SPECIAL),
    "apps.connections.open": Method(open_connection, TIER_1, "connections:write", app_token=True),
    "users.info": Method(user_info, TIER_4, "users:read"),
    "emoji.list": Method(emoji_list, TIER_2, "emoji:read"),
    "users.lookupByEmail": Method(user_by_email, TIER_3, "users:read.email"),
    "users.list": Method(user_list, TIER_2, "users:read"),
    "usergroups.list": Method(usergroup_list, TIER_2, "usergroups:read"),
    "usergroups.users.list": Method(usergroup_users, TIER_2, "usergroups:read"),
}
