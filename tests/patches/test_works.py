"""What a Ghost leaves behind, in each state, and what the next one makes of it."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from ghostbot.core.proposal import CheckLine, Status
from ghostbot.patches import marks
from tests.fakes.pipelines import ADA, GREET, Shop, applied, offered, until

MIDDLE = [Status.APPLYING, Status.VERIFYING, Status.ROLLING_BACK]


def rewrite(shop: Shop, name: str, status: Status) -> None:
    """Leave a row as a Ghost that was killed then would have left it."""
    with sqlite3.connect(shop.state_dir / "ghost.db") as db:
        db.execute(
            "UPDATE proposals SET status = ?, is_over = 0, body = json_set(body, '$.status', ?)"
            " WHERE id = ?",
            (status.value, status.value, int(name[1:])),
        )
    db.close()


def torn(shop: Shop, name: str) -> None:
    """Take the end of a journal away, as if Ghost had been killed before it was written."""
    path = shop.state_dir / "patches" / "journals" / name / "journal.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if '"done"' not in line))


@pytest.mark.parametrize("status", [Status.RECEIVED, Status.VALIDATED])
async def test_what_was_not_planned_is_planned(tmp_path: Path, status: Status) -> None:
    shop = Shop(tmp_path)
    async with shop.idle() as pipeline:
        p = await offered(pipeline)
    rewrite(shop, p.id, status)
    async with shop.open() as pipeline:
        found = await until(pipeline, p.id, lambda one: one.status is Status.AWAITING)
        assert found.digest == p.digest


async def test_what_waits_still_waits_and_is_told_again(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.idle() as pipeline:
        p = await offered(pipeline)
    shop.told.clear()
    async with shop.open() as pipeline:
        await heard(shop, "p1 awaiting_approval")
        assert '+    return "hello"' in shop.told[0][1]
        assert await pipeline.get(p.id) == p


@pytest.mark.parametrize("status", [Status.APPROVED, Status.PRECHECKING])
async def test_what_was_approved_is_carried_out(tmp_path: Path, status: Status) -> None:
    shop = Shop(tmp_path)
    async with shop.idle() as pipeline:
        p = await offered(pipeline)
        await pipeline.approve(p.id, ADA, p.digest or "")
    rewrite(shop, p.id, status)
    async with shop.open() as pipeline:
        assert (await pipeline.wait(p.id, 10)).status is Status.APPLIED
    assert "hello" in shop.read()


@pytest.mark.parametrize("status", MIDDLE)
async def test_what_was_in_the_middle_is_taken_back(tmp_path: Path, status: Status) -> None:
    shop = Shop(tmp_path, restart=("web",))
    async with shop.open() as pipeline:
        p = await applied(pipeline)
    rewrite(shop, p.id, status)
    torn(shop, p.id)
    restarts: list[str] = []

    def live() -> tuple[CheckLine, ...]:
        restarts.append(shop.read())
        return ()

    shop.live = live
    async with shop.open() as pipeline:
        found = await pipeline.wait(p.id, 10)
    assert (found.status, shop.read()) == (Status.ROLLED_BACK, GREET)
    assert "Ghost ended" in (found.reason or "")
    assert restarts == [GREET]


@pytest.mark.parametrize("status", MIDDLE[:2])
async def test_what_was_done_stays_though_nobody_wrote_that_down(
    tmp_path: Path, status: Status
) -> None:
    shop = Shop(tmp_path)
    async with shop.open() as pipeline:
        p = await applied(pipeline)
    rewrite(shop, p.id, status)
    async with shop.open() as pipeline:
        assert (await pipeline.wait(p.id, 10)).status is Status.APPLIED
    assert "hello" in shop.read()


async def test_what_somebody_changed_meanwhile_stays_and_the_root_is_marked(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.open() as pipeline:
        p = await applied(pipeline)
    rewrite(shop, p.id, Status.APPLYING)
    torn(shop, p.id)
    (shop.root / "greet.py").write_text("mine\n")
    async with shop.open() as pipeline:
        found = await pipeline.wait(p.id, 10)
    assert found.status is Status.ATTENTION
    assert shop.read() == "mine\n"
    assert marks.marked(shop.state_dir, shop.root) is not None


async def test_a_new_database_gives_no_old_number(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.open() as pipeline:
        await applied(pipeline)
    for path in shop.state_dir.glob("ghost.db*"):
        path.unlink()
    async with shop.open() as pipeline:
        text = "*** Begin Patch\n*** Delete File: Makefile\n*** End Patch\n"
        assert (await offered(pipeline, text)).id == "p2"


async def heard(shop: Shop, word: str) -> None:
    deadline = asyncio.get_running_loop().time() + 10
    while word not in shop.words:
        assert asyncio.get_running_loop().time() < deadline, shop.words
        await asyncio.sleep(0.01)


async def test_a_ghost_that_ends_in_a_check_leaves_the_root_as_it_was(tmp_path: Path) -> None:
    shop = Shop(tmp_path, verify=(("sleep", "60"),), verify_live=True)
    async with shop.open() as pipeline:
        p = await offered(pipeline)
        await pipeline.approve(p.id, ADA, p.digest or "")
        await until(pipeline, p.id, lambda one: one.status is Status.VERIFYING)
        assert "hello" in shop.read()
    assert shop.read() == GREET
    shop.set(verify=())
    async with shop.open() as pipeline:
        assert (await pipeline.wait(p.id, 10)).status is Status.ROLLED_BACK


async def test_a_patch_that_fails_as_nobody_thought_ends_and_the_next_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(tmp_path)
    async with shop.open() as pipeline:
        first, second = await offered(pipeline), await offered(pipeline)
        with monkeypatch.context() as patched:
            patched.setattr("ghostbot.patches.works.carry_out", broken)
            await pipeline.approve(first.id, ADA, first.digest or "")
            done = await pipeline.wait(first.id, 10)
        assert done.status is Status.FAILED
        assert "Ghost's own fault: oops" in (done.reason or "")
        await pipeline.approve(second.id, ADA, second.digest or "")
        assert (await pipeline.wait(second.id, 10)).status is Status.APPLIED


async def test_a_root_that_was_marked_meanwhile_takes_no_patch_that_was_approved_before(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path)
    async with shop.idle() as pipeline:
        p = await offered(pipeline)
        await pipeline.approve(p.id, ADA, p.digest or "")
    marks.mark(shop.state_dir, marks.Mark(patch="p0", root=str(shop.root), at=1.0, left=()))
    async with shop.open() as pipeline:
        found = await pipeline.wait(p.id, 10)
    assert (found.status, shop.read()) == (Status.FAILED, GREET)
    assert "patch clear app" in (found.reason or "")


async def test_a_revert_of_what_changes_before_its_turn_has_no_second_plan(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.open() as pipeline:
        p = await applied(pipeline)
    async with shop.idle() as pipeline:
        back = await pipeline.revert(p.id, ADA)
        assert back.status is Status.APPROVED
    (shop.root / "greet.py").write_text("mine\n")
    async with shop.open() as pipeline:
        found = await pipeline.wait(back.id, 10)
        assert (found.status, found.followed_by) == (Status.SUPERSEDED, None)
        assert (await pipeline.get(p.id)).reverted_by is None
        again = await pipeline.revert(p.id, ADA)
        assert (again.id != back.id, again.status) == (True, Status.FAILED)
    assert shop.read() == "mine\n"


async def test_a_root_that_is_taken_out_of_the_file_ends_its_patches(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.idle() as pipeline:
        p = await offered(pipeline)
        await pipeline.approve(p.id, ADA, p.digest or "")
    shop.config = replace(shop.config, roots={})
    async with shop.open() as pipeline:
        found = await pipeline.wait(p.id, 10)
    assert (found.status, "no such root any more" in (found.reason or "")) == (Status.FAILED, True)


async def test_what_was_taken_and_forgotten_is_planned_after_a_while(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.open() as pipeline:
        p = await offered(pipeline)
        rewrite(shop, p.id, Status.RECEIVED)  # as if its deliverer had gone away at once
        shop.late_s = 91.0
        other = await offered(
            pipeline, "*** Begin Patch\n*** Delete File: Makefile\n*** End Patch\n"
        )
        assert other.status is Status.AWAITING
        await until(pipeline, p.id, lambda one: one.status is Status.AWAITING)


def broken(*_: object, **__: object) -> None:
    raise ValueError("oops")
