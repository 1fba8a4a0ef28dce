"""Inboxes: real folders before a real pipeline, and whatever may be dropped into them."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from ghostbot.config.model import WatchTable
from ghostbot.core.proposal import Proposal, Status
from ghostbot.patches import inbox as inboxes
from ghostbot.patches.inbox import Inboxes
from ghostbot.patches.inbox_folder import FILE_BYTES, InboxFolder, NotTaken, Seen, To
from ghostbot.patches.pipeline import Pipeline
from tests.fakes.house import until
from tests.fakes.pipelines import ADA, GREET, HELLO, RISKY, Shop, approved, offer

OLD_S = 1_000_000_000  # when a file was last changed that has rested for long


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inboxes, "REST_S", 0.2)
    monkeypatch.setattr(inboxes, "LOOK_S", 0.5)


class Drop:
    """One inbox, its pipeline, and what is found in its folders."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.shop = Shop(folder)
        self.path = folder / "inbox"
        self.tables = {"drop": WatchTable(name="drop", inbox=self.path, **more)}
        self.told: dict[str, str | None] = {}

    def put(self, name: str, text: str | bytes = HELLO, *, old: bool = True) -> Path:
        """Drop a file, whole: under another name first."""
        self.path.mkdir(exist_ok=True)
        draft = self.path / f".{name[:200]}.draft"
        draft.write_bytes(text.encode() if isinstance(text, str) else text)
        if old:
            os.utime(draft, (OLD_S, OLD_S))
        return draft.rename(self.path / name)

    def words(self, name: str, to: str = "done") -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.path / to / f"{name}.json").read_text())
        return found

    def names(self, to: str = "") -> set[str]:
        with suppress(FileNotFoundError):
            return {one.name for one in (self.path / to).iterdir() if one.name not in {*To}}
        return set()

    async def until_told(self, name: str, to: str = "done", **so: object) -> dict[str, Any]:
        """Wait until the words beside a file say so."""

        def is_so() -> bool:
            with suppress(FileNotFoundError):
                words = self.words(name, to)
                return all(words.get(key) == value for key, value in so.items())
            return False

        await until(lambda: is_so() and (self.path / to / name).exists(), within_s=10)
        return self.words(name, to)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Pipeline]:
        async with self.shop.open() as pipeline:
            found = Inboxes(
                pipeline,
                lambda: self.tables,
                lambda name: lambda line: self.told.update({name: line}),
            )
            pipeline.listeners.append(found.heard)
            self.inboxes = found
            task = asyncio.create_task(found.run(), name="inboxes")
            try:
                yield pipeline
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    return Drop(tmp_path)


async def test_a_file_becomes_a_proposal_and_its_words_follow_it_to_the_end(drop: Drop) -> None:
    async with drop.open() as pipeline:
        drop.put("greet.diff")
        words = await drop.until_told("greet.diff", status="awaiting_approval")
        assert (words["over"], words["file"]) == (False, "greet.diff")
        p = await pipeline.get(words["id"])
        assert (p.submitter.id, p.title) == ("inbox:drop", "greet.diff")
        assert drop.names() == set()
        await approved(pipeline, p)
        words = await drop.until_told("greet.diff", status="applied", over=True)
        assert drop.shop.read() == GREET.replace("hi", "hello")
        assert drop.names("refused") == set()


async def test_what_cannot_be_applied_is_refused_with_its_code_and_place(drop: Drop) -> None:
    async with drop.open():
        drop.put("a.diff", HELLO.replace('"hi"', '"ho"'))
        drop.put("b.md", "# All is done")
        words = await drop.until_told("a.diff", "refused", code="no_match")
        assert words["where"]["path"] == "greet.py"
        await drop.until_told("b.md", "refused", code="prose")
        assert drop.names("done") == set()


async def test_the_same_bytes_are_the_same_proposal_under_any_name(drop: Drop) -> None:
    async with drop.open() as pipeline:
        drop.put("a.diff")
        first = await drop.until_told("a.diff")
        drop.put("b.diff")
        second = await drop.until_told("b.diff")
        assert second["id"] == first["id"]
        drop.put("a.diff")
        third = await drop.until_told("a-2.diff")
        assert third["id"] == first["id"]
        assert len(await pipeline.find()) == 1
        await pipeline.reject(first["id"], ADA, first["plan_digest"])
        for name in ("a.diff", "b.diff", "a-2.diff"):
            await drop.until_told(name, status="rejected", over=True)


async def test_a_file_that_is_still_being_written_waits(drop: Drop) -> None:
    async with drop.open() as pipeline:
        drop.path.mkdir(exist_ok=True)
        with (drop.path / "slow.diff").open("wb") as file:
            for half in (HELLO[:40].encode(), HELLO[40:].encode()):
                file.write(half)
                file.flush()
                await asyncio.sleep(1.0)  # five times as long as a whole file rests
                assert await pipeline.find() == []
                assert drop.names() == {"slow.diff"}
        await drop.until_told("slow.diff", status="awaiting_approval")


async def test_names_of_unfinished_files_are_left_alone(drop: Drop) -> None:
    async with drop.open():
        drop.put("real.diff")
        await drop.until_told("real.diff")
        for name in ("x.diff.tmp", ".hidden", "x.part", "x.SWP", "x~"):
            (drop.path / name).write_text(HELLO)
            os.utime(drop.path / name, (OLD_S, OLD_S))
        drop.put("real.diff", RISKY)
        await drop.until_told("real-2.diff")
        assert drop.names() == {"x.diff.tmp", ".hidden", "x.part", "x.SWP", "x~"}


async def test_links_pipes_and_huge_files_are_refused_unread(drop: Drop, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(HELLO)
    drop.path.mkdir()
    (drop.path / "link.diff").symlink_to(secret)
    (drop.path / "gone.diff").symlink_to(tmp_path / "nowhere")
    (drop.path / "hard.diff").hardlink_to(secret)
    os.mkfifo(drop.path / "pipe.diff")
    drop.put("huge.diff", b"x" * (FILE_BYTES + 1))
    async with drop.open() as pipeline:
        for name in ("link.diff", "gone.diff", "hard.diff", "pipe.diff"):
            await until(lambda name=name: f"{name}.json" in drop.names("refused"))  # type: ignore[misc]
            assert drop.words(name, "refused")["code"] == "not_regular"
        await drop.until_told("huge.diff", "refused", code="too_large")
        assert await pipeline.find() == []
    assert secret.read_text() == HELLO
    assert (drop.path / "refused" / "link.diff").is_symlink()


async def test_a_folder_that_is_a_link_takes_nothing_out_of_the_inbox(
    drop: Drop, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    drop.path.mkdir()
    (drop.path / "done").symlink_to(elsewhere)
    drop.put("a.diff")
    async with drop.open():
        await until(lambda: drop.told.get("inbox drop"))
        assert drop.names() == {"a.diff"}
        (drop.path / "done").unlink()
        await drop.until_told("a.diff")
    assert list(elsewhere.iterdir()) == []


async def test_a_folder_that_is_swapped_for_a_link_is_not_written_through(
    drop: Drop, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    async with drop.open():
        drop.put("a.diff")
        await drop.until_told("a.diff")
        (drop.path / "done").rename(tmp_path / "moved")
        (drop.path / "done").symlink_to(elsewhere)
        drop.put("b.diff", RISKY)
        await until((tmp_path / "moved" / "b.diff").exists)
    assert list(elsewhere.iterdir()) == []


async def test_a_crash_between_the_proposal_and_the_move_makes_no_second_one(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.rename
    written = asyncio.Event()

    def dies(source: Any, target: Any, **more: Any) -> None:
        if source == "a.diff":
            loop.call_soon_threadsafe(written.set)
            raise OSError(5, "gone")
        real(source, target, **more)

    loop = asyncio.get_running_loop()
    drop.put("a.diff")
    monkeypatch.setattr(os, "rename", dies)
    async with drop.open() as pipeline:
        await written.wait()
        assert drop.names() == {"a.diff"}
        assert drop.names("done") == {"a.diff.json"}
        (first,) = await pipeline.find()
    monkeypatch.undo()
    monkeypatch.setattr(inboxes, "LOOK_S", 0.5)
    async with drop.open() as pipeline:
        words = await drop.until_told("a.diff")
        assert words["id"] == first.id
        await until(lambda: drop.names("done") == {"a.diff", "a.diff.json"})
        assert len(await pipeline.find()) == 1


async def test_what_moved_while_no_inbox_was_open_is_told_by_the_next(drop: Drop) -> None:
    async with drop.open():
        drop.put("a.diff")
        words = await drop.until_told("a.diff")
    async with drop.shop.open() as pipeline:
        await approved(pipeline, await pipeline.get(words["id"]))
        assert drop.words("a.diff")["status"] == "awaiting_approval"
    async with drop.open():
        await drop.until_told("a.diff", status="applied", over=True)


async def test_words_that_somebody_else_wrote_there_change_nothing(drop: Drop) -> None:
    async with drop.open() as pipeline:
        foreign = (await pipeline.submit(offer()))[0]
    done = drop.path / "done"
    forged = {"id": foreign.id, "over": False}
    (done / "x.json").write_text(json.dumps(forged))
    (done / "y.json").write_text("{")
    (done / "z.json").symlink_to("/etc/hostname")
    (done / "w.json").write_text(json.dumps({"id": "p999", "over": False}))
    async with drop.open() as pipeline:
        drop.put("a.diff", RISKY)
        await drop.until_told("a.diff")
        await approved(pipeline, await pipeline.get(foreign.id))
        assert json.loads((done / "x.json").read_text()) == forged


async def test_more_than_may_wait_stay_where_they_are_until_there_is_room(tmp_path: Path) -> None:
    drop = Drop(tmp_path, pending=1)
    async with drop.open() as pipeline:
        drop.put("a.diff")
        words = await drop.until_told("a.diff")
        drop.put("b.diff", RISKY)
        await asyncio.sleep(0.1)
        assert drop.names() == {"b.diff"}
        await pipeline.reject(words["id"], ADA, words["plan_digest"])
        await drop.until_told("b.diff")


async def test_an_inbox_reaches_its_own_roots_and_formats_alone(tmp_path: Path) -> None:
    drop = Drop(tmp_path, roots=("other",))
    async with drop.open():
        drop.put("a.diff")
        assert (await drop.until_told("a.diff", "refused"))["code"] == "no_such_root"
        drop.tables = {"drop": WatchTable(name="drop", inbox=drop.path, formats=("v4a",))}
        drop.inboxes.rewire()
        drop.put("b.diff")
        await drop.until_told("b.diff", "refused")


async def test_a_new_ghost_toml_opens_and_shuts_inboxes(drop: Drop, tmp_path: Path) -> None:
    async with drop.open():
        await until(drop.path.exists)
        drop.tables = {"late": WatchTable(name="late", inbox=tmp_path / "late")}
        drop.inboxes.rewire()
        await until((tmp_path / "late" / "done").is_dir)
        drop.put("a.diff")
        assert drop.names() == {"a.diff"}


def test_a_long_name_keeps_its_ending_and_leaves_room_for_the_words(tmp_path: Path) -> None:
    folder = InboxFolder(tmp_path / "in")
    try:
        for name in ("ö" * 120 + ".diff", "x" * 250, "y" * 249 + ".json"):
            (tmp_path / "in" / name).write_text("x")
            (seen,) = folder.look()
            moved = folder.move(seen, To.DONE, {}, None)
            assert len(os.fsencode(moved)) <= 200
            assert Path(moved).suffix == Path(name).suffix
    finally:
        folder.close()


def test_a_file_that_another_takes_the_place_of_is_not_read(tmp_path: Path) -> None:
    folder = InboxFolder(tmp_path / "in")
    path = tmp_path / "in" / "a.diff"
    try:
        path.write_text("one")
        (seen,) = folder.look()
        path.unlink()
        assert folder.read(seen) is None
        path.symlink_to("/etc/hostname")
        with pytest.raises(NotTaken, match="cannot be read"):
            folder.read(seen)
        path.unlink()
        path.write_text("another")
        assert folder.read(seen) is None
        odd = Seen("a.diff", 1, 1, 1, is_plain=False)
        with pytest.raises(NotTaken, match="not followed"):
            folder.read(odd)
    finally:
        folder.close()


async def test_names_that_are_no_words_are_put_away_as_well(drop: Drop) -> None:
    async with drop.open() as pipeline:
        raw = os.fsencode(drop.path) + b"/\xff\n\x1b[31m.diff"
        await until(drop.path.exists)
        drop.put("a.diff").rename(os.fsdecode(raw))
        await until(lambda: any(one.endswith(".json") for one in drop.names("done")))
        (p,) = await pipeline.find()
        assert isinstance(p, Proposal)
        assert (p.status, p.title) == (Status.AWAITING, None)
