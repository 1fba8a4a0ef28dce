"""Webhooks, inboxes and the public door in ghost.toml."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ghostbot.config.load import load
from ghostbot.config.model import Config, PublicStatus, Scheme
from ghostbot.config.sending import Format, glob, origin, rate
from ghostbot.config.show import show
from ghostbot.config.wrong import Wrong
from ghostbot.core.bucket import Rate
from ghostbot.errors import ConfigError
from ghostbot.patches.sniff import FORMATS

Mistakes = Callable[[str], list[str]]
APP = '[root.app]\npath = "app"\n'
HOOK = '[webhook.gpt]\nscheme = "bearer"\nsecret_env = "GHOST_GPT"\n'


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], Config]:
    (tmp_path / "app").mkdir()

    def loaded(text: str) -> Config:
        (tmp_path / "ghost.toml").write_text(text)
        return load(tmp_path / "ghost.toml", os.environ)

    return loaded


@pytest.fixture
def mistakes(read: Callable[[str], Config], tmp_path: Path) -> Mistakes:
    def told(text: str) -> list[str]:
        with pytest.raises(ConfigError) as raised:
            read(text)
        return [line.removeprefix(f"{tmp_path}/ghost.toml:") for line in raised.value.mistakes]

    return told


def test_a_webhook_needs_its_scheme_and_its_secret_and_has_defaults_for_the_rest(
    read: Callable[[str], Config],
) -> None:
    hook = read(APP + HOOK).webhooks["gpt"]
    assert (hook.scheme, hook.secret_env, hook.rate) == (
        Scheme.BEARER,
        ("GHOST_GPT",),
        Rate(10, 60.0),
    )
    assert (hook.roots, hook.formats, hook.paths, hook.pending) == ((), (), (), 5)
    assert hook.shell_policy is None


def test_what_is_shown_of_it_is_read_again_as_the_same(read: Callable[[str], Config]) -> None:
    text = (
        APP + HOOK + 'roots = ["app"]\nformats = ["v4a"]\npaths = ["src/**"]\nrate = "5/s"\n'
        'pending = 2\nshell_policy = "ignore"\n[watch.drop]\ninbox = "in"\nroots = "app"\n'
        '[web]\npublic = "127.0.0.1:5052"\npublic_status = "summary"\ncors = "https://a.example"\n'
    )
    first = read(text)
    again = read(show(first))
    assert again.webhooks == first.webhooks
    assert again.watches == first.watches
    assert again.web == first.web
    assert first.web.public == ("127.0.0.1", 5052)
    assert first.web.public_status is PublicStatus.SUMMARY
    assert read(show(read(APP))).web.public is None


@pytest.mark.parametrize(
    ("said", "rate_is"),
    [
        ("10/min", Rate(10, 60)),
        ("5/s", Rate(5, 1)),
        ("1000/h", Rate(1000, 3600)),
        ("3 / day", Rate(3, 86_400)),
    ],
)
def test_a_rate_is_so_many_in_a_time(said: str, rate_is: Rate) -> None:
    assert rate(said) == rate_is


@pytest.mark.parametrize("said", ["0/min", "ten/min", "10", "10/", "/s", "10/week", True, None, []])
def test_what_is_no_rate_is_told_with_a_way_out(said: object) -> None:
    with pytest.raises(Wrong, match=r"no rate: write \"10/min\"|lets nothing in"):
        rate(said)


def test_a_number_alone_is_taken_for_so_many_a_minute_in_the_words_to_its_writer() -> None:
    with pytest.raises(Wrong, match=r'did you mean "10/min"'):
        rate(10)


def test_globs_are_seen_from_a_root_and_origins_are_no_addresses() -> None:
    assert glob("src/**") == "src/**"
    with pytest.raises(Wrong, match="seen from the root"):
        glob("/etc/*")
    assert origin("HTTPS://Status.example.com:8443") == "https://status.example.com:8443"
    with pytest.raises(Wrong, match=r'did you mean "https://a.example"'):
        origin("https://a.example/page")
    with pytest.raises(Wrong, match="is no origin: write"):
        origin("*")


def test_the_formats_that_a_source_may_be_given_are_those_that_are_read() -> None:
    assert [*Format] == [*FORMATS]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (APP + "[webhook.gpt]\n", "webhook.gpt: its scheme is missing: write scheme ="),
        (APP + "[webhook.gpt]\n", "webhook.gpt: its secret_env is missing: write secret_env ="),
        (HOOK, "webhook.gpt: there is no root that its patches could change"),
        (APP + HOOK + 'roots = ["ap"]', "there is no [root.ap] (did you mean app?)"),
        (APP + HOOK.replace("GHOST_GPT", "s3cret!"), '"s3cret!" is no name of a variable'),
        (APP + HOOK.replace("bearer", "baerer"), "(did you mean bearer?)"),
        (APP + HOOK + 'secret = "abc"', "webhook.gpt.secret: unknown key (did you mean"),
        (APP + '[watch.drop]\nroots = "app"', 'its inbox is missing: write inbox = "inbox"'),
        (APP + '[watch.drop]\ninbox = "."', "holds ghost.toml: give patches a folder"),
        (APP + '[watch.drop]\ninbox = "app"', "holds [root.app]: give patches a folder"),
        (APP + '[watch.a]\ninbox = "in"\n[watch.b]\ninbox = "in"', "is the inbox of a too"),
        ('[web]\npublic = "127.0.0.1:5051"', "5051 is the port of the private door"),
        ('[webhook]\ngpt = "x"', 'webhook.gpt: "x" is no table'),
    ],
)
def test_a_mistake_is_told_with_its_place_and_a_way_out(
    mistakes: Mistakes, text: str, said: str
) -> None:
    assert any(said in line for line in mistakes(text)), mistakes(text)


def test_a_public_door_that_the_network_reaches_is_warned_of(read: Callable[[str], Config]) -> None:
    (line,) = [w for w in read('[web]\npublic = "0.0.0.0:5052"').warnings if "web.public" in w]
    assert "over plain HTTP: let a tunnel or proxy with TLS do so" in line


def test_summaries_have_a_dir_and_are_not_archived_where_they_come_from(
    read: Callable[[str], Config], mistakes: Mistakes
) -> None:
    text = '[summaries]\ndir = "s"\narchive = "s/told"\nchannel = "#agents"\n'
    first = read(text)
    assert first.summaries is not None
    assert first.summaries.dir.is_absolute()
    assert read(show(first)).summaries == first.summaries
    assert read("").summaries is None
    assert any("its dir is missing" in line for line in mistakes('[summaries]\nchannel = "#a"'))
    assert any(
        "what was told would come back" in line
        for line in mistakes('[summaries]\ndir = "s"\narchive = "./s"')
    )
