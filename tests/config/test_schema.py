"""The JSON Schema of ghost.toml: it says what the loader says, as far as it can."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from ghostbot.cli.root import root
from ghostbot.config.keys import DAEMON, LOG, TABLES
from ghostbot.config.schema import schema, shape_of
from ghostbot.config.watched import PROBE

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "ghost.example.toml").read_text(encoding="utf-8")
SCHEMA = schema(EXAMPLE)
VALID = Draft202012Validator(SCHEMA)


def test_it_is_a_schema_and_takes_the_example_with_all_that_it_shows() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    whole = re.sub(r"(?m)^# (?=[a-z_]+ = |\[)", "", EXAMPLE)
    for text in (EXAMPLE, whole, (ROOT / "examples/quickstart/ghost.toml").read_text()):
        assert [error.message for error in VALID.iter_errors(tomllib.loads(text))] == []


def test_every_reader_has_a_shape() -> None:
    for keys in (*TABLES.values(), DAEMON, LOG, PROBE):
        for read in keys.values():
            assert shape_of(read)


@pytest.mark.parametrize(
    "text",
    [
        "[ghots]",
        "[daemon.web]",
        "daemon.web.command = 5",
        'daemon.web = { command = "x", restart_afer = "1s" }',
        'daemon.web = { command = "x", kind = "onshot" }',
        'daemon.web = { command = "x", stop_timeout = 5 }',
        'daemon.web = { command = "x", stop_timeout = "5 s" }',
        'daemon.web = { command = "x", port = 70000 }',
        'daemon.web = { command = "x", probe = [{ url = "http://x" }] }',
        'daemon.web = { command = "x", probe = [{ kind = "tcp", url = "http://x" }] }',
        'daemon."a b".command = "x"',
        'defaults.command = "x"',
        'check.x = { kind = "notify" }',
        'check.x = { kind = "tcp", role = "live" }',
        'action.x = { kind = "restart", url = "http://x" }',
        "web.listen = false",
    ],
)
def test_what_the_loader_refuses_of_a_shape_it_refuses(text: str) -> None:
    assert not VALID.is_valid(tomllib.loads(text))


def test_a_variable_may_stand_wherever_a_text_may() -> None:
    keys = {"command": "x", "stop_timeout": "${WAIT}", "memory_max": "${MOST}B"}
    assert VALID.is_valid({"daemon": {"web": keys}})


def described(shape: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Give every key of every table, and whether it is described."""
    for key, inner in shape.get("properties", {}).items():
        if "properties" not in inner and "patternProperties" not in inner:
            yield key, "description" in inner
        yield from described(inner)
        yield from described(inner.get("items", {}))
    for inner in shape.get("patternProperties", {}).values():
        yield from described(inner)


def test_keys_are_described_as_the_example_describes_them() -> None:
    bare = {key for key, told in described(SCHEMA) if not told}
    assert bare <= {"probe", "url", "headers", "body"}  # told where they are a probe's
    stop_s = SCHEMA["properties"]["defaults"]["properties"]["stop_timeout"]
    assert stop_s["description"] == "then it is made to end"


def test_the_command_prints_it() -> None:
    done = CliRunner().invoke(root, ["config", "schema"])
    assert done.exit_code == 0
    assert json.loads(done.output) == SCHEMA
