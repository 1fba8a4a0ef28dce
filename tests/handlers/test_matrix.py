"""Who may do what in Slack: each role, each verb, each way to ask, through the real admission.

Rule 1: a cell is allowed or refused as `core.words` and `core.rights` say; no other list is kept.
Rule 2: an allowed deed is one event with who did it; a refusal is one, is read by the asker alone,
        and nothing happens.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from ghostbot.config.model import ActionKind, ActionTable
from ghostbot.core.incident import About, Incident, Phase
from ghostbot.core.rights import NEEDS, Grant, Role
from ghostbot.core.verbs import VERBS, deed, needed, needed_for, read
from ghostbot.core.words import Ask
from ghostbot.record import Noted
from ghostbot.slack.blocks import incident as incidents
from ghostbot.slack.blocks.choosers import NAMES
from ghostbot.slack.blocks.menus import SAY
from ghostbot.slack.blocks.tasks import RUN
from tests.fakes.ghost import FakeGhost, died, view
from tests.fakes.slack_side import Side, shown, slack_side
from tests.slack.blocks.test_incident import DOWN

SICK = replace(DOWN, id=8, daemon="site", about=About.CHECK, phase=Phase.SICK, heals=True)

LINES = {  # what is typed for each verb, so that it does something
    "status": "status",
    "top": "top",
    "why": "why web",
    "logs": "logs web",
    "restart": "restart web",
    "stop": "stop web",
    "start": "start web",
    "hold": "hold web for 1h",
    "reset": "reset web",
    "incidents": "incidents",
    "ack": f"ack {DOWN.id}",
    "silence": "silence web 1h",
    "run": "run clean",
    "patch": "patch list",
    "tasks": "tasks",
    "drill": "drill web",
    "test": "test",
    "health": "health",
    "registry": "registry",
    "backoff": "backoff",
    "tunnels": "tunnels",
    "reload": "reload now",
    "upgrade": "upgrade",
    "sweep": "sweep",
    "down": "down now",
    "events": "events",
    "whoami": "whoami",
    "claim": "claim ABCD-EFGH",
    "help": "help",
    "test alert": "test alert",
    "sweep kill": "sweep kill",
    "tasks cancel": "tasks cancel 1",
    "patch approve": "patch approve p1",
    "patch reject": "patch reject p1 no",
    "patch revert": "patch revert p1",
    "patch show": "patch show p1",
    "patch list": "patch list",
    "patch submit": "patch submit",
}
NO_DEED = {"claim", "drill", "tasks cancel"}  # noted as what they are, or there is nothing to do
ROLES = [*Role]
FOR = {"run": Role.OPERATOR}  # what the action of these tests takes


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    ghost = FakeGhost({"web": died("web"), "db": view("db")})
    async with slack_side(ghost) as made:
        made.actions["clean"] = ActionTable(name="clean", kind=ActionKind.COMMAND)
        made.actions["careful"] = ActionTable(name="careful", kind=ActionKind.COMMAND, confirm=True)
        made.incidents[DOWN.id] = DOWN
        made.incidents[SICK.id] = SICK
        yield made


def give(side: Side, role: Role) -> None:
    """Make bob what `role` says, and everybody else nothing."""
    side.roles.update({one.word: () for one in Role if one})
    if role:
        side.roles[role.word] = (Grant("U0BOB"),)


def test_every_verb_and_what_is_within_one_has_its_line() -> None:
    assert VERBS.keys() <= LINES.keys()
    within = {name for name in NEEDS if name.split()[0] in VERBS and " " in name}
    assert within - {"test probes", "sweep list", "new claim"} <= LINES.keys()
    for name, line in LINES.items():
        ask = read(line)
        assert isinstance(ask, Ask)
        assert deed(ask) == name or ask.verb == name


async def until(look: Callable[[], object], words: str) -> None:
    """Wait until it is so; `words` say where it never was."""
    deadline = asyncio.get_running_loop().time() + 10
    while not look():
        assert asyncio.get_running_loop().time() < deadline, words
        await asyncio.sleep(0.01)


class Ways:
    """How bob asks, and where he reads the answer."""

    def __init__(self, side: Side, surface: str) -> None:
        self.side = side
        self.surface = surface
        self.room = {"dm": "D0BOB"}.get(surface, "")
        self.thread: str | None = None

    def seen(self) -> list[dict[str, Any]]:
        where = {"channel": self.room} if self.room else {}
        return self.side.slack.messages(seen_by="bob", **where)

    async def ask(self, line: str) -> list[dict[str, Any]]:
        """Ask, and return what is new once there is something."""
        self.side.slack.clock.advance(60)  # Slack's pace is not what is tested here
        before = len(self.seen())
        text = {"slash": f"/ghost {line}", "mention": f"@ghost {line}", "dm": line}[self.surface]
        more = {"channel": self.room} if self.room else {}
        await self.side.slack.type(text, by="bob", **more)
        typed = 0 if self.surface == "slash" else 1
        new = lambda: len(self.seen()) > before + typed or self.windows()  # noqa: E731
        await until(new, f"no answer to {line}")
        while self.windows():
            await self.side.slack.close_modal(by="bob")
        return self.seen()[before + typed :]

    def windows(self) -> bool:
        return self.side.slack.modal(by="bob") is not None


def orders(noted: list[Noted]) -> list[str]:
    return [one.more["verb"] for one in noted if one.kind == "order"]


@pytest.mark.parametrize("surface", ["slash", "mention", "dm"])
@pytest.mark.parametrize("role", ROLES, ids=[role.word for role in ROLES])
async def test_what_is_typed_is_allowed_or_refused_by_role(
    side: Side, role: Role, surface: str
) -> None:
    give(side, role)
    ways = Ways(side, surface)
    for name, line in LINES.items():
        ask = read(line)
        assert isinstance(ask, Ask)
        need = FOR.get(name, needed_for(ask))
        side.record.take()
        answered = await ways.ask(line)
        told = "".join(map(shown, answered))
        cell = f"{role.word} {surface} {name}: {told[:300]}"
        if role < need:
            assert "may not" in told, cell
            assert all(m["ephemeral"] for m in answered) or surface == "dm", cell
            (refusal,) = side.record.take()
            assert (refusal.kind, refusal.who, refusal.more["verb"]) == (
                "refusal",
                "U0BOB",
                deed(ask),
            )
            continue
        assert "you may not" not in told, cell
        if need > Role.VIEWER and name not in NO_DEED and not name.startswith("patch"):
            await until(lambda name=name: name in _deeds(side), f"{cell} {_deeds(side)}")
            assert {one.who for one in side.record.take()} == {"U0BOB"}
        side.record.take()
    if role < Role.OPERATOR:
        assert not side.ghost.orders
    done = {what for what, _ in side.itself.did} - {"sweep list"}
    assert role is Role.ADMIN or done <= ({"test alert"} if role >= Role.OPERATOR else set())


def _deeds(side: Side) -> list[str]:
    return orders(list(side.record._waiting))


@pytest.mark.parametrize("role", ROLES, ids=[role.word for role in ROLES])
@pytest.mark.parametrize(
    ("action", "deed_named", "of"),
    [
        (incidents.RESTART, "restart", DOWN),
        (incidents.ACK, "ack", DOWN),
        (incidents.SILENCE, "silence", DOWN),
        (incidents.LOGS, "logs", DOWN),
        (incidents.HEAL, "heal", SICK),
    ],
)
async def test_a_button_of_a_trouble_is_allowed_or_refused_by_role(
    side: Side, role: Role, action: str, deed_named: str, of: Incident
) -> None:
    give(side, role)
    side.notifier.alert(of)
    message = await side.slack.until(
        lambda seen: next((m for m in seen if f"incident {of.id}" in shown(m)), None)
    )
    side.record.take()
    hour = json.dumps({"incident": of.id, "daemon": of.daemon, "for": 3_600})
    value = hour if action == incidents.SILENCE else None
    await side.slack.press(message["ts"], action, by="bob", value=value)
    await _judged(side, role, deed_named, thread=message["ts"])


async def _judged(side: Side, role: Role, named: str, *, thread: str | None = None) -> None:
    """See that a click was refused to bob alone, or noted as his deed."""
    need = needed(named)

    def told() -> str:
        seen = side.slack.messages(seen_by="bob")
        if thread is not None:
            seen += side.slack.messages(seen_by="bob", thread_ts=thread)
        return "".join(shown(m) for m in seen if m["ephemeral"]) + str(side.slack.modal(by="bob"))

    if role < need:
        await side.slack.until(lambda _: "may not" in told())
        refusals = {(one.kind, one.who, one.more["verb"]) for one in side.record.take()}
        assert refusals == {("refusal", "U0BOB", named)}
        assert not side.ghost.orders
        assert not side.healed
    elif need > Role.VIEWER:
        await side.slack.until(lambda _: named in _deeds(side))
        assert "may not" not in told()
    else:
        await side.slack.until(lambda _: told() != "None" or None)
        assert "may not" not in told()


@pytest.mark.parametrize("role", ROLES, ids=[role.word for role in ROLES])
async def test_the_answer_to_a_question_is_allowed_or_refused_by_the_role_of_now(
    side: Side, role: Role
) -> None:
    give(side, Role.OPERATOR)
    await side.slack.type("/ghost run careful", by="bob")
    question = await side.slack.until(
        lambda seen: next((m for m in seen if RUN in str(m["blocks"])), None), seen_by="bob"
    )
    give(side, role)
    side.record.take()
    await side.slack.press(question["ts"], RUN, by="bob")
    await _judged(side, role, "run")


@pytest.mark.parametrize("role", ROLES, ids=[role.word for role in ROLES])
async def test_the_home_tab_and_its_buttons_are_allowed_or_refused_by_role(
    side: Side, role: Role
) -> None:
    give(side, Role.ADMIN)
    side.slack.open_home(by="bob")
    await side.slack.until(lambda _: "*web*" in str(side.slack.home(by="bob")))
    give(side, role)  # what stands in the tab was drawn before
    side.record.take()
    await side.slack.press_in_view(SAY, by="bob", value="restart db", home=True)
    await _judged(side, role, "restart")
    side.slack.open_home(by="bob")
    word = "🔒" if role is Role.NOBODY else "*web*"
    await side.slack.until(lambda _: word in str(side.slack.home(by="bob")))
    may = role >= Role.OPERATOR
    await side.slack.until(lambda _: ("restart db" in str(side.slack.home(by="bob"))) is may)


@pytest.mark.parametrize("role", ROLES, ids=[role.word for role in ROLES])
async def test_a_window_and_the_shortcut_are_allowed_or_refused_by_role(
    side: Side, role: Role
) -> None:
    give(side, Role.OPERATOR)
    await side.slack.type("/ghost restart", by="bob")
    await side.slack.until(lambda _: side.slack.modal(by="bob"))
    give(side, role)
    side.record.take()
    await side.slack.submit({"names": {NAMES: ["web"]}}, by="bob")
    await _judged(side, role, "restart")
    while side.slack.modal(by="bob"):
        await side.slack.close_modal(by="bob")
    await side.slack.shortcut("ghost_open", by="bob")
    word = "🔒" if role is Role.NOBODY else "daemons up"
    await side.slack.until(lambda _: word in str(side.slack.modal(by="bob")))
