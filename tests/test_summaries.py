"""Summaries of programs: what is new, what it says, and where it goes; never more than once."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from ghostbot import summaries as module
from ghostbot.config.model import SummariesTable
from ghostbot.core.verdict import Verdict
from ghostbot.slack.blocks.summary import LINES, many, summary
from ghostbot.summaries import Summaries, Summary, lines
from tests.fakes.block_kit import assert_fits
from tests.fakes.house import until

REAL = Path(__file__).parent / "data" / "original" / "summaries"
PASS = "# Work\n\n**Status**: PASS\n\n✅ all tests\n"
OLD_S = 1_000_000_000


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REST_S", 0.2)
    monkeypatch.setattr(module, "LOOK_S", 0.5)


class Shelf:
    """A folder of summaries, and what was told of it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, *, archive: bool = False) -> None:
        self.dir, self.state = folder / "summaries", folder / "state"
        self.archive = folder / "told" if archive else None
        self.dir.mkdir()
        self.state.mkdir()
        self.table: SummariesTable | None = SummariesTable(
            dir=self.dir, channel="#agents", archive=self.archive
        )
        self.told: list[tuple[str, str]] = []
        self.batches: list[int] = []
        self.begun = 0  # how often it was first looked at
        begin = module._Shelf.begin

        def begins(shelf: module._Shelf) -> None:
            begin(shelf)
            self.begun += 1

        patch.setattr(module._Shelf, "begin", begins)

    def put(self, name: str, text: str = PASS, at: float = OLD_S) -> Path:
        draft = self.dir / f".{name}.draft"
        draft.write_text(text, encoding="utf-8")
        os.utime(draft, (at, at))
        return draft.rename(self.dir / name)

    def say(self, found: Sequence[Summary], channel: str | None) -> None:
        assert channel == "#agents"
        self.batches.append(len(found))
        self.told += [(one.name, one.verdict.word) for one in found]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Summaries]:
        """Look at it; once this is open, what lay there is known."""
        opened = Summaries(lambda: self.table, self.state, self.say)
        begun = self.begun
        task = asyncio.create_task(opened.run(), name="summaries")
        try:
            await until(lambda: self.begun > begun)
            yield opened
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    return Shelf(tmp_path, monkeypatch)


async def test_a_new_summary_is_told_once_and_what_lay_there_before_is_not(shelf: Shelf) -> None:
    shelf.put("old.md")
    async with shelf.open():
        shelf.put("new.md")
        shelf.put("bad.md", "❌ broken")
        (shelf.dir / "no.txt").write_text(PASS)
        await until(lambda: len(shelf.told) == 2)
        kept = shelf.state / "summaries.json"
        await until(lambda: {"new.md", "bad.md"} <= json.loads(kept.read_text())["told"].keys())
    assert sorted(shelf.told) == [("bad.md", "fail"), ("new.md", "pass")]
    async with shelf.open():
        shelf.put("late.md", "nothing much")
        await until(lambda: len(shelf.told) == 3)
    assert shelf.told[-1] == ("late.md", "unknown")


async def test_what_came_while_ghost_was_away_is_told_by_the_next(shelf: Shelf) -> None:
    async with shelf.open():
        pass
    shelf.put("meanwhile.md")
    async with shelf.open():
        await until(lambda: shelf.told == [("meanwhile.md", "pass")])


async def test_a_summary_that_changes_is_told_again(shelf: Shelf) -> None:
    async with shelf.open():
        shelf.put("a.md", "Status: PENDING")
        await until(lambda: shelf.told == [("a.md", "pending")])
        shelf.put("a.md", "Status: DONE", at=OLD_S + 1)
        await until(lambda: shelf.told[1:] == [("a.md", "pass")])


async def test_a_file_that_is_still_being_written_waits(shelf: Shelf) -> None:
    async with shelf.open():
        with (shelf.dir / "slow.md").open("w") as file:
            for line in ("Status: ", "FAIL", "ED\n"):
                file.write(line)
                file.flush()
                await asyncio.sleep(0.1)
                assert shelf.told == []
        await until(lambda: shelf.told == [("slow.md", "fail")])


async def test_what_was_told_is_put_away_and_nothing_there_is_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(tmp_path, monkeypatch, archive=True)
    assert shelf.archive
    async with shelf.open():
        for number in range(3):
            shelf.put("a.md", f"{PASS}{number}")
            await until(lambda n=number: len(shelf.told) == n + 1)  # type: ignore[misc]
            await until(lambda: not (shelf.dir / "a.md").exists())
    assert sorted(one.name for one in shelf.archive.iterdir()) == ["a-2.md", "a-3.md", "a.md"]


async def test_links_and_folders_are_no_summaries(shelf: Shelf, tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text(PASS)
    async with shelf.open():
        (shelf.dir / "link.md").symlink_to(secret)
        (shelf.dir / "folder.md").mkdir()
        shelf.put("real.md")
        await until(lambda: shelf.told == [("real.md", "pass")])


async def test_a_summary_that_is_sent_gets_a_harmless_name_and_is_kept_once(shelf: Shelf) -> None:
    async with shelf.open() as opened:
        for sent_id in ("../../etc/passwd\n", "..", "", None, "x" * 500, "ok-1"):
            kept = await opened.take(sent_id, PASS)
            assert kept is not None
            made, is_new = kept
            assert is_new
            assert (shelf.dir / made.name).read_text() == PASS
            assert len(made.name) < 80
            again = await opened.take(sent_id, PASS)
            assert again is not None
            assert again[1] is False
            (shelf.dir / made.name).unlink()
        assert [one.name for one in shelf.dir.parent.glob("*.md")] == []


async def test_a_sent_summary_is_told_like_any_other(shelf: Shelf) -> None:
    async with shelf.open() as opened:
        await opened.take("s1", PASS)
        await until(lambda: [word for _, word in shelf.told] == ["pass"])


async def test_a_reload_sets_it_up_and_takes_it_away(shelf: Shelf) -> None:
    table, shelf.table = shelf.table, None
    opened = Summaries(lambda: shelf.table, shelf.state, shelf.say)
    task = asyncio.create_task(opened.run(), name="summaries")
    try:
        assert await opened.take("s1", PASS) is None
        shelf.table = table
        opened.rewire()
        await until(lambda: shelf.begun)
        shelf.put("a.md")
        await until(lambda: shelf.told)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_memory_that_is_spoilt_tells_nothing_old(shelf: Shelf) -> None:
    for number in range(20):
        shelf.put(f"{number}.md")
    for spoilt in ("", "[]", "{", '{"dir": 1, "told": 2}', '{"dir": "/other", "told": {}}'):
        (shelf.state / "summaries.json").write_text(spoilt)
        async with shelf.open():
            name = f"new{len(spoilt)}.md"
            shelf.put(name)
            await until(lambda new=name: (new, "pass") in shelf.told)  # type: ignore[misc]
    assert all(name.startswith("new") for name, _ in shelf.told)


async def test_whoever_stops_looking_waits_for_what_is_being_written(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, may_write = threading.Event(), threading.Event()
    write = module._Shelf._write

    def slow(shelf_: module._Shelf) -> None:
        writing.set()
        assert may_write.wait(20)
        write(shelf_)

    monkeypatch.setattr(module._Shelf, "_write", slow)
    task = asyncio.create_task(Summaries(lambda: shelf.table, shelf.state).run())
    await until(writing.is_set)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=0.2)
    assert not done, "the next one would write the same file at the same time"
    may_write.set()
    with suppress(asyncio.CancelledError):
        await task
    assert (shelf.state / "summaries.json").exists()


@pytest.mark.parametrize("path", sorted(REAL.glob("*.md")), ids=lambda path: path.stem)
def test_a_real_summary_makes_a_message_that_slack_takes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    said = Summary(path.name, module.verdict(text), text, 1_790_000_000.0)
    made = summary(said)
    assert_fits(made)
    assert path.stem in made.text
    assert "Ghost has not looked whether it is so" in str(made.blocks)
    assert ("tells of a failure" in str(made.blocks)) is said.verdict.is_disputed
    assert len(lines(text, LINES)) <= LINES


def test_many_are_one_message_that_counts_them() -> None:
    words = ("pass", "pass", "fail")
    found = [Summary(f"<!channel> {n}.md", Verdict(words[n % 3]), "x", 1.0) for n in range(300)]
    made = many(found)
    assert_fits(made)
    assert made.blocks[0]["text"]["text"] == "*300 summaries*: 🟢 200 pass, 🔴 100 fail"
    assert "<!channel>" not in str(made.blocks)
    assert "and 280 more" in str(made.blocks)
