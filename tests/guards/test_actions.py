"""Actions, each done for real, and every way in which they fail in words."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ghostbot.config.model import ActionKind, ActionTable
from ghostbot.config.secrets import Secret
from ghostbot.core.task import Said
from ghostbot.errors import Failed, NoSuch
from ghostbot.guards.actions import Actions
from ghostbot.guards.executor import Progress
from tests.fakes.errands import errand

TOKEN = "ghp_theSecretOne"


async def restart(daemons: Sequence[str], by: str, *, heal: bool) -> str:
    return f"{','.join(daemons)} restarted by {by}"


def actions(*tables: ActionTable, **tokens: str) -> Actions:
    return Actions(
        lambda: {table.name: table for table in tables},
        restart=restart,
        errand=errand,
        token=lambda name: Secret(tokens[name]) if name in tokens else None,
    )


async def do(
    made: Actions, name: str = "heal", told: list[Said] | None = None, by: str = "ada"
) -> str:
    heard = [] if told is None else told
    try:
        return await made.work(name, by)(Progress(heard.append))
    finally:
        await made.close()


def command(*words: str, **keys: Any) -> ActionTable:
    return ActionTable(name="heal", kind=ActionKind.COMMAND, command=words, **keys)


def python(code: str, **keys: Any) -> ActionTable:
    return command(sys.executable, "-S", "-c", code, **keys)


async def test_a_restart_names_whom_and_by_whom() -> None:
    table = ActionTable(name="heal", kind=ActionKind.RESTART, daemons=("web", "group:api"))
    assert await do(actions(table)) == "web,group:api restarted by ada"


async def test_an_action_that_is_none_is_told_with_the_nearest() -> None:
    with pytest.raises(NoSuch, match=r"cannot run haal: no such action \(did you mean heal\?\)"):
        await do(actions(command("true")), "haal")


async def test_a_command_says_its_last_line_and_hands_over_what_it_wrote(tmp_path: Path) -> None:
    told: list[Said] = []
    code = "import os; print(os.getcwd()); print(os.environ['WHY']); print('deployed'); print()"
    said = await do(actions(python(code, cwd=tmp_path, env={"WHY": "sick"})), told=told)
    assert said == f"{Path(sys.executable).name} exited 0: deployed"
    assert told == [Said(output=f"{tmp_path}\nsick\ndeployed\n\n")]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print('no space'); raise SystemExit(3)", r"python\S* exited 3: no space"),
        ("import os; os.kill(os.getpid(), 9)", r"python\S* was killed by signal 9"),
        ("import time; time.sleep(60)", r"longer than 0.5 s and was ended"),
    ],
)
async def test_a_command_that_fails_says_how(code: str, said: str) -> None:
    with pytest.raises(Failed, match=said):
        await do(actions(python(code, timeout_s=0.5 if "sleep" in code else 20)))


async def test_a_command_that_vanished_is_named(tmp_path: Path) -> None:
    gone = str(tmp_path / "repair.sh")
    with pytest.raises(Failed, match=r"cannot run heal: .*repair\.sh: no such file or directory"):
        await do(actions(command(gone)))


class Far:
    """Takes what is asked of it, and answers what it is told to."""

    def __init__(self) -> None:
        self.status, self.text = 200, "done"
        self.asked: list[tuple[str, str, str | None]] = []

    async def take(self, request: web.Request) -> web.Response:
        given = request.headers.get("Authorization")
        self.asked.append((request.method, await request.text(), given))
        headers = {"Location": "/elsewhere"} if self.status == 302 else {}
        return web.Response(status=self.status, text=self.text, headers=headers)


@pytest.fixture
async def far() -> AsyncIterator[tuple[Far, str]]:
    taker, app = Far(), web.Application()
    app.router.add_route("*", "/{path:.*}", taker.take)
    async with TestServer(app) as server:
        yield taker, str(server.make_url("/deploy?key=hidden"))


def http(url: str, **keys: Any) -> ActionTable:
    return ActionTable(name="heal", kind=ActionKind.HTTP, url=url, **keys)


async def test_an_http_action_posts_its_body_with_its_token(far: tuple[Far, str]) -> None:
    taker, url = far
    said = await do(actions(http(url, body='{"a":1}', token_env="T"), T=TOKEN))
    assert taker.asked == [("POST", '{"a":1}', f"Bearer {TOKEN}")]
    assert said.startswith("HTTP 200 from http://127.0.0.1:")
    assert "hidden" not in said


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_an_http_answer_that_is_no_yes_is_a_failure_without_secrets(
    far: tuple[Far, str], status: int
) -> None:
    taker, url = far
    taker.status, taker.text = status, f"you sent {TOKEN} and that is wrong"
    told: list[Said] = []
    with pytest.raises(Failed) as caught:
        await do(actions(http(url, token_env="T"), T=TOKEN), told=told)
    assert f"HTTP {status} from " in str(caught.value)
    assert "you sent *** and" in str(caught.value)
    assert TOKEN not in f"{caught.value}{told}"
    assert "hidden" not in str(caught.value)
    assert len(taker.asked) == 1


async def test_nobody_there_and_no_answer_in_time_are_said() -> None:
    with pytest.raises(Failed, match=r"cannot reach http://127\.0\.0\.1:9/"):
        await do(actions(http("http://user:pass@127.0.0.1:9/")))

    async def hang(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    app = web.Application()
    app.router.add_post("/", hang)
    async with TestServer(app) as server:
        with pytest.raises(Failed, match=r"did not answer within 0\.1 s"):
            await do(actions(http(str(server.make_url("/")), timeout_s=0.1)))


async def test_a_token_that_is_not_set_is_named_before_anything_is_asked(
    far: tuple[Far, str],
) -> None:
    taker, url = far
    with pytest.raises(Failed, match="cannot run heal: DEPLOY_TOKEN is not set"):
        await do(actions(http(url, token_env="DEPLOY_TOKEN")))
    assert taker.asked == []


async def test_an_action_is_given_the_address_of_a_tunnel_or_says_that_it_is_not_known() -> None:
    book: dict[str, str] = {}
    table = command("echo", "${tunnel.ngrok.url}/hook", env={"AT": "${tunnel.ngrok.url}"})
    made = Actions(
        lambda: {"heal": table},
        restart=restart,
        errand=errand,
        token=lambda _: None,
        known=book.get,
    )
    with pytest.raises(Failed, match="cannot run heal: the address of ngrok is not known yet"):
        await do(made)
    book["ngrok"] = "https://a.example"
    assert await do(made) == "echo exited 0: https://a.example/hook"


async def test_a_dispatch_goes_to_the_base_url_with_the_token(far: tuple[Far, str]) -> None:
    taker, url = far
    taker.status, taker.text = 204, ""
    table = ActionTable(
        name="heal",
        kind=ActionKind.GITHUB_DISPATCH,
        repository="acme/site",
        event_type="ghost-heal",
        token_env="GH",
        base_url=url.partition("/deploy")[0],
    )
    assert await do(actions(table, GH=TOKEN)) == "GitHub takes it: ghost-heal at acme/site"
    assert taker.asked == [
        ("POST", '{"event_type": "ghost-heal", "client_payload": {}}', f"Bearer {TOKEN}")
    ]
