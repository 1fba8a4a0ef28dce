"""What [slack] says of people."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from ghostbot.config.load import load
from ghostbot.config.show import show
from ghostbot.errors import ConfigError

DAEMON = '[daemon.web]\ncommand = "sleep 1"\ngroup = "site"\n'


def loaded(folder: Path, slack: str) -> object:
    path = folder / "ghost.toml"
    path.write_text(f"[slack]\nchannel = '#a'\n{textwrap.dedent(slack)}\n{DAEMON}")
    return load(path, {})


def test_people_quiet_and_routes_are_read_and_shown_again(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        """
        mention = "@on-call"
        quiet = ["22:00-07:00", "sat-sun"]
        routes = { critical = "#ops", "group:site" = "C012345" }
        """,
    )
    slack = config.slack  # type: ignore[attr-defined]
    assert slack.mention == ("@on-call",)
    assert [w.text for w in slack.quiet] == ["22:00-07:00", "sat-sun"]
    assert slack.routes == {"critical": "#ops", "group:site": "C012345"}
    again = tmp_path / "again.toml"
    again.write_text(show(config))  # type: ignore[arg-type]
    assert load(again, {}).slack == slack


def test_whose_posts_are_patches_is_read_and_shown_again(tmp_path: Path) -> None:
    config = loaded(tmp_path, 'patches = { channel = "#patches", from = ["U012ABCDEF", "B012"] }')
    slack = config.slack  # type: ignore[attr-defined]
    assert (slack.patches.channel, slack.patches.from_) == ("#patches", ("U012ABCDEF", "B012"))
    again = tmp_path / "again.toml"
    again.write_text(show(config))  # type: ignore[arg-type]
    assert load(again, {}).slack == slack


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('patches = "#patches"', '"#patches" lists nobody'),
        ('patches = { channel = "#patches" }', "slack.patches.from: it lists nobody"),
        ('patches = { channel = "#p", from = [] }', "it lists nobody"),
        ('patches = { channel = "p", from = "U012" }', "slack.patches.channel"),
        ('patches = { channel = "#p", from = ["@gpt"] }', '"@gpt" is no id'),
        ('patches = { chanel = "#p", from = "U012" }', "slack.patches.chanel: unknown key (did"),
        ('mention = "on call"', 'slack.mention: "on call" is nobody'),
        ('quiet = ["night"]', 'slack.quiet[0]: "night" is no time of quiet'),
        ('routes = { critcal = "#a" }', "did you mean critical?"),
        ('routes = { critical = "ops" }', 'slack.routes.critical: "ops" is no channel'),
        ('routes = { "group:sit" = "#a" }', "no daemon is in group:sit (did you mean group:site?)"),
        ('routes = "#a"', "is no table"),
    ],
)
def test_what_makes_no_sense_is_told_at_its_place(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigError) as told:
        loaded(tmp_path, line)
    assert said in str(told.value)
