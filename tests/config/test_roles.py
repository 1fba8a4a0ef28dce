"""What [roles] says of who may do what."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from ghostbot.config.load import load
from ghostbot.config.model import Config, RolesTable
from ghostbot.config.settings import of_shared
from ghostbot.config.show import show
from ghostbot.core.rights import Grant
from ghostbot.errors import ConfigError

DAEMON = '[daemon.web]\ncommand = "sleep 1"\ngroup = "site"\n'


def loaded(folder: Path, roles: str) -> Config:
    path = folder / "ghost.toml"
    path.write_text(f"[roles]\n{textwrap.dedent(roles)}\n{DAEMON}")
    return load(path, {})


def test_without_the_table_nothing_is_said(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").roles == RolesTable()


def test_roles_are_read_and_shown_again(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        """
        viewer = "*"
        operator = ["@ops", "#alerts", { who = "S0WEBTEAM", groups = "site" }]
        approver = []
        admin = ["U012ABCDEF", "W012ABCDEF", "C012ABCDEF"]
        """,
    )
    assert config.roles == RolesTable(
        viewer=(Grant("*"),),
        operator=(Grant("@ops"), Grant("#alerts"), Grant("S0WEBTEAM", ("site",))),
        approver=(),
        admin=(Grant("U012ABCDEF"), Grant("W012ABCDEF"), Grant("C012ABCDEF")),
    )
    again = tmp_path / "again.toml"
    again.write_text(show(config))
    assert load(again, {}).roles == config.roles


def test_roles_are_true_at_once_after_a_reload(tmp_path: Path) -> None:
    said = of_shared(loaded(tmp_path, 'admin = "U012ABCDEF"'))
    assert said["[roles] admin"] == (Grant("U012ABCDEF"),)
    assert said["[roles] viewer"] is None


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        ('admin = "bob"', 'roles.admin: "bob" is nobody: write "@handle"'),
        ('admin = ["@ops", 5]', "roles.admin[1]: 5 is no text"),
        ('admin = { who = "@ops", groups = ["site"] }', "roles.admin: a table is no list"),
        ('boss = "@ops"', "roles.boss: unknown key"),
        ('operator = "@ops"', 'roles.operator: "@ops" is no list: write operator = ['),
        ('operator = [{ who = "@ops" }]', "roles.operator[0]: it takes both"),
        ('operator = [{ who = "@ops", grups = ["a"] }]', "(did you mean groups?)"),
        ('operator = [{ who = "@ops", groups = [] }]', "groups is empty"),
        ('operator = [{ who = "ops", groups = "site" }]', "roles.operator[0].who: "),
        ('operator = [{ who = "@ops", groups = "siet" }]', "(did you mean site?)"),
    ],
)
def test_what_gives_a_role_to_nobody_is_a_mistake(tmp_path: Path, roles: str, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, roles)
    (said,) = error.value.mistakes
    assert words in said
