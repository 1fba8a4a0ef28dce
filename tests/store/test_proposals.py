"""Proposals on disk: what is kept of them, and that who comes second changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import fields, replace
from itertools import product
from pathlib import Path

import pytest

from ghostbot.core.patch import EXECUTABLE, PLAIN, Change, Op, Place
from ghostbot.core.proposal import (
    ENDED,
    MOVES,
    Approval,
    CheckLine,
    FileLine,
    Origin,
    Proposal,
    Status,
    Submitter,
    Way,
)
from ghostbot.store.database import Database
from ghostbot.store.proposals import Asked, Proposals

YES = Approval(by="U1", name="Ada", way=Way.SLACK, at=1.5, digest="sha256:d", is_sole=True)
FULL = Proposal(
    id="",
    status=Status.AWAITING,
    submitter=Submitter(id="webhook:gpt", name="gpt", way=Way.WEBHOOK, is_agent=True),
    carrier="Bob",
    title="Größe \udcff",
    root="app",
    format="v4a",
    key="k",
    sha256="ab",
    code="no_match",
    reason="because",
    where=Place(path="a\udcff", line=3, column=4),
    digest="sha256:d",
    risk=("path:x", "delete"),
    needs=2,
    approvals=(YES,),
    denial=replace(YES, is_unattended=True),
    files=(
        FileLine(path="a", op="move", tier="indent", added=1, removed=2, source="b", notes=("n",)),
    ),
    skipped=("already: c",),
    checks=(CheckLine(name="make", ok=False, took_s=1.25, said="no", output="out\x1b"),),
    left=("a: changed",),
    origin=Origin(channel="C1", ts="1.2"),
    reverts="p1",
    reverted_by="p2",
    follows="p3",
    followed_by="p4",
    journal="cli-1",
    created_at=1.0,
    updated_at=2.0,
    expires_at=3.0,
)  # fmt: skip
ASKED = Asked(text=b"\xff\x00*** Begin", format="v4a", formats=("v4a",), paths=("src/**",))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Proposals]:
    database = Database(tmp_path / "ghost.db")
    yield Proposals(database)
    await database.close()


async def added(store: Proposals, **more: object) -> Proposal:
    p, is_new = await store.add(replace(FULL, **{"key": None, **more}), ASKED)  # type: ignore[arg-type]
    assert p is not None
    assert is_new
    return p


async def test_all_of_it_is_kept(store: Proposals, tmp_path: Path) -> None:
    full = [getattr(FULL, field.name) for field in fields(FULL) if field.name != "id"]
    assert all(value not in (None, (), "") for value in full), "a field of it is not tried"
    p, _ = await store.add(FULL, ASKED)
    assert p == replace(FULL, id="p1")
    again = Database(tmp_path / "ghost.db")
    other = Proposals(again)
    assert await other.get("p1") == p
    assert await other.asked("p1") == ASKED
    await again.close()


async def test_a_plan_is_kept_to_the_last_byte(store: Proposals) -> None:
    p = await added(store)
    plan = (
        Change(path="a\udcff", op=Op.ADD, base=None, base_mode=None, new=b"", new_mode=PLAIN),
        Change(
            path="b", op=Op.MOVE, base=b"\xff\r\n", base_mode=PLAIN, new=b"\0",
            new_mode=EXECUTABLE, source="c", notes=("indent", "offset"),
        ),
        Change(path="d", op=Op.DELETE, base=b"x", base_mode=PLAIN, new=None, new_mode=None),
    )  # fmt: skip
    assert await store.plan(p.id) is None
    await store.change(p.id, lambda one: one, plan)
    assert await store.plan(p.id) == plan
    await store.change(p.id, lambda one: one, plan[:1])
    assert await store.plan(p.id) == plan[:1]


async def test_one_key_is_one_proposal_of_its_submitter(store: Proposals) -> None:
    found = await asyncio.gather(*(store.add(FULL, ASKED) for _ in range(20)))
    assert [is_new for _, is_new in found].count(True) == 1
    assert {p.id for p, _ in found if p} == {"p1"}


async def test_nobody_has_more_waiting_than_it_may(store: Proposals) -> None:
    assert (await store.add(replace(FULL, key=None), ASKED, most=1))[1]
    assert await store.add(replace(FULL, key=None), ASKED, most=1) == (None, False)


@pytest.mark.parametrize(("here", "there"), list(product(Status, Status)))
async def test_only_moves_of_the_table_are_made(
    store: Proposals, here: Status, there: Status
) -> None:
    p = await added(store, status=here)
    if here is there or there in MOVES.get(here, ()):
        _, now = await store.change(p.id, lambda one: replace(one, status=there))
        assert now.status is there
        return
    with pytest.raises(AssertionError, match="cannot go from"):
        await store.change(p.id, lambda one: replace(one, status=there))
    assert await store.get(p.id) == p


def test_what_has_ended_has_no_way_on_and_all_else_has_one() -> None:
    assert not ENDED & MOVES.keys()
    assert {*Status} - ENDED == MOVES.keys()


async def test_what_decides_sees_what_was_decided_before_it(store: Proposals) -> None:
    p = await added(store, approvals=())

    def say(one: Proposal, who: int) -> Proposal:
        return replace(one, approvals=(*one.approvals, replace(YES, by=f"U{who}")))

    await asyncio.gather(*(store.change(p.id, lambda one, n=n: say(one, n)) for n in range(30)))  # type: ignore[misc]
    found = await store.get(p.id)
    assert found is not None
    assert {one.by for one in found.approvals} == {f"U{n}" for n in range(30)}


async def test_who_says_no_changes_nothing(store: Proposals) -> None:
    p = await added(store)

    def no(_: Proposal) -> Proposal:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await store.change(p.id, no, (), without_text=True)
    assert await store.get(p.id) == p
    assert await store.asked(p.id) == ASKED
    with pytest.raises(LookupError):
        await store.change("p99", lambda one: one)
    for name in ("", "p", "x1", "p-1", "p1x", "1", "p" + "9" * 30, "p١"):
        assert await store.get(name) is None


async def test_a_new_plan_has_the_text_of_the_old_one(store: Proposals) -> None:
    p = await added(store, followed_by=None)

    def ended(one: Proposal) -> Proposal:
        return replace(one, status=Status.SUPERSEDED)

    _, now, new = await store.supersede(p.id, ended, lambda one: replace(one, follows=one.id))
    assert new is not None
    assert (now.followed_by, new.follows, new.id) == ("p2", "p1", "p2")
    assert await store.asked("p2") == ASKED
    await store.change("p2", lambda one: one, without_text=True)
    _, now, new = await store.supersede("p2", ended, lambda one: one)
    assert new is None


async def test_old_bytes_are_forgotten_and_what_waits_keeps_them(store: Proposals) -> None:
    over = await added(store, status=Status.APPLIED, updated_at=10.0)
    late = await added(store, status=Status.APPLIED, updated_at=30.0)
    waits = await added(store, updated_at=10.0)
    plan = (Change(path="d", op=Op.DELETE, base=b"x", base_mode=PLAIN, new=None, new_mode=None),)
    await store.change(over.id, lambda one: one, plan)
    assert await store.forget(20.0) == 1
    assert await store.asked(over.id) is None
    assert await store.plan(over.id) is None
    assert await store.get(over.id) is not None
    assert await store.asked(late.id) == ASKED
    assert await store.asked(waits.id) == ASKED


async def test_a_flood_does_not_fill_the_disk(
    store: Proposals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ghostbot.store.proposals.KEPT_WHOLE", 5)
    monkeypatch.setattr("ghostbot.store.proposals.KEPT", 12)
    waits = await added(store)
    for _ in range(59):
        await added(store, status=Status.REJECTED)
    kept = await store.find(limit=100)
    assert [p.id for p in kept] == [*(f"p{n}" for n in range(60, 48, -1)), waits.id]
    whole = [p.id for p in kept if await store.asked(p.id) is not None]
    assert whole == ["p60", "p59", "p58", "p57", "p56", waits.id]


async def test_they_are_found_by_what_is_asked_for(store: Proposals) -> None:
    other = Submitter(id="U9", name="Eve", way=Way.SLACK)
    await added(store)
    await added(store, root="web")
    await added(store, status=Status.APPLIED, submitter=other, updated_at=50.0)
    assert [p.id for p in await store.find()] == ["p3", "p2", "p1"]
    assert [p.id for p in await store.find(limit=1)] == ["p3"]
    assert [p.id for p in await store.find(root="web")] == ["p2"]
    assert [p.id for p in await store.find(root="app", submitter="U9")] == ["p3"]
    assert [p.id for p in await store.find(status=Status.AWAITING)] == ["p2", "p1"]
    assert [p.id for p in await store.open()] == ["p1", "p2"]
    assert [p.id for p in await store.applied(40.0)] == ["p3"]
    assert await store.applied(60.0) == []


async def test_numbers_are_not_given_twice(store: Proposals, tmp_path: Path) -> None:
    store.above = 7
    assert (await added(store)).id == "p8"
    store.above = 3
    assert (await added(store)).id == "p9"
    again = Database(tmp_path / "ghost.db")
    assert (await added(Proposals(again))).id == "p10"
    await again.close()
