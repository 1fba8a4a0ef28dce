"""What a daemon is started with, as the file says it: values, and what this machine lacks."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from ghostbot.config import start
from ghostbot.config.load import load
from ghostbot.config.model import Config
from ghostbot.config.values import Reader
from ghostbot.config.wrong import Wrong
from ghostbot.errors import ConfigError

Read = Callable[[str], Config]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def parse(keys: str) -> Config:
        file = tmp_path / "ghost.toml"
        file.write_text(f'[daemon.web]\ncommand = "sleep 1"\n{keys}\n')
        return load(file, {"PATH": os.environ["PATH"]})

    return parse


def mistakes(read: Read, keys: str) -> str:
    with pytest.raises(ConfigError) as told:
        read(keys)
    return str(told.value)


@pytest.mark.parametrize(
    ("text", "count"),
    [("50MB", 50_000_000), ("50MiB", 52_428_800), ("1.5kB", 1500), ("20 KB", 20_000), ("7B", 7)],
)
def test_sizes_are_decimal_unless_they_say_otherwise(text: str, count: int) -> None:
    assert start.size()(text) == count


@pytest.mark.parametrize(
    ("reader", "value", "words"),
    [
        (start.size(), 50, '50 is no size (did you mean "50B"?)'),
        (start.size(), "50mb", '(did you mean "50MB"?)'),
        (start.size(), "50", 'write "100kB", "50MB"'),
        (start.size(), "5iB", "is no size"),
        (start.size(), "999999999TB", "is too large"),
        (start.size(least=16_000), "1kB", 'is too small: at least "16kB"'),
        (start.umask, 22, '22 is no text (did you mean "022"?)'),
        (start.umask, "099", "is no umask: write octal digits"),
        (start.nice, 20, "write a number from -20 to 19"),
        (start.user, 1000, "1000 is a number: write the user's name"),
        (start.user, "www:data", "its user's own groups"),
        (start.rlimits, 5, "write rlimits = { nofile = 65536 }"),
        (start.rlimits, {"nofiles": 5}, "there is no such limit (did you mean nofile?)"),
        (start.rlimits, {"nofile": "5MB"}, 'write a number or "unlimited"'),
        (start.rlimits, {"as": "much"}, 'write a number, a size as in "50MB" or "unlimited"'),
        (start.rlimits, {"core": [5, 1]}, "the soft limit is above the hard one"),
        (start.rlimits, {"core": ["unlimited", 1]}, "the soft limit is above the hard one"),
        (start.rlimits, {"core": [1]}, "write [soft, hard]"),
    ],
)
def test_a_bad_value_is_told_with_the_way_out(reader: Reader, value: object, words: str) -> None:
    with pytest.raises(Wrong) as told:
        reader(value)
    assert words in str(told.value)


def test_every_option_reaches_its_field(read: Read, tmp_path: Path) -> None:
    (tmp_path / "a.env").touch()
    config = read(
        'env_file = "a.env"\numask = "027"\nnice = 5\nport = "auto"\n'
        'rlimits = { nofile = [64, 128], as = "1GB", core = 0, fsize = "unlimited" }\n'
        '[[daemon.web.probe]]\nkind = "notify"\n[daemon.web.log]\nmax_size = "1MB"\nkeep = 2\n'
        'compress = false\nstderr = "err.log"\n[ghost]\nlog_total = "1GB"'
    )
    web = config.daemons["web"]
    assert (web.env_file, web.umask, web.nice) == ((tmp_path / "a.env",), 0o27, 5)
    assert (web.port, web.port_auto, web.notify) == (None, True, True)
    one_gb = (1_000_000_000, 1_000_000_000)
    limits = {"nofile": (64, 128), "as": one_gb, "core": (0, 0), "fsize": (None, None)}
    assert web.rlimits == limits
    log = web.log
    assert (log.max_bytes, log.keep, log.compress) == (1_000_000, 2, False)
    assert log.stderr == tmp_path / "err.log"
    assert config.ghost.log_total_bytes == 1_000_000_000


def test_limits_of_a_daemon_are_added_to_those_of_all(read: Read) -> None:
    web = read("rlimits = { nofile = 9 }\n[defaults]\nrlimits = { nofile = 5, core = 0 }")
    assert web.daemons["web"].rlimits == {"nofile": (9, 9), "core": (0, 0)}


def test_a_user_or_a_file_that_is_not_there_is_a_mistake(read: Read, tmp_path: Path) -> None:
    told = mistakes(read, 'user = "nobody-at-all"\nenv_file = ["gone.env", "."]')
    assert "web.user: cannot become user nobody-at-all: there is no such user" in told
    assert f"web.env_file: cannot read {tmp_path / 'gone.env'}: there is no such file" in told
    assert f"cannot read {tmp_path}: it is no file" in told


def test_only_root_changes_users_and_raises_limits(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (5, 9))
    told = mistakes(read, 'user = "root"\nnice = -5\nrlimits = { nofile = [1, 10], core = 9 }')
    assert "web.user: cannot become user root: only root may" in told
    assert "web.nice: only root may give -5" in told
    assert "web.rlimits.nofile: only root may raise it: at most 9 here" in told
    assert "rlimits.core" not in told


def test_the_log_and_stderr_are_two_files(read: Read) -> None:
    told = mistakes(read, '[daemon.web.log]\npath = "a.log"\nstderr = "a.log"')
    assert "web.log.stderr: it is the log itself" in told
