"""`ghost manifest`: the app that people create, also a second one beside the first."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

ROOT = Path(__file__).parents[2]
GHOST = Path(sys.executable).with_name("ghost")
SCHEMA = json.loads((ROOT / "tests/data/manifest.schema.json").read_text(encoding="utf-8"))


def manifest(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [GHOST, "manifest", *words], capture_output=True, text=True, timeout=20, check=False
    )


def test_it_is_manifest_yml_to_the_letter() -> None:
    assert manifest().stdout == (ROOT / "manifest.yml").read_text(encoding="utf-8")


def test_a_second_installation_has_its_own_name_and_command() -> None:
    ran = manifest("--name", "Ghost: staging", "--command", "/ghost-staging")
    made = yaml.safe_load(ran.stdout)
    assert not [e.message for e in Draft7Validator(SCHEMA).iter_errors(made)]
    assert made["display_information"]["name"] == "Ghost: staging"
    assert made["features"]["bot_user"]["display_name"] == "ghost-staging"
    assert [c["command"] for c in made["features"]["slash_commands"]] == ["/ghost-staging"]
    assert "Type /ghost-staging to see" in made["display_information"]["long_description"]
    assert 'command = "/ghost-staging"' in ran.stderr


def test_json_says_the_same() -> None:
    assert json.loads(manifest("--json").stdout) == yaml.safe_load(manifest().stdout)


@pytest.mark.parametrize(
    "words",
    [
        ("--command", "ghost"),
        ("--command", "/Ghost"),
        ("--command", "/ghost all"),
        ("--command", "/" + "x" * 40),
        ("--name", ""),
        ("--name", "x" * 36),
    ],
)
def test_what_slack_would_not_take_is_refused_with_what_it_takes(words: tuple[str, ...]) -> None:
    ran = manifest(*words)
    assert ran.returncode == 2
    assert "it takes" in ran.stderr
    assert not ran.stdout
