"""The quickstart: it loads without a note, and its daemons are what it says they are."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ghostbot.config.load import load
from ghostbot.core.restart import Kind

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart"
CONFIG = load(QUICKSTART / "ghost.toml", os.environ)


def test_it_loads_without_a_warning_and_holds_the_six_daemons() -> None:
    assert CONFIG.warnings == ()
    assert set(CONFIG.daemons) == {
        *("ghost-bridge", "patch-executor", "realtime-monitor"),
        *("summary-monitor", "role-verifier", "relay-core"),
    }
    assert CONFIG.slack.channel == "#ghost-alerts"
    assert CONFIG.daemons["patch-executor"].after == ("ghost-bridge",)
    assert CONFIG.daemons["role-verifier"].policy.kind is Kind.ONESHOT
    assert CONFIG.daemons["relay-core"].policy.stop_timeout_s == 2


def test_its_programs_are_short_and_use_only_the_standard_library() -> None:
    for program in (QUICKSTART / "daemons").glob("*.py"):
        text = program.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 40
        words = (line.split() for line in text.splitlines())
        imported = {w[1].split(".")[0] for w in words if w[:1] in (["import"], ["from"])}
        assert imported <= sys.stdlib_module_names


def test_the_role_verifier_ends_well() -> None:
    daemon = CONFIG.daemons["role-verifier"]
    ended = subprocess.run(
        daemon.command, cwd=daemon.cwd, capture_output=True, timeout=20, check=True
    )
    assert b"4 roles verified" in ended.stdout


def test_the_bridge_answers_and_the_executor_takes_its_work() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    bridge = started("ghost-bridge", port)
    try:
        assert "bridge open" in line_of(bridge)
        executor = started("patch-executor", port)
        try:
            assert "executor ready" in line_of(executor)
            assert re.search(r"patch 1 of|no patch waiting", line_of(executor))
            assert '"GET /work HTTP/1.1" 200' in line_of(bridge)
        finally:
            end(executor)
    finally:
        end(bridge)


def started(name: str, port: int) -> subprocess.Popen[str]:
    daemon = CONFIG.daemons[name]
    env = {**os.environ, **daemon.env, "BRIDGE_PORT": str(port)}
    return subprocess.Popen(
        daemon.command, cwd=daemon.cwd, env=env, stdout=subprocess.PIPE, text=True
    )


def line_of(program: subprocess.Popen[str]) -> str:
    assert program.stdout is not None
    return program.stdout.readline()


def end(program: subprocess.Popen[str]) -> None:
    program.kill()
    program.communicate()


def test_the_relay_ignores_term_and_has_three_children_in_sessions_of_their_own() -> None:
    daemon = CONFIG.daemons["relay-core"]
    core = subprocess.Popen(
        daemon.command, cwd=daemon.cwd, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert core.stdout is not None
    pids = {core.pid}
    try:
        pids |= {pid_in(core.stdout.readline()) for _ in range(4)}
        assert len(pids) == 4
        assert {os.getsid(pid) for pid in pids if pid != core.pid}.isdisjoint({core.pid})
        os.kill(core.pid, signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            core.wait(0.3)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        core.stdout.read()  # ends when none is left that could write
        core.stdout.close()
        core.wait()


def pid_in(line: str) -> int:
    """Return the pid that a line of the relay's begins with: `03:14:15 [4711] relay a open`."""
    return int(line.split("[")[1].split("]", maxsplit=1)[0])
