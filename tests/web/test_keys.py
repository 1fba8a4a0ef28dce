"""The secrets of webhooks: found, changed, missing, unusable; and never shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ghostbot import veil
from ghostbot.config.model import Scheme
from ghostbot.web.keys import Keys
from tests.fakes.deliveries import SECRET, WHSEC, source


@pytest.fixture(autouse=True)
def _nothing_is_hidden_later() -> Iterator[None]:
    before = veil._Hiding.veil
    yield
    veil.hide_with(before)


def words(keys: Keys, **more: object) -> list[str]:
    return [said for _, said in keys.mistakes(source(**more))]  # type: ignore[arg-type]


def test_they_are_read_from_the_environment_and_from_the_file_beside_ghost_toml(
    tmp_path: Path,
) -> None:
    keys = Keys(tmp_path, {"GHOST_GPT": SECRET})
    assert keys.of(source()) == [SECRET.encode()]
    (tmp_path / ".env").write_text("GHOST_GPT=from the file\nGHOST_OLD=the one before\n")
    both = source(secret_env=("GHOST_GPT", "GHOST_OLD"))
    assert keys.of(both) == [SECRET.encode(), b"the one before"]
    (tmp_path / ".env").write_text("")
    assert keys.of(both) == [SECRET.encode()]


def test_a_secret_that_was_read_is_hidden_in_all_that_leaves(tmp_path: Path) -> None:
    Keys(tmp_path, {"GHOST_GPT": SECRET}).of(source())
    assert SECRET not in veil.hide(f"it is {SECRET}, is it?")


def test_a_source_without_a_secret_takes_nothing_and_that_is_told(tmp_path: Path) -> None:
    keys = Keys(tmp_path, {"GHOST_GPT": "  "})
    assert keys.of(source()) == []
    assert words(keys) == ["[webhook.gpt] takes nothing: GHOST_GPT is not set; write it into .env"]


def test_a_secret_of_the_standard_is_base64(tmp_path: Path) -> None:
    for good in (WHSEC, WHSEC.removeprefix("whsec_")):
        keys = Keys(tmp_path, {"GHOST_STD": good})
        assert keys.of(source("std", Scheme.STANDARD)) == [b"twenty-four bytes or more"]
        assert words(keys, name="std", scheme=Scheme.STANDARD) == []
    for bad in ("whsec_", "not base64!", "whsec_ÄÖ", "whsec_abc"):
        keys = Keys(tmp_path, {"GHOST_STD": bad})
        assert keys.of(source("std", Scheme.STANDARD)) == []
        (said,) = words(keys, name="std", scheme=Scheme.STANDARD)
        assert said.startswith("[webhook.std] cannot use GHOST_STD: it is whsec_ and base64")
        assert bad not in said.replace("whsec_ and", "")


def test_a_short_one_is_taken_and_warned_of(tmp_path: Path) -> None:
    keys = Keys(tmp_path, {"GHOST_GPT": "sesame"})
    assert keys.of(source()) == [b"sesame"]
    (said,) = words(keys)
    assert "so short that it can be guessed" in said
    assert "sesame" not in said
