"""Dispatches to a small server that answers as GitHub documents it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ghostbot.config.secrets import Secret
from ghostbot.errors import Failed
from ghostbot.guards.github import Dispatch, GitHub

TOKEN = Secret("ghp_theSecretOne")
Answer = Callable[[], web.Response]


class Hub:
    """Takes what is posted and gives the next answer, the last one for ever."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.answers: list[Answer] = []

    async def take(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, await request.json(), dict(request.headers)))
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        return answer()

    def says(self, status: int, message: str = "", **headers: str) -> None:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        body = json.dumps({"message": message}) if message else ""
        self.answers.append(lambda: web.Response(status=status, text=body, headers=named))


@pytest.fixture
async def hub() -> Hub:
    return Hub()


@pytest.fixture
async def server(hub: Hub) -> AsyncIterator[TestServer]:
    app = web.Application()
    app.router.add_post("/{path:.*}", hub.take)
    async with TestServer(app) as made:
        yield made


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


def deploy(server: TestServer, **changes: Any) -> Dispatch:
    base = str(server.make_url("/api/v3"))
    made = Dispatch(
        repository="acme/site", event_type="ghost", inputs={"why": "sick"}, base_url=base
    )
    return replace(made, **changes)


async def test_a_repository_dispatch_is_posted_as_github_documents_it(
    hub: Hub, server: TestServer, session: aiohttp.ClientSession
) -> None:
    hub.says(204)
    said = await GitHub(session).dispatch(deploy(server), TOKEN, within_s=5)
    ((path, body, headers),) = hub.asked
    assert path == "/api/v3/repos/acme/site/dispatches"
    assert body == {"event_type": "ghost", "client_payload": {"why": "sick"}}
    assert headers["Authorization"] == "Bearer ghp_theSecretOne"
    assert headers["Accept"] == "application/vnd.github+json"
    assert headers["X-GitHub-Api-Version"] == "2022-11-28"
    assert said == "GitHub takes it: ghost at acme/site"


async def test_a_workflow_dispatch_names_its_workflow_and_ref(
    hub: Hub, server: TestServer, session: aiohttp.ClientSession
) -> None:
    hub.says(204)
    dispatch = deploy(server, workflow="heal.yml", ref="production")
    await GitHub(session).dispatch(dispatch, TOKEN, within_s=5)
    ((path, body, _),) = hub.asked
    assert path == "/api/v3/repos/acme/site/actions/workflows/heal.yml/dispatches"
    assert body == {"ref": "production", "inputs": {"why": "sick"}}


@pytest.mark.parametrize(
    ("status", "message", "said"),
    [
        (401, "Bad credentials", "the token in GH is refused (401: Bad credentials)"),
        (403, "Resource not accessible", "it needs Contents: write on acme/site"),
        (404, "Not Found", "there is no such repository, or the token may not see it"),
        (422, "event_type is too long", "(422: event_type is too long)"),
        (301, "Moved Permanently", "the repository has moved"),
        (502, "", "GitHub answered 502"),
    ],
)
async def test_every_no_is_said_in_words_and_never_with_the_token(  # noqa: PLR0917
    hub: Hub,
    server: TestServer,
    session: aiohttp.ClientSession,
    status: int,
    message: str,
    said: str,
) -> None:
    hub.says(status, f"{message} ghp_theSecretOne" if message else "")
    with pytest.raises(Failed) as caught:
        await GitHub(session).dispatch(deploy(server, token_env="GH"), TOKEN, within_s=5)
    told = str(caught.value)
    assert told.startswith("cannot dispatch ghost at acme/site: ")
    assert said.rstrip(")") in told
    assert "ghp_" not in told
    assert len(hub.asked) == 1


async def test_a_limit_that_ends_soon_is_waited_for(
    hub: Hub, server: TestServer, session: aiohttp.ClientSession
) -> None:
    hub.says(403, "You have exceeded a secondary rate limit", retry_after="1")
    hub.says(204)
    told: list[str] = []
    await GitHub(session).dispatch(deploy(server), TOKEN, within_s=5, say=told.append)
    assert len(hub.asked) == 2
    assert told[0].startswith("waits for GitHub's rate limit until ")


@pytest.mark.parametrize(
    "headers",
    [
        {"retry_after": "3600"},
        {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "99999999999"},
        {},
    ],
)
@pytest.mark.parametrize("status", [403, 429])
async def test_a_limit_that_ends_late_is_said_and_nobody_asks_again_before(
    hub: Hub,
    server: TestServer,
    session: aiohttp.ClientSession,
    headers: dict[str, str],
    status: int,
) -> None:
    hub.says(status, "API rate limit exceeded", **headers)
    github = GitHub(session)
    for _ in range(3):
        with pytest.raises(Failed, match=r"GitHub's rate limit, not before \d\d:\d\d:\d\d UTC"):
            await github.dispatch(deploy(server), TOKEN, within_s=5)
    assert len(hub.asked) == 1


async def test_an_address_where_nobody_answers_is_named(session: aiohttp.ClientSession) -> None:
    dispatch = Dispatch(repository="a/b", event_type="x", base_url="http://127.0.0.1:9")
    with pytest.raises(Failed, match=r"cannot reach 127\.0\.0\.1:9"):
        await GitHub(session).dispatch(dispatch, TOKEN, within_s=5)
