"""What is in force, as text: whole, true, and without secrets."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ghostbot.cli.root import root
from ghostbot.config import masks
from ghostbot.config.load import load
from ghostbot.config.model import Config
from ghostbot.config.show import show
from ghostbot.errors import ConfigError

EXAMPLE = Path(__file__).parents[2] / "ghost.example.toml"
RICH = r"""
[slack]
heartbeat = "off"
[web]
listen = "[::1]:80"
[defaults]
restart_delay = "250ms"
[daemon.db]
command = ["sh", "-c", "echo \"$$HOME\" \t 'x' $$$${A} \u007f ü"]
kind = "oneshot"
restart = "on-failure"
exit_codes = [3, 0]
rlimits = { nofile = [64, "unlimited"], as = "1GiB" }
umask = "077"
env = { "A" = "${tunnel.t.url}/x", B = "" }
env_file = "a.env"
stop_signal = "SIGUSR1"
kill = "leader"
log.stderr = "err.log"
log.compress = false
[daemon.t]
command = "sleep 1"
kind = "tunnel"
port = "auto"
after = ["db"]
restart_with = true
cpu_max = 12.5
memory_max = "123456789B"
drill = "0 4 * * sun"
[[daemon.t.probe]]
kind = "tunnel"
pattern = 'https://[a-z]+\.example\.com'
ask = "/health"
[[daemon.t.probe]]
kind = "notify"
[check.'a.b']
kind = "log"
path = "x.log"
silence = "90s"
heal = ["go", "deploy"]
[action.go]
kind = "command"
command = "true --fast"
[action.deploy]
kind = "github_dispatch"
repository = "a/b"
event_type = "down"
inputs = { why = "down" }
token_env = "GH"
"""


def rich(folder: Path, more: str = "", **environ: str) -> Config:
    (folder / "a.env").touch()
    (folder / "ghost.toml").write_text(RICH + more, encoding="utf-8")
    return load(folder / "ghost.toml", {"PATH": "/usr/bin:/bin", "GH": "t", **environ})


def again(config: Config, folder: Path) -> Config:
    path = folder / "shown.toml"
    path.write_text(show(config), encoding="utf-8")
    found = load(path, {"PATH": os.environ["PATH"], "GH": "t"})
    return replace(found, path=config.path, warnings=config.warnings)


def test_what_is_shown_says_the_same_as_what_was_read(tmp_path: Path) -> None:
    for config in (rich(tmp_path), load(EXAMPLE, os.environ)):
        assert again(config, tmp_path) == config
        assert show(again(config, tmp_path)) == show(config)


LINES = EXAMPLE.read_text(encoding="utf-8").splitlines()
KEPT = re.compile(r"\[|command|kind|$")  # what every table needs


@given(st.sets(st.sampled_from([i for i, line in enumerate(LINES) if not KEPT.match(line)])))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_left_out_what_is_shown_says_the_same(tmp_path: Path, out: set[int]) -> None:
    text = "\n".join(line for i, line in enumerate(LINES) if i not in out)
    (tmp_path / "public").mkdir(exist_ok=True)
    (tmp_path / "ghost.toml").write_text(text, encoding="utf-8")
    try:
        config = load(tmp_path / "ghost.toml", os.environ)
    except ConfigError:
        return
    assert again(config, tmp_path) == config


def test_instances_stand_there_one_by_one(tmp_path: Path) -> None:
    config = rich(tmp_path, '[daemon.web]\ncommand = "sleep 1"\ninstances = 2\n')
    assert list(again(config, tmp_path).daemons) == ["db", "t", "web-1", "web-2"]


SECRETS = r"""
[daemon.web]
command = "sleep 1 --password hunter1 --token=hunter2 --x https://ann:hunter3@example.com/"
env = { DB_PASSWORD = "hunter4", GREETING = "hi", LINK = "pg://u:hunter5@db/", A = "${MY_KEY}" }
[[daemon.web.probe]]
kind = "http"
url = "https://example.com/x?key=hunter7"
headers = { Authorization = "Bearer hunter8", Accept = "text/html" }
[action.tell]
kind = "http"
url = "https://example.com/hook"
body = "{\"token\": \"xoxb-hunter9-1234567\"}"
"""


def test_no_secret_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rich(tmp_path, SECRETS, MY_KEY="hunter6")
    monkeypatch.setenv("MY_KEY", "hunter6")
    monkeypatch.setenv("GH", "hunter10")
    done = CliRunner().invoke(root, ["config", "show", "-c", str(tmp_path / "ghost.toml")])
    assert done.exit_code == 0
    assert "hunter" not in done.output
    assert 'env = { DB_PASSWORD = "***", GREETING = "hi", LINK = "pg://***@db/", A = "***" }' in (
        done.output
    )
    assert 'Accept = "text/html"' in done.output


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("SLACK_BOT_TOKEN", True),
        ("AWS_SECRET_ACCESS_KEY", True),
        ("PGPASSWORD", True),
        ("X-Api-Key", True),
        ("--passphrase", True),
        ("KEYBOARD", False),
        ("SSH_AUTH_SOCK", False),
        ("PATH", False),
        ("GOOGLE_CREDENTIALS_FILE", False),
    ],
)
def test_a_secret_is_known_by_its_name(name: str, *, secret: bool) -> None:
    assert masks.is_secret(name) is secret


def test_the_mistakes_of_a_file_are_told_instead(tmp_path: Path) -> None:
    (tmp_path / "ghost.toml").write_text("x = 1")
    done = CliRunner().invoke(root, ["config", "show", "-c", str(tmp_path / "ghost.toml")])
    assert done.exit_code != 0
