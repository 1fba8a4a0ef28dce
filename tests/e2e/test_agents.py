"""docs/agents.md, typed as it stands: a real Ghost, curl and openssl, and a person who says yes."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.pipelines import GREET, HELLO
from tests.fakes.real_ghost import ROOT, RealGhost, real_ghost, until

PAGE = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")
TOML = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
TYPED = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SECRETS = {
    "GHOST_GPT": "an-open-sesame-of-some-length",
    "GHOST_CI": base64.b64encode(os.urandom(32)).decode(),
    "GHOST_HOOKS": "whsec_" + base64.b64encode(os.urandom(32)).decode(),
}
pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(
        not all(map(shutil.which, ("curl", "openssl", "od"))),
        reason="the page is for machines with curl and openssl",
    ),
]


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


class Den:
    """The Ghost of the page, and where a program types."""

    def __init__(self, ghost: RealGhost, ports: list[int]) -> None:
        self.ghost = ghost
        self.folder = ghost.folder
        self.private, self.public = (f"http://127.0.0.1:{port}" for port in ports)

    async def type(self, script: str, **more: str) -> dict[str, Any]:
        """Type what the page says, and read what is answered."""
        process = await asyncio.create_subprocess_exec(
            "sh",
            "-euc",
            script,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], **SECRETS, "GHOST": self.public, **more},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, err.decode()
        found: dict[str, Any] = json.loads(out)
        return found

    async def yes(self, p: dict[str, Any]) -> dict[str, Any]:
        """Say yes at this machine, and wait."""
        said = {"digest": p["plan_digest"]}
        found: dict[str, Any] = await self.ghost.post(
            f"/api/patches/{p['id']}/approve?wait=30", said
        )
        return found


@pytest.fixture
async def den(tmp_path: Path) -> AsyncIterator[Den]:
    (tmp_path / "greet.py").write_text(GREET)
    (tmp_path / "greet.diff").write_text(HELLO)
    ports = free_ports(2)
    listen = 'listen = "127.0.0.1:{}"\npublic = "127.0.0.1:{}"\npublic_status = "summary"'
    head = f"[web]\n{listen.format(*ports)}\n"
    toml = TOML[0].replace("python3 -m http.server 8000 --bind 127.0.0.1", "sleep 1000")
    (tmp_path / ".env").write_text("".join(f"{k}={v}\n" for k, v in SECRETS.items()))
    async with real_ghost(tmp_path, head + toml, None) as ghost:
        den = Den(ghost, ports)
        await _opened(ports)
        yield den


async def _opened(ports: list[int]) -> None:
    async with asyncio.timeout(20):
        for port in ports:
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    break


async def test_every_line_of_the_page_does_what_it_says(den: Den) -> None:
    bearer, github, standard, dry, summary, outcome = TYPED
    assert (await den.type(summary))["error"]["code"] == "no_summaries"
    tried = await den.type(dry)
    assert '+    return "hello"' in tried["diff"]
    sent = {}
    for name, script in (("gpt", bearer), ("ci", github), ("hooks", standard)):
        sent[name] = await den.type(script)
        assert sent[name]["status"] == "awaiting_approval", sent[name]
        assert sent[name]["submitter"]["id"] == f"webhook:{name}"
    again = await den.type(bearer, GHOST=den.private)
    assert again["id"] == sent["gpt"]["id"]
    waits = await den.type(outcome, ID=sent["gpt"]["id"])
    assert waits["status"] == "awaiting_approval"
    assert (await den.yes(sent["gpt"]))["status"] == "applied"
    assert (await den.type(outcome, ID=sent["gpt"]["id"]))["status"] == "applied"
    assert (den.folder / "greet.py").read_text() == GREET.replace("hi", "hello")
    none = await den.type(outcome, ID=sent["ci"]["id"])
    assert none["error"]["code"] == "no_such_patch"
    wrong = await den.type(bearer, GHOST_GPT="guessed-it-wrongly")
    assert wrong["error"]["code"] == "bad_signature"
    (shown,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    promised = json.loads(shown)
    assert promised.keys() <= again.keys()
    assert promised["files"][0].keys() <= again["files"][0].keys()
    await den.ghost.end()
    _nothing_that_proves_is_kept(den.folder / ".ghost")


def _nothing_that_proves_is_kept(state_dir: Path) -> None:
    for path in state_dir.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            for word in (*SECRETS.values(), "guessed-it-wrongly", "sha256=", "v1,"):
                assert word.encode() not in held, f"{word} stands in {path}"


async def test_a_file_in_the_inbox_is_a_patch_over_a_death_of_ghost_too(den: Den) -> None:
    inbox = den.folder / "inbox"
    (inbox / "greet.diff.tmp").write_text(HELLO)
    (inbox / "greet.diff.tmp").rename(inbox / "greet.diff")
    words = inbox / "done" / "greet.diff.json"
    await _seen(words, "awaiting_approval")
    await den.ghost.end(9)
    await den.ghost.up()
    await den.yes(json.loads(words.read_text()))
    await _seen(words, "applied")


async def _told(den: Den, words: str) -> None:
    async with asyncio.timeout(20):
        while words not in str((await den.ghost.get("/api/daemons"))["troubles"]):
            pass


async def _seen(words: Path, status: str) -> None:
    def is_so() -> bool:
        return words.exists() and json.loads(words.read_text())["status"] == status

    await until(is_so, f"{words.name} says {status}")


async def test_what_a_reload_brings_is_there_at_once_and_told_where_it_lacks_a_secret(
    den: Den,
) -> None:
    with (den.folder / "ghost.toml").open("a") as file:
        file.write('\n[webhook.late]\nscheme = "bearer"\nsecret_env = "GHOST_LATE"\n')
        file.write('[summaries]\ndir = "summaries"\n')
    code, out, err = await den.ghost.cli("reload")
    assert code == 0, out + err
    await _told(den, "[webhook.late] takes nothing")
    late = TYPED[0].replace("webhook/gpt", "webhook/late").replace("$GHOST_GPT", "$GHOST_LATE")
    said = await den.type(late, GHOST_LATE="a-word-of-sixteen-letters")
    assert said["error"]["code"] == "bad_signature"
    with (den.folder / ".env").open("a") as file:
        file.write("GHOST_LATE=a-word-of-sixteen-letters\n")
    said = await den.type(late, GHOST_LATE="a-word-of-sixteen-letters")
    assert said["status"] == "awaiting_approval"
    told = await den.type(TYPED[4])
    assert (told["status"], told["verdict"]) == ("summary", "pass")
    kept = (den.folder / "summaries" / told["id"]).read_text()
    assert kept == "# Night run\n\n**Status**: PASS"
