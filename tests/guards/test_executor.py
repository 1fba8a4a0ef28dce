"""The queue of long work: bounded, visible, and kept over Ghost's restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ghostbot.core.task import OUTPUT_MAX, State, Task
from ghostbot.errors import Failed, NoSuch
from ghostbot.guards import executor as executors
from ghostbot.guards.executor import AT_ONCE, KEPT, PER_KIND, QUEUE_MAX, Executor, Progress, Work
from ghostbot.store.database import Database
from ghostbot.store.tasks import Tasks


class Memory:
    """A store that keeps what is saved, and fails when it is told to."""

    def __init__(self, *kept: Task) -> None:
        self.kept = {task.id: task for task in kept}
        self.broken = False
        self.saved = asyncio.Event()

    async def save(self, tasks: Iterable[Task]) -> None:
        if self.broken:
            raise OSError(28, "No space left on device")
        self.kept |= {task.id: task for task in tasks}
        self.saved.set()

    async def load(self) -> list[Task]:
        return [self.kept[number] for number in sorted(self.kept)]


@asynccontextmanager
async def running(executor: Executor) -> AsyncIterator[Executor]:
    task = asyncio.create_task(executor.run())
    try:
        yield executor
    finally:
        task.cancel()
        await asyncio.wait({task})


async def until(so: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not so():  # noqa: ASYNC110 - what is looked at tells nobody when it changes
            await asyncio.sleep(0)


def saying(word: str) -> Work:
    async def work(_: Progress) -> str:
        return word

    return work


class Gate:
    """Work that begins, and ends when it is let."""

    def __init__(self) -> None:
        self.begun = 0
        self.let = asyncio.Event()

    async def __call__(self, progress: Progress) -> str:
        self.begun += 1
        progress.say("waits at the gate")
        await self.let.wait()
        return "went through"


async def test_work_is_done_in_the_order_in_which_it_came_and_its_last_word_kept() -> None:
    async with running(Executor(Memory())) as executor:
        first = executor.submit("action", "run one", saying("one"), by="ada")
        second = executor.submit("action", "run two", saying("two"), by="ada")
        assert (first.id, second.id, first.state) == (1, 2, State.QUEUED)
        done = [await executor.done(n) for n in (1, 2)]
    assert [(t.state, t.said) for t in done] == [(State.DONE, "one"), (State.DONE, "two")]
    assert [t.id for t in executor.tasks()] == [2, 1]


async def test_no_more_run_than_may_in_total_of_a_kind_and_of_a_limit() -> None:
    gate = Gate()
    async with running(Executor(Memory())) as executor:

        def states(kind: str) -> list[State]:
            return [t.state for t in executor.tasks() if t.kind == kind]

        for n in range(PER_KIND + 1):
            executor.submit("a", f"a{n}", gate, by="ada")
        for n in range(2):
            executor.submit("b", f"b{n}", gate, by="ada", limit="the one door")
        await until(lambda: gate.begun == PER_KIND + 1)
        assert states("a").count(State.RUNNING) == PER_KIND
        assert states("b").count(State.RUNNING) == 1
        for n in range(AT_ONCE):
            executor.submit(f"c{n}", "c", gate, by="ada")
        await until(lambda: gate.begun == AT_ONCE)
        await asyncio.sleep(0)
        assert sum(t.state is State.RUNNING for t in executor.tasks()) == AT_ONCE
        gate.let.set()
        await until(lambda: all(t.is_over for t in executor.tasks()))
    assert gate.begun == PER_KIND + 3 + AT_ONCE


async def test_a_full_queue_says_so() -> None:
    executor = Executor(Memory())
    for n in range(QUEUE_MAX):
        executor.submit("action", f"{n}", saying("well"), by="ada")
    with pytest.raises(Failed, match=r"cannot begin one more: 100 tasks wait already"):
        executor.submit("action", "one more", saying("well"), by="ada")


async def test_progress_and_output_are_seen_while_it_runs_and_bounded() -> None:
    gate = asyncio.Event()

    async def work(progress: Progress) -> str:
        progress.say("step 1\nof 2")
        progress.wrote("x" * 20_000 + "the end")
        await gate.wait()
        return "y" * 5_000

    async with running(Executor(Memory())) as executor:
        number = executor.submit("action", "talk", work, by="ada").id
        await until(lambda: executor.task(number).output)
        seen = executor.task(number)
        assert (seen.said, len(seen.output)) == ("step 1 of 2", OUTPUT_MAX)
        assert seen.output.endswith("the end")
        gate.set()
        assert len((await executor.done(number)).said) <= 500


async def test_what_takes_too_long_ends_and_says_after_how_long() -> None:
    async with running(Executor(Memory())) as executor:
        task = executor.submit("action", "wait", Gate(), by="ada", timeout_s=0.01)
        done = await executor.done(task.id)
    assert (done.state, done.said) == (State.TIMED_OUT, "not done within 0.01 s")


async def test_a_timeout_inside_the_work_is_a_failure_and_not_its_own_timeout() -> None:
    async def work(_: Progress) -> str:
        raise TimeoutError("the far side is slow")

    async with running(Executor(Memory())) as executor:
        done = await executor.done(executor.submit("action", "ask", work, by="ada").id)
    assert done.state is State.FAILED
    assert "the far side is slow" in done.said


async def test_a_failure_is_told_in_words_and_takes_nobody_down() -> None:
    async def refuses(_: Progress) -> str:
        raise Failed("cannot deploy: the token is refused")

    async with running(Executor(Memory())) as executor:
        failed = await executor.done(executor.submit("action", "a", refuses, by="ada").id)
        after = await executor.done(executor.submit("action", "b", saying("well"), by="ada").id)
    assert (failed.state, failed.said) == (State.FAILED, "cannot deploy: the token is refused")
    assert after.state is State.DONE


async def test_a_running_and_a_queued_task_can_be_cancelled_and_an_ended_one_not() -> None:
    gate, cleaned = Gate(), asyncio.Event()

    async def work(progress: Progress) -> str:
        try:
            return await gate(progress)
        finally:
            cleaned.set()

    async with running(Executor(Memory())) as executor:
        doing = executor.submit("a", "doing", work, by="ada", limit="one")
        queued = executor.submit("a", "queued", gate, by="ada", limit="one")
        await until(lambda: gate.begun)
        assert executor.cancel(queued.id, "bob").state is State.CANCELLED
        executor.cancel(doing.id, "bob")
        done = await executor.done(doing.id)
        assert (done.state, done.said, gate.begun) == (State.CANCELLED, "cancelled by bob", 1)
        assert cleaned.is_set()
        with pytest.raises(Failed, match="cannot cancel task 1: it is over"):
            executor.cancel(doing.id, "bob")
        with pytest.raises(NoSuch, match="cannot find task 99"):
            executor.cancel(99, "bob")


async def test_what_is_over_is_kept_in_a_bounded_number() -> None:
    async with running(Executor(Memory())) as executor:
        for _ in range(KEPT + 50):
            await executor.done(executor.submit("a", "a", saying("well"), by="ada").id)
        assert len(executor.tasks()) == KEPT


async def test_a_store_that_fails_keeps_no_task_from_running_and_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ghostbot.keep.FIRST_S", 0.01)
    store, told = Memory(), []
    store.broken = True
    async with running(Executor(store, told.append)) as executor:
        task = executor.submit("a", "a", saying("well"), by="ada")
        assert (await executor.done(task.id)).state is State.DONE
        await until(lambda: told)
        assert "No space left on device" in told[0]
        store.broken = False
        async with asyncio.timeout(5):
            await store.saved.wait()
    assert store.kept[task.id].state is State.DONE


async def test_a_store_that_hangs_delays_ghost_a_moment_and_numbers_stay_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Hung(Memory):
        async def load(self) -> list[Task]:
            await asyncio.Event().wait()
            raise AssertionError("it hangs")

    monkeypatch.setattr(executors, "LOAD_S", 0.01)
    told: list[str | None] = []
    executor = Executor(Hung(), told.append, now=lambda: 1_790_000_000.0)
    await executor.begin()
    assert told
    assert executor.submit("a", "a", saying("well"), by="ada").id == 1_790_000_001


async def test_a_task_that_ran_when_ghost_ended_is_interrupted_and_a_queued_one_runs(
    tmp_path: Path,
) -> None:
    database, gate = Database(tmp_path / "ghost.db"), Gate()
    async with running(Executor(Tasks(database))) as executor:
        executor.submit("a", "ran", gate, by="ada", limit="one", args={"name": "x"})
        executor.submit("a", "queued", gate, by="ada", limit="one", args={"name": "y"})
        executor.submit("b", "nobody knows", gate, by="ada", limit="one")
        await until(lambda: gate.begun)
        store = Tasks(database)
        while [t.said for t in await store.load()][:1] != ["waits at the gate"]:  # noqa: ASYNC110
            await asyncio.sleep(0)
    await database.close()

    database = Database(tmp_path / "ghost.db")
    new, made = Executor(Tasks(database)), []
    new.knows("a", lambda args: made.append(args["name"]) or saying(f"ran {args['name']}"))  # type: ignore[func-returns-value]
    await new.begin()
    async with running(new):
        assert (await new.done(2)).said == "ran y"
        states = {t.title: (t.state, t.said) for t in new.tasks()}
        next_id = new.submit("a", "new", saying("well"), by="ada").id
    await database.close()
    assert states["ran"] == (
        State.INTERRUPTED,
        "Ghost ended while it ran: waits at the gate",
    )
    assert states["nobody knows"] == (State.INTERRUPTED, "Ghost ended before it began")
    assert (made, gate.begun, next_id) == (["y"], 1, 4)


async def test_rows_on_disk_are_bounded(tmp_path: Path) -> None:
    database = Database(tmp_path / "ghost.db")
    store = Tasks(database)
    many = [
        Task(id=n, kind="a", title="a", by="ada", created_at=0, state=State.DONE)
        for n in range(1, 900)
    ]
    await store.save(many)
    kept = await store.load()
    await database.close()
    assert (len(kept), kept[-1].id) == (500, 899)
