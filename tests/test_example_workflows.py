"""The workflows in examples/github: they are YAML, safe, and sign what a server can verify."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

FOLDER = Path(__file__).parents[1] / "examples" / "github"
WORKFLOWS = sorted((FOLDER / "workflows").glob("*.yml"))
SECRET = 'it\'s a "secret" with $spaces and `ticks`'
BODY = '{"id": "from-github", "note": "$(touch pwned) `id` \\" ümlaut"}'


def read(name: str) -> dict[str, Any]:
    text = (FOLDER / "workflows" / name).read_text(encoding="utf-8")
    # YAML 1.1 reads the key `on` as true; GitHub does not.
    return {("on" if key is True else key): value for key, value in yaml.safe_load(text).items()}


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_whole_bounded_and_puts_no_words_of_others_into_a_command(
    path: Path,
) -> None:
    workflow = read(path.name)
    assert {"name", "on", "permissions", "jobs"} <= set(workflow)
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 15
    for step in steps(workflow):
        assert "${{" not in step.get("run", "")


def test_ghosts_event_is_the_one_that_the_workflow_answers_and_the_readme_names() -> None:
    assert read("from-ghost.yml")["on"] == {"repository_dispatch": {"types": ["ghost-heal"]}}
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert re.findall(r'event_type = "([^"]+)"', page) == ["ghost-heal"]


class Door:
    """Takes what is posted and remembers whether its signature is right."""

    def __init__(self) -> None:
        self.took: list[tuple[bool, str, bytes]] = []
        self.status = 202

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        right = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        given = request.headers.get("X-Hub-Signature-256", "")
        delivery = request.headers.get("X-GitHub-Delivery", "")
        self.took.append((hmac.compare_digest(given, right), delivery, body))
        return web.Response(status=self.status)


@pytest.fixture
async def door() -> AsyncIterator[tuple[Door, str]]:
    taker, app = Door(), web.Application()
    app.router.add_post("/webhook/actions", taker.take)
    async with TestServer(app) as server:
        yield taker, str(server.make_url("/webhook/actions"))


async def post(folder: Path, url: str, secret: str = SECRET) -> int:
    """Run the step as the runner does, with bash; return its exit code."""
    (step,) = steps(read("to-ghost.yml"))
    env = {
        "PATH": os.environ["PATH"],
        "BODY": BODY,
        "SECRET": secret,
        "URL": url,
        "DELIVERY": "7-1",
    }
    assert set(step["env"]) == set(env) - {"PATH"}
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", step["run"], cwd=folder, env=env, stdout=asyncio.subprocess.DEVNULL
    )
    return await asyncio.wait_for(process.wait(), 20)


needs = pytest.mark.skipif(
    not (shutil.which("openssl") and shutil.which("curl")), reason="needs openssl and curl"
)


@needs
async def test_the_step_signs_the_bytes_that_it_posts(
    door: tuple[Door, str], tmp_path: Path
) -> None:
    taker, url = door
    assert await post(tmp_path, url) == 0
    assert taker.took == [(True, "7-1", BODY.encode())]
    assert os.listdir(tmp_path) == ["body.json"]  # noqa: PTH208 - nothing was run


@needs
async def test_another_secret_is_seen_and_a_refusal_fails_the_step(
    door: tuple[Door, str], tmp_path: Path
) -> None:
    taker, url = door
    taker.status = 401
    assert await post(tmp_path, url, secret="another") != 0
    assert taker.took[0][0] is False
