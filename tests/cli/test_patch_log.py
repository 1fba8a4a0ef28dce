"""`ghost patch log`: what became of patches, and whether anybody changed what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ghostbot.patches import chain

DIFF = "--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+x\n"
Ran = subprocess.CompletedProcess[str]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    (tmp_path / "ghost.toml").write_text("")
    return tmp_path


def run(place: Path, *words: str, given: str = "") -> Ran:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GHOST_", "SLACK_"))}
    return subprocess.run(
        [sys.executable, "-m", "ghostbot", "patch", *words],
        cwd=place,
        env={**kept, "PYTHONPATH": str(Path(__file__).parents[2])},
        input=given,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def apply(place: Path) -> Ran:
    return run(place, "apply", "-", "--root", "root", "--yes", given=DIFF)


def test_an_apply_is_logged_before_and_after_by_whom_and_without_its_text(place: Path) -> None:
    assert apply(place).returncode == 0
    ran = run(place, "log", "--json")
    first, last = (json.loads(line) for line in ran.stdout.splitlines())
    assert (first["status"], last["status"]) == ("approved", "applied")
    assert first["id"] == last["id"]
    assert first["by"].startswith("local:")
    assert first["unattended"] is True
    assert first["files"] == ["x"]
    assert first["plan_digest"].startswith("sha256:")
    assert "+x" not in ran.stdout
    assert " applied " in run(place, "log", "-n", "1").stdout


def test_an_empty_log_says_so_and_is_whole(place: Path) -> None:
    assert run(place, "log").stdout == "no patch yet\n"
    assert run(place, "log", "verify").returncode == 0
    assert not (place / ".ghost").exists()


def test_a_whole_log_is_exit_0_and_a_changed_one_1(place: Path) -> None:
    apply(place)
    ran = run(place, "log", "verify")
    assert ran.returncode == 0
    assert "the log is whole: 2 lines" in ran.stdout
    head = ran.stdout.split("its head is ")[1].strip()
    assert run(place, "log", "verify", "--head", head).returncode == 0
    log = place / ".ghost" / chain.LOG
    log.write_bytes(log.read_bytes().replace(b'"cli"', b'"CLI"', 1))
    ran = run(place, "log", "verify")
    assert ran.returncode == 1
    assert "line 2: the line before it is not the one that stood there" in ran.stderr
    told = json.loads(run(place, "log", "verify", "--json").stdout)
    assert told["whole"] is False
    assert told["faults"][0]["line"] == 2


def test_who_wrote_the_head_down_misses_what_was_removed_whole(place: Path) -> None:
    apply(place)
    head = run(place, "log", "verify").stdout.split("its head is ")[1].strip()
    for name in (chain.LOG, chain.HEAD):
        (place / ".ghost" / name).unlink()
    assert run(place, "log", "verify").returncode == 0
    ran = run(place, "log", "verify", "--head", head)
    assert ran.returncode == 1
    assert "the one you know is number 2" in ran.stderr
    assert run(place, "log", "verify", "--head", "2").returncode == 2


def test_without_a_log_to_write_nothing_is_applied(place: Path) -> None:
    (place / ".ghost" / chain.LOG).mkdir(parents=True)
    assert apply(place).returncode == 1
    assert not (place / "root" / "x").exists()
