"""Nothing that leaves Ghost shows a secret of the house."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ghostbot.config.load import load
from ghostbot.config.masks import Veil
from ghostbot.slack.blocks.text import clean, cut, escape
from ghostbot.veil import also, hide, hide_in, hide_with, learn

TOML = """
[slack]
mask = ["user-[0-9]+"]
[daemon.web]
command = "sleep 1"
env_file = ["web.env"]
[daemon.web.env]
API_KEY = "s3cr3t-of-web"
GREETING = "hello-world"
DEBUG_KEY = "true"
DB = "pg://a:pw-in%40url@db/x"
SEED = "q8Zr2LmN0aTy7PwX5cVb"
WEB_AUTH = "reporter"
[[daemon.web.probe]]
kind = "http"
url = "http://127.0.0.1:1"
headers = { Authorization = "Bearer abcdef123456" }
[daemon.reporter]
command = "sleep 1"
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
    learn(load(tmp_path / "ghost.toml", environ), environ)
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
        "pw-in%40url",
        "pw-in@url",
        "q8Zr2LmN0aTy7PwX5cVb",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
        "glpat-0123456789abcdef",
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


@pytest.mark.usefixtures("shown")
def test_the_name_of_a_daemon_is_no_secret_whatever_else_is_called_so() -> None:
    assert hide("reporter died") == "reporter died"


@pytest.mark.usefixtures("shown")
def test_what_is_cut_shows_no_half_of_a_secret() -> None:
    text = "x" * 60 + " s3cr3t-of-web " + "y" * 100
    for limit in range(40, 120):
        assert "s3cr" not in cut(text, limit)


@pytest.mark.usefixtures("shown")
def test_secrets_go_from_every_text_of_a_body_and_from_no_key() -> None:
    body = {"s3cr3t-of-web": [1, None, {"said": ("a s3cr3t-of-web", "b")}]}
    assert hide_in(body) == {"s3cr3t-of-web": [1, None, {"said": ["a ***", "b"]}]}


def test_a_value_that_is_learned_is_hidden_from_then_on() -> None:
    assert hide("the word is open-sesame") == "the word is open-sesame"
    also(["open-sesame"])
    try:
        assert hide("the word is open-sesame") == "the word is ***"
    finally:
        hide_with(Veil())


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("login password=hunter2secret ok", "login password=*** ok"),
        ('{"api_key": "abcdef-ghi", "n": 1}', '{"api_key": "***", "n": 1}'),
        ("Authorization: Bearer abc123def456", "Authorization: Bearer ***"),
        ("Authorization: Basic YW5uOmh1bnRlcjI=", "Authorization: Basic ***"),
        ("GET /x?token=a1b2c3d4&page=2", "GET /x?token=***&page=2"),
        ("postgres://ann:hunter2@db/x", "postgres://***@db/x"),
        ("webhook.x.secret: unknown key", "webhook.x.secret: unknown key"),
        ("the bearer of news, Basic English", "the bearer of news, Basic English"),
        ("max_tokens=100000 tokens: 12", "max_tokens=100000 tokens: 12"),
    ],
)
def test_what_a_line_itself_calls_a_secret_is_hidden(line: str, shown: str) -> None:
    assert hide(line) == shown


def test_a_secret_of_several_lines_is_hidden_line_by_line_and_when_quoted() -> None:
    veil = Veil(["first-line-of-a-key\nsecond-line-of-a-key", 'with "quotes" in it'])
    assert veil("second-line-of-a-key") == "***"
    assert veil('{"x": "with \\"quotes\\" in it"}') == '{"x": "***"}'


def test_a_pattern_that_fits_nothing_hides_nothing() -> None:
    assert Veil((), ["z*"])("abc") == "abc"


@pytest.mark.parametrize("part", ["a", "://a", "token=", "eyJa.", "Bearer ", "sk-", "?", "passw "])
def test_a_line_of_a_megabyte_is_looked_through_in_no_time(part: str) -> None:
    text = part * (1_000_000 // len(part))
    began = time.process_time()
    hide(text)
    assert time.process_time() - began < 2
