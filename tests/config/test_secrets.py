"""Tokens: where they come from, what is wrong with them, and that nothing shows them."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import pytest

from ghostbot.config.secrets import Secret, secrets

GOOD = {"SLACK_BOT_TOKEN": "xoxb-1-secret", "SLACK_APP_TOKEN": "xapp-1-secret"}


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SLACK_BOT_TOKEN=xoxb-file\nSLACK_APP_TOKEN='xapp-file'\n")
    found = secrets(tmp_path, {"SLACK_BOT_TOKEN": "xoxb-environ", "SLACK_APP_TOKEN": ""})
    assert found.bot_token == Secret("xoxb-environ")
    assert found.app_token == Secret("xapp-file")
    assert (found.missing, found.mistakes) == ((), ())


def test_the_file_never_reaches_the_environment(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SLACK_BOT_TOKEN=xoxb-file\nOTHER=${HOME}\n")
    before = dict(os.environ)
    secrets(tmp_path, {})
    assert dict(os.environ) == before


def test_missing_tokens_are_named(tmp_path: Path) -> None:
    found = secrets(tmp_path, {"SLACK_BOT_TOKEN": "  "})
    assert found.missing == ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN")
    assert (found.bot_token, found.app_token, found.mistakes) == (None, None, ())


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        (
            {"SLACK_BOT_TOKEN": "xapp-1", "SLACK_APP_TOKEN": "xoxb-1"},
            "SLACK_BOT_TOKEN and SLACK_APP_TOKEN are swapped",
        ),
        ({**GOOD, "SLACK_BOT_TOKEN": "xoxp-1"}, "SLACK_BOT_TOKEN cannot be right: it holds a user"),
        ({**GOOD, "SLACK_APP_TOKEN": "xoxb-2"}, "a bot token, which belongs in SLACK_BOT_TOKEN"),
        (
            {**GOOD, "SLACK_APP_TOKEN": "hunter2"},
            "does not begin with xapp-; copy it from Basic",
        ),
        ({**GOOD, "SLACK_API_URL": "http://x/api"}, "must begin with https:// and end in /api/"),
    ],
)
def test_a_token_that_cannot_be_right_is_told_without_showing_it(
    tmp_path: Path, environ: dict[str, str], words: str
) -> None:
    found = secrets(tmp_path, environ)
    assert len(found.mistakes) == 1
    assert words in found.mistakes[0]
    assert "hunter2" not in found.mistakes[0]


def test_good_tokens_and_an_address_have_no_mistake(tmp_path: Path) -> None:
    found = secrets(tmp_path, {**GOOD, "SLACK_API_URL": "http://127.0.0.1:9/api/"})
    assert (found.api_url, found.mistakes) == ("http://127.0.0.1:9/api/", ())


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"SLACK_BOT_TOKEN=\xff\xfe\n")
    assert "cannot read" in secrets(tmp_path, GOOD).mistakes[0]


def test_nothing_shows_a_secret(tmp_path: Path) -> None:
    found = secrets(tmp_path, GOOD)
    token = found.bot_token
    assert token is not None
    shown = f"{token} {token!r} {token:>9} {found} {[token]}" + "%s" % token  # noqa: UP031 - all ways
    assert "secret" not in shown
    assert shown.count("***") == 7
    assert token.reveal() == "xoxb-1-secret"
    for leak in (json.dumps, pickle.dumps):
        with pytest.raises(TypeError):
            leak(token)
