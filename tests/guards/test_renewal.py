"""Restarts that are no deaths: by a file, and with what a daemon comes after."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from ghostbot.core.daemon import Proc, State
from ghostbot.core.restart import Policy
from ghostbot.guards.renewal import Files, Following
from ghostbot.orders import Doing, local
from tests.fakes.clock import run
from tests.fakes.house import until
from tests.fakes.kennel import Kennel, kennel, table

ADA = local("ada")


async def following(k: Kennel, tasks: asyncio.TaskGroup) -> asyncio.Task[None]:
    task = tasks.create_task(Following(k.dogs, k.bus).run(), name="following")
    await asyncio.sleep(0.1)
    return task


def test_who_says_restart_with_is_restarted_once_when_what_it_comes_after_was() -> None:
    async def main() -> None:
        db, cache = table("db"), table("cache")
        web = table("web", after=("db", "cache"), restart_with=True)
        other = table("other", after=("db",))
        async with kennel(db, cache, web, other) as k, asyncio.TaskGroup() as tasks:
            task = await following(k, tasks)
            await k.until(lambda: k.state("web") is State.UP and k.state("other") is State.UP)
            procs = {name: dog.daemon.proc for name, dog in k.dogs.items()}
            k.runs.die("db")
            await k.until(lambda: k.dogs["web"].daemon.proc not in (None, procs["web"]))
            await k.until(lambda: k.state("web") is State.UP)
            again = k.dogs["web"].daemon
            assert again.exits[-1].why == "db was started again"
            assert again.record.unforgiven == 0
            await asyncio.sleep(100)
            assert k.dogs["web"].daemon.proc == again.proc
            assert k.dogs["other"].daemon.proc == procs["other"]
            task.cancel()

    run(main())


def test_a_rolling_restart_of_all_restarts_each_once() -> None:
    async def main() -> None:
        db, web = table("db"), table("web", after=("db",), restart_with=True)
        async with kennel(db, web) as k, asyncio.TaskGroup() as tasks:
            task = await following(k, tasks)
            await k.until(lambda: k.state("web") is State.UP)
            k.runs.stubborn.add("web")  # its stop takes a while, as a stop does
            await k.ghost.order(Doing.RESTART, ["all"], ADA)
            await asyncio.sleep(100)
            assert [k.dogs[n].daemon.starts for n in ("db", "web")] == [2, 2]
            task.cancel()

    run(main())


def test_who_is_younger_than_what_it_comes_after_is_left_alone_by_a_new_ghost() -> None:
    async def main() -> None:
        db, web = table("db"), table("web", after=("db",), restart_with=True)
        async with kennel(db, web) as k, asyncio.TaskGroup() as tasks:
            await k.until(lambda: k.state("web") is State.UP)
            proc = k.dogs["web"].daemon.proc
            task = await following(k, tasks)
            await asyncio.sleep(100)
            assert k.dogs["web"].daemon.proc == proc
            older = k.dogs["db"].daemon
            assert older.proc is not None
            assert proc is not None
            k.dogs["db"].daemon = replace(older, proc=Proc(1, proc.ticks + 5, proc.boot))
            task.cancel()
            task = await following(k, tasks)
            await k.until(lambda: k.dogs["web"].daemon.proc not in (None, proc))
            task.cancel()

    run(main())


async def test_a_changed_file_restarts_its_daemon_and_closes_its_breaker(tmp_path: Path) -> None:
    policy = Policy(max_restarts=1)
    web = table("web", policy=policy, watch=(f"{tmp_path}/*.py",), ready_after_s=0.0)
    async with kennel(web) as k, asyncio.TaskGroup() as tasks:
        task = tasks.create_task(Files(k.dogs, k.troubles.teller).run(), name="files")
        await until(lambda: k.state("web") is State.UP)
        k.runs.die("web")
        await until(lambda: k.state("web") is State.BLOCKED)
        path, count = tmp_path / "app.py", 0

        def touched() -> bool:
            nonlocal count
            count += 1
            if count % 30 == 1:
                path.write_text(str(count))
            return k.state("web") is State.UP

        await until(touched)
        assert k.dogs["web"].daemon.record.trips == 0
        task.cancel()


async def test_a_daemon_that_changes_its_own_files_is_told_and_left(tmp_path: Path) -> None:
    async with kennel(table("web", watch=(f"{tmp_path}/*",), ready_after_s=0.0)) as k:
        files = Files(k.dogs, k.troubles.teller)
        await until(lambda: k.state("web") is State.UP)
        for _ in range(5):
            files._take("web", [str(tmp_path / "state.json")])
        assert k.troubles.lines() == ()
        files._take("web", [str(tmp_path / "state.json")])
        (line,) = k.troubles.lines()
        assert f"because {tmp_path}/state.json changed; it is watched no more" in line
        assert files._globs() == {}
        k.dogs["web"].describe(table("web", watch=(f"{tmp_path}/*.py",)))
        assert files._globs() == {"web": (f"{tmp_path}/*.py",)}
        assert k.troubles.lines() == ()
