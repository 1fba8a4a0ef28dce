"""ghost.example.toml: complete, true, and as good as it says."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import fields
from pathlib import Path

from ghostbot.config.keys import (
    ACTION,
    CHECK,
    DAEMON,
    GHOST,
    LOG,
    PROBE,
    ROLES,
    ROOT,
    SLACK,
    SUMMARIES,
    WATCH,
    WEB,
    WEBHOOK,
)
from ghostbot.config.load import load
from ghostbot.config.model import (
    ActionTable,
    CheckTable,
    Config,
    DaemonTable,
    GhostTable,
    LogTable,
    ProbeTable,
    RolesTable,
    RootTable,
    SlackTable,
    SummariesTable,
    WatchTable,
    WebhookTable,
    WebTable,
)
from ghostbot.core.restart import Policy

EXAMPLE = Path(__file__).parents[2] / "ghost.example.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")


def test_it_is_read_as_it_stands_without_a_warning() -> None:
    assert load(EXAMPLE, os.environ).warnings == ()


def test_it_shows_every_key_of_every_table_and_no_other() -> None:
    shown = tomllib.loads(re.sub(r"(?m)^# (?=[a-z_]+ = |\[)", "", TEXT))
    web = shown["daemon"]["web"]
    assert set(shown["ghost"]) == set(GHOST)
    assert set(shown["slack"]) == set(SLACK)
    assert set(shown["roles"]) == set(ROLES)
    assert set(shown["web"]) == set(WEB)
    assert set(shown["root"]["app"]) == set(ROOT)
    assert set(web) - {"log", "probe"} == set(DAEMON)
    assert set(web["log"]) == set(LOG)
    probes = [probe for daemon in shown["daemon"].values() for probe in daemon.get("probe", ())]
    assert {key for probe in probes for key in probe} == set(PROBE)
    assert {key for check in shown["check"].values() for key in check} >= set(CHECK) - set(PROBE)
    assert {key for action in shown["action"].values() for key in action} == set(ACTION)
    assert {key for one in shown["webhook"].values() for key in one} == set(WEBHOOK)
    assert {key for one in shown["watch"].values() for key in one} == set(WATCH)
    assert set(shown["summaries"]) == set(SUMMARIES)


def key_of(field: str) -> str:
    named = {"max_bytes": "max_size"}
    return named.get(field) or field.removesuffix("_s").removesuffix("_bytes")


def test_every_field_of_the_model_has_a_key() -> None:
    tables = {GhostTable: GHOST, SlackTable: SLACK, RolesTable: ROLES, WebTable: WEB, LogTable: LOG}
    for table, keys in tables.items():
        assert {key_of(f.name) for f in fields(table)} == set(keys)
    daemon = {key_of(f.name) for f in (*fields(DaemonTable), *fields(Policy))}
    derived = {"name", "of", "instance", "port_auto", "policy", "log", "probes", "kill_again"}
    assert daemon - derived == set(DAEMON)
    assert {key_of(f.name) for f in fields(ProbeTable)} - {"label"} == set(PROBE)
    own = {key_of(f.name) for f in fields(CheckTable)} - {"name", "probe"}
    assert own == set(CHECK) - set(PROBE)
    assert {key_of(f.name) for f in fields(ActionTable)} - {"name"} == set(ACTION)
    assert {key_of(f.name) for f in fields(RootTable)} - {"name"} == set(ROOT)
    assert {key_of(f.name) for f in fields(WebhookTable)} - {"name"} == set(WEBHOOK)
    assert {key_of(f.name) for f in fields(WatchTable)} - {"name"} == set(WATCH)
    assert {key_of(f.name) for f in fields(SummariesTable)} == set(SUMMARIES)
    assert {f.name for f in fields(Config)} >= {"ghost", "slack", "web", "daemons"}


def test_each_key_has_a_comment_of_one_line() -> None:
    """Where it is first shown, or shown best."""
    lines = re.findall(r"(?m)^(?:# )?([a-z_]+) = (.*)", TEXT)
    told = {key for key, rest in lines if "  # " in rest}
    assert {key for key, _ in lines} == told


def test_the_defaults_it_names_are_the_defaults() -> None:
    config = load(EXAMPLE, os.environ)
    web = config.daemons["web"]
    assert web.policy == Policy()
    plain = DaemonTable(name="web", command=(), cwd=web.cwd, log=LogTable(web.log.path))
    for key in (
        "autostart",
        "priority",
        "ready_after_s",
        "kill",
        "env_file",
        "instances",
        "restart_with",
        "limit_for_s",
    ):
        assert getattr(web, key) == getattr(plain, key)
    for key in ("max_bytes", "keep", "compress"):
        assert getattr(web.log, key) == getattr(plain.log, key)
    assert config.ghost.log_total_bytes == GhostTable(name="", state_dir=EXAMPLE).log_total_bytes
    assert web.log.path == config.ghost.state_dir / "logs" / "web.log"
    assert config.web.listen == WebTable().listen
    assert (config.slack.command, config.slack.heartbeat_s) == (
        SlackTable().command,
        SlackTable().heartbeat_s,
    )
