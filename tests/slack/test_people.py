"""Who may ask for what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from ghostbot.config.model import RolesTable
from ghostbot.core.rights import Grant, Role
from ghostbot.core.verbs import VERBS
from ghostbot.errors import NotAllowed
from ghostbot.orders import Actor
from ghostbot.permit import Permit
from ghostbot.record import Record
from ghostbot.slack.people import People
from ghostbot.slack.roster import AGAIN_S, MEMBERS_S
from tests.fakes.ghost import FakeGhost
from tests.fakes.slack_side import Side, slack_side


def who(user: str) -> Actor:
    return Actor(user, user.lower(), Role.NOBODY)


def people_of(side: Side, channel: str | None = "#ghost-alerts", **more: Any) -> People:
    """Return people as `[roles]` with these keys has them."""
    roles = RolesTable(
        **{k: more.pop(k) for k in ("viewer", "operator", "approver", "admin") if k in more}
    )
    return People(side.gateway.client, channel, roles=lambda: roles, **more)


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    async with slack_side(FakeGhost.of("web")) as made:
        yield made


@pytest.mark.parametrize("channel", ["#ghost-alerts", "ghost-alerts", "C0ALERTS"])
async def test_members_of_the_alert_channel_may_read_and_operate(side: Side, channel: str) -> None:
    people = people_of(side, channel)
    assert (await people.admit(who("U0ALICE"), "restart")).role is Role.OPERATOR
    assert (await people.admit(who("U0BOB"), "status")).groups is None


@pytest.mark.parametrize("user", ["U0DAVE", "U0CAROL", "U0NOBODY", "USLACKBOT", "U0GHOST"])
@pytest.mark.parametrize("verb", ["restart", "status"])
async def test_others_guests_and_bots_may_do_nothing(side: Side, user: str, verb: str) -> None:
    with pytest.raises(NotAllowed):
        await people_of(side).admit(who(user), verb)


async def test_a_guest_stays_one_whatever_names_them(side: Side) -> None:
    people = people_of(side, admin=(Grant("U0CAROL"), Grant("*")))
    assert (await people.standing("U0CAROL")).role is Role.NOBODY
    assert await people.approvers() == {"U0ALICE", "U0BOB", "U0DAVE"}


async def test_somebody_of_another_workspace_may_do_nothing(side: Side) -> None:
    people = people_of(side, viewer=(Grant("*"),), team=lambda: "T2")
    assert (await people.standing("U0ALICE")).why == "of another workspace"


async def test_what_slack_said_is_believed_for_a_minute(side: Side) -> None:
    now = 0.0
    people = people_of(side, now=lambda: now)
    for _ in range(5):
        await people.admit(who("U0ALICE"), "restart")
    calls = [c.method for c in side.slack.calls]
    assert calls.count("conversations.members") == calls.count("users.info") == 1
    now = MEMBERS_S + 1
    await people.admit(who("U0ALICE"), "restart")
    assert [c.method for c in side.slack.calls].count("conversations.members") == 2


async def test_while_slack_does_not_say_reading_is_allowed_and_changing_is_not(side: Side) -> None:
    side.slack.faults.error("conversations.members", "fatal_error", times=10)
    people = people_of(side)
    await people.admit(who("U0DAVE"), "status")
    with pytest.raises(NotAllowed, match="try again"):
        await people.admit(who("U0ALICE"), "restart")


async def test_while_slack_does_not_say_a_known_guest_may_not_even_read(side: Side) -> None:
    now = 0.0
    people = people_of(side, now=lambda: now)
    with pytest.raises(NotAllowed):
        await people.admit(who("U0CAROL"), "status")
    now = MEMBERS_S + 1
    side.slack.faults.error("users.info", "fatal_error", times=10)
    with pytest.raises(NotAllowed, match="guest"):
        await people.admit(who("U0CAROL"), "status")
    assert (await people.admit(who("U0ALICE"), "status")).role is Role.VIEWER


async def test_a_slack_that_fails_is_not_asked_at_every_turn(side: Side) -> None:
    now = 0.0
    people = people_of(side, now=lambda: now)
    side.slack.faults.error("users.info", "fatal_error", times=100)
    for _ in range(5):
        await people.admit(who("U0ALICE"), "status")
    asked = [c.method for c in side.slack.calls].count("users.info")
    side.slack.faults.clear()
    now = AGAIN_S + 0.1
    assert (await people.admit(who("U0ALICE"), "restart")).role is Role.OPERATOR
    assert [c.method for c in side.slack.calls].count("users.info") == asked + 1


async def test_a_channel_that_nobody_knows_lets_nobody_in(side: Side) -> None:
    with pytest.raises(NotAllowed):
        await people_of(side, "#nowhere").admit(who("U0ALICE"), "status")


async def test_without_a_channel_nobody_may_ask(side: Side) -> None:
    with pytest.raises(NotAllowed, match=r"\[slack\] channel"):
        await people_of(side, None).admit(who("U0ALICE"), "status")


@pytest.mark.parametrize(
    ("said", "user", "role"),
    [
        ({"operator": (Grant("@oncall"),)}, "U0BOB", Role.OPERATOR),
        ({"operator": (Grant("S0ONCALL"),)}, "U0DAVE", Role.NOBODY),
        ({"viewer": (Grant("#general"),)}, "U0DAVE", Role.VIEWER),
        ({"viewer": (Grant("*"),)}, "U0DAVE", Role.VIEWER),
        ({"viewer": (Grant("*"),)}, "U0BOB", Role.OPERATOR),  # still a member of the channel
        ({"operator": ()}, "U0BOB", Role.VIEWER),
        ({"approver": (Grant("@dave"),)}, "U0DAVE", Role.APPROVER),
        ({"admin": (Grant("U0DAVE"),), "approver": (Grant("*"),)}, "U0DAVE", Role.ADMIN),
        ({"operator": (Grant("@nobody"), Grant("#nowhere"))}, "U0BOB", Role.VIEWER),
        ({"operator": (Grant("C0NOWHERE"), Grant("S0NOBODY"))}, "U0BOB", Role.VIEWER),
    ],
)
async def test_roles_are_given_by_id_group_channel_handle_and_to_everybody(
    side: Side, said: dict[str, Any], user: str, role: Role
) -> None:
    assert (await people_of(side, **said).standing(user)).role is role


async def test_a_display_name_gives_no_role(side: Side) -> None:
    assert (
        await people_of(side, admin=(Grant("@Alice Arden"),)).standing("U0ALICE")
    ).role < Role.ADMIN


async def test_an_operator_of_groups_is_limited_to_them_and_several_add_up(side: Side) -> None:
    said = (Grant("@oncall", ("web",)), Grant("U0ALICE", ("db", "jobs")), Grant("U0DAVE"))
    people = people_of(side, operator=said)
    assert (await people.standing("U0BOB")).groups == {"web"}
    assert (await people.admit(who("U0ALICE"), "restart")).groups == {"web", "db", "jobs"}
    assert (await people.standing("U0DAVE")).groups is None


async def test_whoever_claimed_is_admin_and_approver_unless_the_file_names_others(
    side: Side,
) -> None:
    def claimed(team: str | None) -> frozenset[str]:
        return frozenset({"U0DAVE"} if team == "T0PLAYGROUND" else ())

    people = people_of(side, claimed=claimed, team=lambda: side.gateway.team_id)
    assert (await people.standing("U0DAVE")).role is Role.ADMIN
    assert await people.approvers() == {"U0DAVE"}
    named = people_of(side, claimed=claimed, team=lambda: "T0PLAYGROUND", admin=())
    assert (await named.standing("U0DAVE")).role is Role.NOBODY


async def test_who_may_approve_is_not_known_while_slack_does_not_say(side: Side) -> None:
    side.slack.faults.error("usergroups.users.list", "fatal_error", times=10)
    with pytest.raises(NotAllowed):
        await people_of(side, approver=(Grant("@oncall"),)).approvers()


async def test_verbs_are_those_of_the_role(side: Side) -> None:
    people = people_of(side, viewer=(Grant("*"),))
    assert "restart" in await people.allowed("U0ALICE")
    assert "restart" not in await people.allowed("U0DAVE")
    assert await people.allowed("U0CAROL") == {v.name for v in VERBS.values() if not v.role}


@pytest.mark.parametrize(
    ("said", "user", "verb", "words"),
    [
        (
            {},
            "U0DAVE",
            "restart",
            "you may not ask Ghost: only members of <#C0ALERTS> may, join it",
        ),
        ({}, "U0CAROL", "status", "you are a guest"),
        (
            {"viewer": (Grant("*"),), "operator": (Grant("@oncall"),)},
            "U0DAVE",
            "restart",
            "takes an operator, and you are a viewer; ask <!subteam^S0ONCALL>",
        ),
        ({}, "U0BOB", "reload", "takes an admin, and you are an operator; ask an admin (there is"),
        ({"admin": (Grant("U0ALICE"),)}, "U0BOB", "patch approve", "takes an approver"),
    ],
)
async def test_a_refusal_names_who_may_and_is_noted(
    side: Side, said: dict[str, Any], user: str, verb: str, words: str
) -> None:
    record = Record()
    people = people_of(side, permit=Permit(record.note), **said)
    with pytest.raises(NotAllowed) as refusal:
        await people.admit(who(user), verb)
    assert words in str(refusal.value)
    (noted,) = record.take()
    assert (noted.kind, noted.who, noted.more["verb"]) == ("refusal", user, verb)


async def test_who_is_named_and_not_known_is_told(side: Side) -> None:
    said = (Grant("@oncall"), Grant("@nobody"), Grant("#nowhere"), Grant("U0BOB"))
    lines = await people_of(side, operator=said).unknown()
    assert [line.split(":")[0] for line in lines] == [
        "cannot make @nobody an operator",
        "cannot make #nowhere an operator",
    ]
