"""No message shows a secret of the house."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ghostbot.config.load import load
from ghostbot.config.masks import Veil
from ghostbot.slack.blocks.text import clean, escape, hide_with
from ghostbot.veil import veil

TOML = """
[slack]
mask = ["user-[0-9]+"]
[daemon.web]
command = "sleep 1"
env = { API_KEY = "s3cr3t-of-web", GREETING = "hello-world", DEBUG_KEY = "true" }
env_file = ["web.env"]
[[daemon.web.probe]]
kind = "http"
url = "http://127.0.0.1:1"
headers = { Authorization = "Bearer abcdef123456" }
[action.hook]
kind = "http"
url = "http://127.0.0.1:1"
token_env = "HOOK_TOKEN"
"""


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[None]:
    (tmp_path / "web.env").write_text("DB_PASSWORD=pa$$word-of-db\nNAME=plain\n")
    (tmp_path / ".env").write_text("HOOK_TOKEN=token-of-the-hook\n")
    (tmp_path / "ghost.toml").write_text(TOML)
    environ = {"PATH": "/usr/bin:/bin", "AWS_SECRET": "from-the-environment", "HOME": "/home/ann"}
    hide_with(veil(load(tmp_path / "ghost.toml", environ), environ))
    yield
    hide_with(Veil())


@pytest.mark.usefixtures("shown")
@pytest.mark.parametrize(
    "secret",
    [
        "s3cr3t-of-web",
        "pa$$word-of-db",
        "Bearer abcdef123456",
        "token-of-the-hook",
        "from-the-environment",
        "user-4711",
        "ghp_0123456789abcdefghij",
        "sk-0123456789abcdefghij",
        "AKIA0123456789ABCDEF",
        "xoxb-123-456-abc",
    ],
)
def test_a_secret_is_hidden_wherever_it_stands(secret: str) -> None:
    said = clean(f"cannot log in with {secret}: refused, again {secret}")
    assert secret not in said
    assert said.startswith("cannot log in with ")
    assert secret not in escape(f"<{secret}>")


@pytest.mark.usefixtures("shown")
def test_what_is_no_secret_stays() -> None:
    said = "hello-world from plain in /home/ann: true"
    assert clean(said) == said
    url = "postgres://ann:hunter2@db.example.com/x"
    assert clean(url) == "postgres://***@db.example.com/x"
