"""Other supervisors' files as drafts of a ghost.toml."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostbot.config.draft import dollars, named, shell, text
from ghostbot.config.foreign import drafts
from ghostbot.config.load import load
from ghostbot.config.variables import expand
from ghostbot.errors import Failed

NAMES = ("Procfile", "supervisord.conf", "ecosystem.json", "process-compose.yaml")
KEYS = st.sampled_from(
    [
        "restart",
        "condition",
        "http_get",
        "exec",
        "command",
        "port",
        "signal",
        "timeout_seconds",
        "=a\\",
    ]
)

SUPERVISORD = """
[supervisord]
nodaemon=true
[program:api]
command=/bin/sleep 100 ; the API
directory=/tmp
user=nobody
autostart=false
autorestart=unexpected
exitcodes=0,2
startsecs=5
stopwaitsecs=3
stopsignal=INT
startretries=9
environment=A="1,2",B='%(ENV_HOME)s',C=100%%
stdout_logfile=/tmp/api.log
stdout_logfile_maxbytes=10MB
stderr_logfile=AUTO
[program:worker]
command=/bin/sleep %(process_num)02d
numprocs=3
autorestart=true
redirect_stderr=true
[group:site]
programs=api,worker
[eventlistener:memmon]
command=memmon
"""
COMPOSE = """
version: "0.5"
processes:
  migrate:
    command: "echo done"
  api:
    command: "exec sleep $TIME"
    working_dir: /tmp
    environment: ["TIME=100", "DEBUG=1"]
    depends_on: {migrate: {condition: process_completed_successfully}}
    availability: {restart: on_failure, backoff_seconds: 2, max_restarts: 5}
    readiness_probe: {http_get: {host: 127.0.0.1, port: 8080, path: /health}, period_seconds: 10}
    shutdown: {signal: 2, timeout_seconds: 4}
    namespace: back end
    is_tty: true
"""


def taken(tmp_path: Path, name: str, words: str) -> dict[str, Any]:
    """Return the daemons that a file becomes, as TOML; what is written loads."""
    path = tmp_path / name
    path.write_text(words)
    found, left = drafts(path)
    written = text(found, name, left)
    (tmp_path / "ghost.toml").write_text(written)
    load(tmp_path / "ghost.toml", {"PATH": "/usr/bin:/bin", "HOME": "/root"})
    return {**tomllib.loads(written)["daemon"], "#": written}


def test_a_supervisord_conf_keeps_what_ghost_has_too(tmp_path: Path) -> None:
    found = taken(tmp_path, "supervisord.conf", SUPERVISORD)
    assert found["api"] == {
        "command": "/bin/sleep 100",
        "cwd": "/tmp",
        "user": "nobody",
        "autostart": False,
        "ready_after": "5s",
        "stop_timeout": "3s",
        "stop_signal": "INT",
        "env": {"A": "1,2", "B": "${HOME}", "C": "100%"},
        "restart": "on-failure",
        "exit_codes": [0, 2],
        "log": {"path": "/tmp/api.log", "max_size": "10MB"},
        "group": "site",
    }
    assert found["worker"]["command"] == ["sh", "-c", "exec /bin/sleep $$INSTANCE"]
    assert found["worker"]["instances"] == 3
    assert "restart" not in found["worker"]
    assert "# not taken over: startretries = 9\n" in found["#"]
    assert "# not taken over: [eventlistener:memmon]\n" in found["#"]


def test_a_process_compose_keeps_order_probes_and_ends(tmp_path: Path) -> None:
    found = taken(tmp_path, "process-compose.yaml", COMPOSE)
    assert found["migrate"]["kind"] == "oneshot"
    assert found["api"] == {
        "command": ["sh", "-c", "exec sleep $$TIME"],
        "cwd": "/tmp",
        "env": {"TIME": "100", "DEBUG": "1"},
        "after": ["migrate"],
        "restart": "on-failure",
        "restart_delay": "2s",
        "group": "back-end",
        "stop_timeout": "4s",
        "stop_signal": "INT",
        "probe": [
            {
                "kind": "http",
                "role": "ready",
                "url": "http://127.0.0.1:8080/health",
                "every": "10s",
            }
        ],
    }
    assert "# not taken over: is_tty = true\n" in found["#"]
    assert "# not taken over: availability.max_restarts = 5\n" in found["#"]


def test_an_ecosystem_of_pm2_keeps_units_and_readers(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("")
    app = {
        "name": "api",
        "script": "app.py",
        "args": "--port 8080",
        "env": {"N": 1, "PRICE": "$5"},
        "max_memory_restart": "300M",
        "kill_timeout": 1600,
        "autorestart": False,
        "wait_ready": True,
    }
    found = taken(tmp_path, "ecosystem.json", json.dumps({"apps": [app]}))
    assert found["api"] == {
        "command": ["python3", "app.py", "--port", "8080"],
        "env": {"N": "1", "PRICE": "$$5"},
        "memory_max": "300MB",
        "stop_timeout": "1.6s",
        "restart": "never",
    }
    assert "# not taken over: wait_ready = true\n" in found["#"]


def test_a_procfile_gives_ports_to_whom_asks_for_one(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\n")
    words = "# theirs\nweb: sleep $PORT\nrelease: true\nclock: A=1 sleep 5\nno entry\n"
    found = taken(tmp_path, "Procfile.dev", words)
    assert found["web"]["command"] == ["sh", "-c", "sleep $$PORT"]
    assert (found["web"]["port"], found["web"]["env_file"]) == (5000, ".env")
    assert found["release"]["kind"] == "oneshot"
    assert found["clock"]["command"] == ["sh", "-c", "A=1 sleep 5"]
    assert "# not taken over: no entry\n" in found["#"]


@pytest.mark.parametrize(
    ("words", "name"), [("my app!", "my-app"), ("all", "all-2"), ("…", "daemon"), ("web", "web-2")]
)
def test_a_name_becomes_one_that_ghost_takes(words: str, name: str) -> None:
    assert named(words, ["web"]) == name


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_a_line_for_the_shell_reaches_it_letter_by_letter(line: str) -> None:
    written = shell(line)
    if isinstance(written, list):
        assert expand(written[2], {}) == line
    assert expand(dollars(line), {}) == line


WORDS = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
    ["[program:a]\n", "command=", "processes:\n", '{"apps": [{"script": ', "web: ", "\\", '"', "%("]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(NAMES), st.lists(WORDS, max_size=8).map("".join))
def test_any_text_is_refused_in_words_or_becomes_toml(
    tmp_path_factory: pytest.TempPathFactory, name: str, words: str
) -> None:
    is_toml_or_refused(tmp_path_factory.mktemp("any") / name, words)


@given(JSON)
def test_any_tables_are_refused_in_words_or_become_toml(
    tmp_path_factory: pytest.TempPathFactory, found: object
) -> None:
    folder = tmp_path_factory.mktemp("any")
    keys = ("name", "args", "env", "instances", "watch", "kill_timeout", "node_args", "out_file")
    app = {"script": "a", **dict.fromkeys(keys, found)}
    is_toml_or_refused(folder / "ecosystem.json", json.dumps({"apps": [app]}))
    tables = {"a": {"command": "a", "environment": found, "depends_on": found, "shutdown": found}}
    more = {"availability": found, "readiness_probe": found, "replicas": found}
    tables["a"] |= more
    is_toml_or_refused(folder / "p.yaml", f"processes:\n  {json.dumps(tables)}\n")


def is_toml_or_refused(path: Path, words: str) -> None:
    path.write_text(words, encoding="utf-8", newline="")
    try:
        found, left = drafts(path)
    except Failed:
        return  # in words; whatever else is raised fails this
    assert tomllib.loads(text(found, path.name, left))["daemon"]
