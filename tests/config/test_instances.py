"""Instances: one table becomes many daemons, and its name goes on to mean them all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ghostbot.config.load import load
from ghostbot.config.model import Config
from ghostbot.errors import ConfigError

Read = Callable[[str], Config]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def parse(text: str) -> Config:
        file = tmp_path / "ghost.toml"
        file.write_text(text)
        return load(file, {"PATH": os.environ["PATH"]})

    return parse


def mistakes(read: Read, text: str) -> str:
    with pytest.raises(ConfigError) as told:
        read(text)
    return str(told.value)


WEB = '[daemon.web]\ncommand = "sleep 1"\ninstances = 2\n'
APP = '[daemon.app]\ncommand = "sleep 1"\n'


def test_two_instances_are_two_daemons_with_logs_of_their_own(read: Read, tmp_path: Path) -> None:
    daemons = read(WEB + '[daemon.web.log]\npath = "w.log"\nstderr = "w.err.log"').daemons
    assert list(daemons) == ["web-1", "web-2"]
    assert [(d.name, d.of, d.instance) for d in daemons.values()] == [
        ("web-1", "web", 1),
        ("web-2", "web", 2),
    ]
    assert daemons["web-2"].log.path == tmp_path / "w-2.log"
    assert daemons["web-2"].log.stderr == tmp_path / "w.err-2.log"


def test_a_single_one_keeps_its_name_and_is_its_own_family(read: Read) -> None:
    web = read(WEB.replace("2", "1")).daemons["web"]
    assert (web.of, web.instance) == ("web", None)


def test_after_web_means_after_each_of_them_and_one_can_be_meant(read: Read) -> None:
    daemons = read(WEB + APP + 'after = ["web"]').daemons
    assert daemons["app"].after == ("web-1", "web-2")
    daemons = read(WEB + APP + 'after = ["web-2"]').daemons
    assert daemons["app"].after == ("web-2",)


def test_instances_come_after_what_the_table_comes_after(read: Read) -> None:
    daemons = read(APP + WEB + 'after = ["app"]').daemons
    assert daemons["web-1"].after == daemons["web-2"].after == ("app",)


def test_a_circle_through_an_instance_is_a_circle(read: Read) -> None:
    told = mistakes(read, WEB + 'after = ["app"]\n' + APP + 'after = ["web-1"]')
    assert "they wait for each other" in told
    assert "it waits for itself" in mistakes(read, WEB + 'after = ["web-1"]')


def test_instances_share_neither_a_port_nor_a_name(read: Read) -> None:
    told = mistakes(read, WEB + 'port = 8000\n[daemon.web-2]\ncommand = "sleep 1"')
    assert '2 instances cannot share port 8000: write "auto"' in told
    assert "one of web's would be web-2, which is a daemon too" in told
    assert read(WEB + 'port = "auto"').daemons["web-2"].port_auto
