"""The rooms of the house are where people look for them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
ROOMS = (
    *("ghostbot", "handlers", "tests", "examples", "docs", ".ci", ".github/workflows"),
    *("ghostbot/core", "ghostbot/config", "ghostbot/process", "ghostbot/probes", "ghostbot/store"),
    *("ghostbot/incidents", "ghostbot/guards", "ghostbot/slack", "ghostbot/slack/blocks"),
    *("ghostbot/web", "ghostbot/cli", "ghostbot/playground"),
    *("tests/fakes", "tests/programs", "tests/e2e"),
)
FILES = (
    *("manifest.yml", ".env.example", "pyproject.toml", "README.md", "ARCHITECTURE.md"),
    *("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "LICENSE", "Makefile"),
    *("ghost.example.toml", "constraints.txt", ".ci/run", "examples/quickstart/ghost.toml"),
    *("handlers/admission.py", "handlers/commands.py", "handlers/mentions.py"),
    *("handlers/buttons.py", "handlers/shortcuts.py", "handlers/home.py", "handlers/replies.py"),
    *("ghostbot/__main__.py", "ghostbot/life.py", "ghostbot/app.py", "ghostbot/ghost.py"),
    *("ghostbot/errors.py", "ghostbot/bus.py", "ghostbot/voice.py", "ghostbot/heartbeats.py"),
    *("ghostbot/core/daemon.py", "ghostbot/core/restart.py", "ghostbot/core/words.py"),
)


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_is_there_and_not_empty(room: str) -> None:
    assert any((ROOT / room).iterdir())


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_there_and_says_something(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8").strip()


def test_tests_stand_where_the_code_stands() -> None:
    here = ROOT / "tests"
    for test in here.rglob("test_*.py"):
        *folders, name = test.relative_to(here).parts
        if not folders or folders[0] in {"e2e", "soak"}:
            continue
        place = ROOT.joinpath(*folders if folders[0] == "handlers" else ("ghostbot", *folders))
        assert place.is_dir(), f"{name} tests nothing that stands in {place}"


def test_what_ci_runs_can_be_run() -> None:
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_an_example_of_secrets_holds_none() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    named = dict(line.lstrip("# ").split("=", 1) for line in lines if "SLACK_" in line)
    assert named == {
        "SLACK_BOT_TOKEN": "",
        "SLACK_APP_TOKEN": "",
        "SLACK_API_URL": "https://slack.com/api/",
    }


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github" / "workflows").iterdir()), ids=lambda p: p.name
)
def test_a_workflow_has_few_rights_an_end_and_pinned_actions(path: Path) -> None:
    flow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert flow["permissions"] == {"contents": "read"}
    for job in flow["jobs"].values():
        assert job["timeout-minutes"] <= 20
        used = [step["uses"] for step in job["steps"] if "uses" in step]
        assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", action) for action in used)
        assert any(step.get("run") == ".ci/run" for step in job["steps"])


def test_the_pins_hold_every_package_that_ghost_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = {
        plain_name(line.split("==")[0])
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    missing = {plain_name(re.split(r"[<>=\[; ]", one)[0]) for one in asked} - pinned
    assert not missing, f"constraints.txt does not pin {missing}"


def plain_name(name: str) -> str:
    """Write a package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
