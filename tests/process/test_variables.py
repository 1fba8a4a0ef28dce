"""A daemon's environment: what it inherits, what files say at each start, and what wins."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ghostbot.config.model import DaemonTable, LogTable
from ghostbot.errors import CannotSpawn
from ghostbot.process.spawn import spawn
from ghostbot.process.variables import inherited_environment, said_by_file

Table = Callable[..., DaemonTable]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    def build(*files: str, **keys: object) -> DaemonTable:
        log = LogTable(path=tmp_path / "web.log")
        whole = {"command": ("env",), "cwd": tmp_path, "log": log, **keys}
        paths = tuple(tmp_path / file for file in files)
        return DaemonTable(name="web", env_file=paths, **whole)  # type: ignore[arg-type]

    return build


def test_a_file_is_read_anew_at_each_start(table: Table, tmp_path: Path) -> None:
    file, a_table = tmp_path / ".env", table(".env")
    file.write_text("A=1\n")
    assert said_by_file(a_table) == {"A": "1"}
    file.write_text("A=2\nexport B='two words'\n# a comment\nLONELY\n")
    assert said_by_file(a_table) == {"A": "2", "B": "two words"}


def test_a_later_file_wins_and_env_over_all(table: Table, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("A=a\nB=a\nC=a\nPORT=1\n")
    (tmp_path / "b").write_text("B=b\nC=b\n")
    a_table = table("a", "b", env={"C": "env"}, port=5052, instance=2)
    said = {"A": "a", "B": "b", "C": "env", "PORT": "5052", "INSTANCE": "2"}
    assert said_by_file(a_table) == said


def test_a_dollar_in_a_file_is_a_dollar(
    table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    (tmp_path / ".env").write_text("PASSWORD=a$b${SLACK_BOT_TOKEN}\nGHOST_UNIT=x\n")
    assert said_by_file(table(".env")) == {"PASSWORD": "a$b${SLACK_BOT_TOKEN}"}


def test_a_file_that_cannot_be_read_is_the_daemons_own_trouble(
    table: Table, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "latin").write_bytes(b"A=\xe9\n")
    (tmp_path / "huge").write_bytes(b"#" * 1_000_001)
    cases = {
        "gone": "no such file or directory",
        ".": "it is no file",
        "fifo": "it is no file",
        "latin": "byte 0xe9 is no UTF-8",
        "huge": "it is larger than 1000 kB",
    }
    for file, why in cases.items():
        with pytest.raises(CannotSpawn) as refused:
            spawn(table(file), marker="s/web/r", inherited={})
        assert why in str(refused.value), file
        assert str(refused.value).startswith(f"cannot start web: cannot read {tmp_path}")
        assert not refused.value.own


def test_ghosts_own_words_do_not_leak_into_daemons_and_proxies_stay() -> None:
    environ = {
        "PATH": "/bin",
        "SLACK_BOT_TOKEN": "xoxb",
        "GHOST_UNIT": "outer/web/1",
        "NOTIFY_SOCKET": "/run/x",
        "WATCHDOG_USEC": "1",
        "MY_SLACK_TOKEN": "kept",
        "HTTPS_PROXY": "http://proxy",
    }
    kept = {"PATH", "MY_SLACK_TOKEN", "HTTPS_PROXY"}
    assert set(inherited_environment(environ)) == kept
