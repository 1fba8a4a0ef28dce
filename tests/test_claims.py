"""The code that makes an admin."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ghostbot.claims import GOOD_S, TRIES, Claims
from ghostbot.core.rights import Role
from ghostbot.errors import Failed, NoSuch, NotAllowed
from ghostbot.orders import Actor, local
from ghostbot.record import Record
from ghostbot.store.claims import Claims as Kept
from ghostbot.store.database import Database

ALICE, BOB = (Actor(f"U{name}", name, Role.NOBODY) for name in ("alice", "bob"))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "ghost.db")


async def test_a_code_is_good_once_however_it_is_written(database: Database) -> None:
    record = Record()
    claims = Claims(Kept(database), note=record.note)
    code = claims.new()
    await claims.claim(ALICE, "T1", f" {code.lower().replace('-', ' ')} ")
    with pytest.raises(NotAllowed):
        await claims.claim(BOB, "T1", code)
    assert claims.admins("T1") == {"Ualice"}
    assert claims.admins("T2") == set()
    assert [n.kind for n in record.take()] == ["claim", "refusal"]
    await database.close()


async def test_of_two_at_once_one_becomes_admin(database: Database) -> None:
    claims = Claims(Kept(database))
    code = claims.new()
    tries = (claims.claim(who, "T1", code) for who in (ALICE, BOB))
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["NoneType", "NotAllowed"]
    assert len(claims.admins("T1")) == 1
    await database.close()


async def test_a_code_ends_after_ten_minutes_and_with_the_next_one(database: Database) -> None:
    clock = Clock()
    claims = Claims(Kept(database), now=clock)
    first, second = claims.new(), claims.new()
    with pytest.raises(NotAllowed):
        await claims.claim(ALICE, "T1", first)
    clock.now = GOOD_S
    assert claims.code is None
    with pytest.raises(NotAllowed):
        await claims.claim(ALICE, "T1", second)
    await database.close()


async def test_a_few_wrong_tries_end_a_code(database: Database) -> None:
    claims = Claims(Kept(database))
    code = claims.new()
    for _ in range(TRIES):
        with pytest.raises(NotAllowed):
            await claims.claim(BOB, "T1", "AAAA-AAAA")
    with pytest.raises(NotAllowed):
        await claims.claim(ALICE, "T1", code)
    await database.close()


@pytest.mark.parametrize("said", ["", "-", "é" * 10_000, "\0", "AAAA-AAA"])
async def test_nonsense_is_no_code_and_neither_is_one_where_there_is_none(
    database: Database, said: str
) -> None:
    claims = Claims(Kept(database))
    with pytest.raises(NotAllowed):
        await claims.claim(BOB, "T1", said)
    await database.close()


async def test_a_claim_is_known_to_the_next_ghost_and_can_be_revoked(database: Database) -> None:
    claims = Claims(Kept(database))
    await claims.claim(ALICE, "T1", claims.new())
    again = Claims(Kept(database))
    await again.begin()
    assert again.admins("T1") == {"Ualice"}
    with pytest.raises(NoSuch):
        await again.revoke("bob", local("ada"))
    await again.revoke("alice", local("ada"))
    assert again.admins("T1") == set()
    third = Claims(Kept(database))
    await third.begin()
    assert third.all() == ()
    await database.close()


async def test_where_the_file_names_the_admins_no_code_makes_one(database: Database) -> None:
    named = False
    claims = Claims(Kept(database), named=lambda: named)
    await claims.claim(ALICE, "T1", claims.new())
    code = claims.new()
    named = True
    assert claims.admins("T1") == set()
    with pytest.raises(Failed, match=r"\[roles\] admin"):
        claims.new()
    with pytest.raises(NotAllowed):
        await claims.claim(BOB, "T1", code)
    await database.close()


async def test_a_code_that_others_read_is_void_and_a_wrong_one_ends_none(
    database: Database,
) -> None:
    claims = Claims(Kept(database))
    code = claims.new()
    claims.exposed("AAAA-AAAA")
    assert claims.code is not None
    claims.exposed(code)
    assert claims.code is None
    with pytest.raises(NotAllowed):
        await claims.claim(ALICE, "T1", code)
    await database.close()
