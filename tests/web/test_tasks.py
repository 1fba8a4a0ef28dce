"""Tasks, actions and checks over HTTP, and restarts of many as one task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ghostbot.config.model import ActionKind, ActionTable, CheckTable
from ghostbot.core.daemon import State
from ghostbot.guards.actions import Actions
from ghostbot.guards.checks import Checks
from ghostbot.guards.drill import Drills
from ghostbot.guards.executor import Executor
from ghostbot.orders import Doing, local
from ghostbot.tasks import Tasks
from ghostbot.web.actions import Actions as ActionsNoun
from ghostbot.web.doors import Noun
from ghostbot.web.tasks import Tasks as TasksNoun
from tests.fakes.doors import Asked, open_doors
from tests.fakes.house import until
from tests.fakes.kennel import Kennel
from tests.guards.test_checks import PROBE, Kepts
from tests.guards.test_executor import Memory

ADA = local("ada")


@dataclass
class Shop:
    """The executor and all that gives it work, before a house of fake daemons."""

    store: Memory = field(default_factory=Memory)
    actions: dict[str, ActionTable] = field(default_factory=dict)
    checks: dict[str, CheckTable] = field(default_factory=dict)
    asked: Asked = field(init=False)
    tasks: Tasks = field(init=False)
    executor: Executor = field(init=False)

    def nouns(self, k: Kennel) -> Iterable[Noun]:
        self.executor = executor = Executor(self.store)

        async def restart(asked: Any, by: str, *, heal: bool) -> str:
            return await self.tasks.restart_for(asked, by, heal=heal)

        async def errand(*_: object, **__: object) -> Any:
            raise OSError(2, "No such file or directory")

        actions = Actions(
            lambda: self.actions, restart=restart, errand=errand, token=lambda _: None
        )
        self.followed = Checks(
            lambda: self.checks, bus=k.bus, executor=executor, actions=actions, store=Kepts()
        )
        drills = Drills(k.dogs, k.bus, self.people_told, kill=lambda p: k.runs.die("worker", -9))
        self.tasks = Tasks(k.ghost, executor, actions, self.followed, drills)
        k.ghost.queue = self.tasks.restart
        return TasksNoun(self.tasks), ActionsNoun(self.tasks, self.followed, lambda: self.checks)

    async def people_told(self, _name: str, since: float) -> float | None:
        return since + 0.25


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    made = Shop()
    async with open_doors(tmp_path, listen=None, more=made.nouns) as asked:
        made.asked = asked
        await asked.kennel.until(lambda: asked.kennel.state("worker") is State.UP)
        runs = (made.executor.run, made.followed.run)
        going = [asyncio.create_task(run()) for run in runs]
        yield made
        for task in going:
            task.cancel()
        await asyncio.wait(going)


async def test_a_restart_of_many_is_one_task_and_answers_as_before(shop: Shop) -> None:
    answer = await shop.asked.ask("POST /api/orders?wait=true", {"verb": "restart", "all": True})
    assert (answer.status, [o["said"] for o in answer.json["outcomes"]]) == (200, ["is up"] * 2)
    (task,) = (await shop.asked.ask("GET /api/tasks")).json["tasks"]
    assert (task["kind"], task["title"], task["state"]) == ("restart", "restart web worker", "done")
    assert task["said"] == "2 of 2 restarted"
    assert task["created_at"].endswith("Z")


async def test_a_restart_of_one_is_no_task(shop: Shop) -> None:
    answer = await shop.asked.ask(
        "POST /api/orders?wait=true", {"verb": "restart", "names": ["web"]}
    )
    assert answer.status == 200
    assert (await shop.asked.ask("GET /api/tasks")).json == {"tasks": []}


async def test_a_restart_that_is_not_waited_for_has_begun_and_is_on_disk(shop: Shop) -> None:
    answer = await shop.asked.ask("POST /api/orders", {"verb": "restart", "all": True})
    assert answer.status == 202
    (task,) = shop.store.kept.values()
    assert task.args == {"names": "web worker", "id": task.args["id"], "by": task.by}
    assert (await shop.executor.done(task.id)).said == "2 of 2 restarted"


async def test_a_restart_that_was_queued_when_ghost_ended_is_begun_by_the_next(shop: Shop) -> None:
    work = shop.tasks._restart_again({"names": "web worker", "id": "U1", "by": "bob"})
    task = shop.executor.submit("restart", "again", work, by="bob")
    assert (await shop.executor.done(task.id)).said == "2 of 2 restarted"


async def test_an_action_is_run_and_its_task_is_the_answer(shop: Shop) -> None:
    shop.actions["bounce"] = ActionTable(name="bounce", kind=ActionKind.RESTART, daemons=("web",))
    answer = await shop.asked.ask("POST /api/actions/bounce/run?wait=true")
    assert (answer.status, answer.json["state"], answer.json["said"]) == (200, "done", "web is up")
    answer = await shop.asked.ask("POST /api/actions/bounce/run")
    assert (answer.status, answer.json["state"]) == (202, "queued")
    await shop.executor.done(answer.json["id"])


async def test_an_action_that_fails_says_so_and_one_that_is_none_is_named(shop: Shop) -> None:
    shop.actions["repair"] = ActionTable(
        name="repair", kind=ActionKind.COMMAND, command=("/gone/repair.sh",)
    )
    answer = await shop.asked.ask("POST /api/actions/repair/run?wait=true")
    assert answer.status == 409
    assert "no such file or directory" in answer.json["error"]["message"]
    answer = await shop.asked.ask("POST /api/actions/repare/run")
    assert (answer.status, answer.code) == (404, "no_such_action")


async def test_an_action_that_asks_first_is_refused_until_it_is_confirmed(shop: Shop) -> None:
    shop.actions["careful"] = ActionTable(
        name="careful", kind=ActionKind.RESTART, daemons=("web",), confirm=True
    )
    run = "POST /api/actions/careful/run?wait=true"
    assert (await shop.asked.ask(run)).status == 409
    assert (await shop.asked.ask(run, {"confirm": "yes"})).status == 400
    assert (await shop.asked.ask(run, {"confirm": True})).status == 200


async def test_a_heal_restarts_nothing_that_a_person_stopped_or_holds(shop: Shop) -> None:
    k = shop.asked.kennel
    await k.ghost.order(Doing.STOP, ["worker"], ADA)
    await k.ghost.order(Doing.HOLD, ["web"], ADA)
    shop.actions["bounce"] = ActionTable(name="bounce", kind=ActionKind.RESTART, daemons=("all",))
    shop.checks["site"] = CheckTable(name="site", probe=PROBE, heal=("bounce",))
    shop.followed.seen("site", ok=False, said="HTTP 500")
    await until(lambda: shop.executor.tasks() and shop.executor.tasks()[0].is_over)
    assert "a person stopped or holds it" in shop.executor.tasks()[0].said
    assert k.state("worker") is State.DOWN


async def test_tasks_are_cancelled_by_their_number(shop: Shop) -> None:
    gate = asyncio.Event()

    async def work(_: object) -> str:
        await gate.wait()
        return "never"

    task = shop.executor.submit("action", "wait", work, by="ada")
    answer = await shop.asked.ask(f"POST /api/tasks/{task.id}/cancel")
    assert answer.status == 202
    done = await shop.executor.done(task.id)
    assert done.state.value == "cancelled"
    assert (await shop.asked.ask(f"POST /api/tasks/{task.id}/cancel")).status == 409
    for wrong in ("99", "x", "-1", "9" * 40):
        answer = await shop.asked.ask(f"POST /api/tasks/{wrong}/cancel")
        assert (answer.status, answer.code) == (404, "no_such_task")
    assert (await shop.asked.ask(f"GET /api/tasks/{task.id}")).json["said"].startswith("cancelled")


async def test_checks_are_shown_as_they_are_and_healed_on_request(shop: Shop) -> None:
    shop.checks["site"] = CheckTable(name="site", probe=PROBE)
    (check,) = (await shop.asked.ask("GET /api/checks")).json["checks"]
    assert (check["state"], check["said"], check["attempts"]) == ("unknown", None, 0)
    shop.followed.seen("site", ok=False, said="HTTP 500")
    async with asyncio.timeout(10):
        while check["state"] != "unhealed":
            (check,) = (await shop.asked.ask("GET /api/checks")).json["checks"]
    assert check["said"] == "HTTP 500"
    assert (await shop.asked.ask("POST /api/checks/site/heal")).status == 409
    answer = await shop.asked.ask("POST /api/checks/sight/heal")
    assert (answer.status, answer.code) == (404, "no_such_check")


async def test_a_drill_is_a_task_that_reports_each_step(shop: Shop) -> None:
    given = await shop.asked.ask("POST /api/daemons/worker/drill?wait=true", body={})
    assert given.status == 200, given.json
    assert (given.json["kind"], given.json["state"]) == ("drill", "done")
    steps = ("noticed after", "restarted after", "ready after", "told after 250 ms")
    assert all(step in given.json["said"] for step in steps)


async def test_a_drill_that_would_do_harm_is_refused(shop: Shop) -> None:
    await shop.asked.kennel.ghost.order(Doing.HOLD, ["worker"], ADA)
    given = await shop.asked.ask("POST /api/daemons/worker/drill?wait=true", body={})
    assert given.status == 409
    assert "cannot drill worker: a person holds it" in given.json["error"]["message"]
    assert (await shop.asked.ask("POST /api/daemons/wrker/drill", body={})).status == 404
