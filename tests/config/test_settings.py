"""Tables as keys and values, to compare two files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ghostbot.config.load import load
from ghostbot.config.model import Config
from ghostbot.config.settings import DESCRIBED, of_daemon, of_ghost, of_shared
from ghostbot.core.plan import differing

TOML = """
[web]
listen = "off"
[daemon.web]
command = "true"
port = "auto"
"""


def config(tmp_path: Path, text: str = TOML) -> Config:
    path = tmp_path / "ghost.toml"
    path.write_text(text)
    return load(path, {"PATH": "/usr/bin:/bin"})


def test_every_described_key_is_one_that_a_daemon_has(tmp_path: Path) -> None:
    assert set(of_daemon(config(tmp_path).daemons["web"])) >= DESCRIBED


@pytest.mark.parametrize("key", ["command", "cwd", "env", "user", "kind", "log.path", "notify"])
def test_what_a_process_is_made_of_is_not_described(tmp_path: Path, key: str) -> None:
    assert key in of_daemon(config(tmp_path).daemons["web"])
    assert key not in DESCRIBED


def test_a_port_that_ghost_chose_is_no_setting(tmp_path: Path) -> None:
    web = config(tmp_path).daemons["web"]
    assert of_daemon(replace(web, port=20_001)) == of_daemon(web)


def test_probes_limits_and_times_are_ghosts_alone_but_who_notifies_is_told_at_its_start(
    tmp_path: Path,
) -> None:
    more = 'memory_max = "1GB"\ncpu_max = 50\nlimit_for = "5s"\nschedule = "@daily"\n'
    more += 'drill = "@weekly"\nwatch = "*.py"\nrestart_with = true\n'
    probe = '[[daemon.web.probe]]\nkind = "tcp"\n'
    plain, new = (
        of_daemon(config(tmp_path, t).daemons["web"]) for t in (TOML, TOML + more + probe)
    )
    keys = differing(plain, new)
    assert set(keys) == {
        *("memory_max", "cpu_max", "limit_for", "schedule", "drill", "watch", "restart_with"),
        "probes",
    }
    assert set(keys) <= DESCRIBED
    notifies = of_daemon(config(tmp_path, TOML + probe.replace("tcp", "notify")).daemons["web"])
    assert "notify" in differing(plain, notifies)


def test_checks_and_actions_belong_to_no_daemon(tmp_path: Path) -> None:
    more = '[check.site]\nkind = "tcp"\nport = 80\n[action.go]\nkind = "restart"\ndaemons = "all"\n'
    old, new = config(tmp_path), config(tmp_path, TOML + more)
    assert differing(of_shared(old), of_shared(new)) == ("[check.site]", "[action.go]")
    assert differing(of_shared(new), of_shared(new)) == ()


def test_keys_are_those_of_the_file(tmp_path: Path) -> None:
    before = config(tmp_path)
    after = config(tmp_path, TOML.replace('"off"', '"127.0.0.1:9"') + 'stop_timeout = "3s"\n')
    assert differing(of_ghost(before), of_ghost(after)) == ("[web] listen",)
    old, new = (of_daemon(c.daemons["web"]) for c in (before, after))
    assert differing(old, new) == ("stop_timeout",)
