"""Writing `.env`: what is set is set, what was there stays, and nobody else may read it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ghostbot.config import dotenv
from ghostbot.config.secrets import written
from ghostbot.errors import Failed

WORDS = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}


def test_a_new_file_has_the_words_and_is_its_owners_alone(tmp_path: Path) -> None:
    dotenv.put(tmp_path / ".env", WORDS)
    assert (tmp_path / ".env").read_text() == "SLACK_BOT_TOKEN=xoxb-1\nSLACK_APP_TOKEN=xapp-1\n"
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert written(tmp_path) == WORDS


def test_what_stands_there_stays_and_what_is_set_twice_is_set_once(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(
        "# mine\n\nexport SLACK_BOT_TOKEN='old'\nOTHER=1\n  SLACK_BOT_TOKEN = older\nLAST=2"
    )
    path.chmod(0o644)
    dotenv.put(path, WORDS)
    assert path.read_text() == (
        "# mine\n\nSLACK_BOT_TOKEN=xoxb-1\nOTHER=1\nLAST=2\nSLACK_APP_TOKEN=xapp-1\n"
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_stays_one_and_its_target_is_written(tmp_path: Path) -> None:
    real = tmp_path / "kept" / "env"
    real.parent.mkdir()
    (tmp_path / ".env").symlink_to(real)
    dotenv.put(tmp_path / ".env", WORDS)
    assert (tmp_path / ".env").is_symlink()
    assert "xoxb-1" in real.read_text()


def test_where_it_cannot_be_written_the_old_one_stays_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / ".env"
    path.write_text("OTHER=1\n")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Failed, match=r"cannot write .*: no space left on device"):
        dotenv.put(path, WORDS)
    assert path.read_text() == "OTHER=1\n"
    assert [p.name for p in tmp_path.iterdir()] == [".env"]


def test_a_file_that_is_no_text_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    with pytest.raises(Failed, match="cannot write"):
        dotenv.put(tmp_path / ".env", WORDS)
    assert (tmp_path / ".env").read_bytes() == b"\xff\xfe"
