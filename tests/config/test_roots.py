"""Trees that patches may change, in ghost.toml."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ghostbot.config.load import load
from ghostbot.config.model import Config
from ghostbot.config.show import show
from ghostbot.errors import ConfigError

APP = '[root.app]\npath = "app"\n'
HUB = '[webhook.gpt]\nscheme = "github"\nsecret_env = "GHOST_GPT"\n'
HOOK = '[webhook.gpt]\nscheme = "bearer"\nsecret_env = "GHOST_GPT"\n'


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], Config]:
    (tmp_path / "app").mkdir()

    def loaded(text: str) -> Config:
        (tmp_path / "ghost.toml").write_text(text)
        return load(tmp_path / "ghost.toml", os.environ)

    return loaded


def test_a_path_is_enough(read: Callable[[str], Config], tmp_path: Path) -> None:
    root = read(APP).roots["app"]
    assert root.path == tmp_path / "app"
    assert (root.approvals, root.approvals_risky, root.expires_s) == (1, 2, 86_400.0)
    assert (root.verify, root.auto, root.approve_in) == ((), None, None)


def test_what_is_shown_of_it_is_read_again_as_the_same(read: Callable[[str], Config]) -> None:
    text = f"""{APP}
    allow = "src/**"
    protect = ["billing"]
    approvals_risky = 3
    expires = "2h"
    verify = [["sh", "-c", "true; true"], "ls -l"]
    verify_link = ["node_modules/"]
    verify_timeout = "90s"
    restart = "web"
    auto = "exact"
    auto_from = ["webhook:gpt"]
    approve_in = "any"
    shell_policy = "ignore"
    {HOOK}
    [daemon.web]
    command = "sleep 1"
    """
    config = read(text)
    root = config.roots["app"]
    assert root.verify == (("sh", "-c", "true; true"), ("ls", "-l"))
    assert root.verify_link == ("node_modules",)
    assert (root.auto, root.approve_in, root.shell_policy) == ("exact", "any", "ignore")
    assert read(show(config)).roots == config.roots


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[root.app]\n", "root.app: its path is missing"),
        ("root = 3\n", "root: 3 is no table"),
        (f'{APP}verify = ["pytest", "-q"]\n', 'write verify = [["pytest", "-q"]]'),
        (f"{APP}verify = 3\n", "3 is no list"),
        (f"{APP}verify = [[]]\n", "root.app.verify[0]: it is empty"),
        (f'{APP}verify_link = ["../x"]\n', "seen from the root"),
        (f'{APP}allow = ["/etc"]\n', "seen from the root"),
        (f'{APP}expires = "5s"\n', "too short"),
        (f'{APP}auto = "always"\n', '"always" is not known'),
        (f'{APP}approve_in = "cli"\n', '"cli" is not known'),
        (f'{APP}restart = ["wbe"]\n[daemon.web]\ncommand = "ls"\n', "did you mean web"),
        (f'{APP}auto = "exact"\nauto_from = ["gpt"]\n{HOOK}', "it takes an allow"),
        (f'{APP}auto = "exact"\nallow = ["x"]\n', "it takes an auto_from"),
        (f'{APP}auto = "exact"\nallow = ["x"]\nauto_from = ["gtp"]\n{HOOK}', "did you mean gpt"),
        ('[root.all]\npath = "app"\n', '"all" means every daemon'),
        ('[root.app]\npath = "/"\n', "the whole machine"),
        (f'{APP}[root.b]\npath = "app/src"\n', "root.b.path: it lies in [root.app]"),
        (f'{APP}[root.b]\npath = "app"\n', "it lies in"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_the_way_out(
    read: Callable[[str], Config], text: str, words: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        read(text)
    assert len([line for line in raised.value.mistakes if words in line]) == 1, raised.value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[root.app]\npath = "gone"\n', "no patch can be taken"),
        (f'{APP}verify = ["no-such-program"]\n', "every patch of this root will fail"),
        (f"{APP}verify_live = true\n", "it does nothing without verify"),
        (f'{APP}auto_from = ["gpt"]\n{HOOK}', 'it does nothing without auto = "exact"'),
        (
            f'{APP}auto = "exact"\nallow = "x"\nauto_from = "gpt"\n' + HUB,
            "gpt signs no time, so what was recorded goes again without a person",
        ),
    ],
)
def test_what_keeps_no_daemon_from_running_is_a_warning(
    read: Callable[[str], Config], text: str, words: str
) -> None:
    assert any(words in line for line in read(text).warnings)


def test_a_root_lies_in_another_by_a_link_too(
    read: Callable[[str], Config], tmp_path: Path
) -> None:
    (tmp_path / "app" / "src").mkdir()
    (tmp_path / "current").symlink_to("app/src")
    with pytest.raises(ConfigError, match=r"it lies in \[root.app\]"):
        read(f'{APP}[root.b]\npath = "current"\n')
