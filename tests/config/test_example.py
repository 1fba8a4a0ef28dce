"""ghost.example.toml: complete, true, and as good as it says."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import fields
from pathlib import Path

from ghostbot.config.keys import DAEMON, GHOST, LOG, SLACK, WEB
from ghostbot.config.load import load
from ghostbot.config.model import Config, DaemonTable, GhostTable, LogTable, SlackTable, WebTable
from ghostbot.core.restart import Policy

EXAMPLE = Path(__file__).parents[2] / "ghost.example.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")


def test_it_is_read_as_it_stands_without_a_warning() -> None:
    assert load(EXAMPLE, os.environ).warnings == ()


def test_it_shows_every_key_of_every_table_and_no_other() -> None:
    shown = tomllib.loads(TEXT)
    web = shown["daemon"]["web"]
    assert set(shown["ghost"]) == set(GHOST)
    assert set(shown["slack"]) == set(SLACK)
    assert set(shown["web"]) == set(WEB)
    assert set(web) - {"log"} == set(DAEMON)
    assert set(web["log"]) == set(LOG)


def test_every_field_of_the_model_has_a_key() -> None:
    tables = {GhostTable: GHOST, SlackTable: SLACK, WebTable: WEB, LogTable: LOG}
    for table, keys in tables.items():
        assert {f.name.removesuffix("_s") for f in fields(table)} == set(keys)
    daemon = {f.name.removesuffix("_s") for f in (*fields(DaemonTable), *fields(Policy))}
    assert daemon - {"name", "policy", "log", "kill_again"} == set(DAEMON)
    assert {f.name for f in fields(Config)} >= {"ghost", "slack", "web", "daemons"}


def test_each_key_has_a_comment_of_one_line() -> None:
    keys = [line for line in TEXT.splitlines() if re.match(r"[a-z_]+ = ", line)]
    daemons = TEXT.index("[daemon.migrate]")
    bare = [k for k in keys if "  # " not in k and TEXT.index(k) < daemons]
    assert bare == []


def test_the_defaults_it_names_are_the_defaults() -> None:
    config = load(EXAMPLE, os.environ)
    web = config.daemons["web"]
    assert web.policy == Policy()
    plain = DaemonTable(name="web", command=web.command, cwd=web.cwd, log=web.log)
    for key in ("autostart", "priority", "ready_after_s", "kill"):
        assert getattr(web, key) == getattr(plain, key)
    assert web.log.path == config.ghost.state_dir / "logs" / "web.log"
    assert config.web.listen == WebTable().listen
    assert (config.slack.command, config.slack.heartbeat_s) == (
        SlackTable().command,
        SlackTable().heartbeat_s,
    )
