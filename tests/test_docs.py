"""What the documents say is so: links lead somewhere, commands exist, configs load."""

from __future__ import annotations

import re
import struct
import subprocess
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from click.testing import CliRunner

import ghostbot.guards
from ghostbot.cli.root import root
from ghostbot.config.load import load
from ghostbot.core.verbs import VERBS

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SENTENCE = (
    "Sentinel and selfcheck see. Watchdog decides. Executor acts. Lifecycle orders. "
    "The rest is how to look and how to speak."
)
ELSEWHERE = {"whoami", "claim", "events", "patch"}  # in the chapters on rights and on patches
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def blocks(text: str, kind: str) -> list[str]:
    """Return the code blocks of a kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands() -> Iterator[str]:
    """Give every line that README tells people to type."""
    for block in blocks(README, "console"):
        yield from (line.split("  #")[0].strip() for line in block.splitlines() if line.strip())


def ghost_words() -> set[str]:
    """Return every `ghost VERB` of README, typed or mentioned, with its options."""
    typed = [line for line in commands() if line.startswith("ghost ")]
    return {*typed, *re.findall(r"`(ghost [a-z][^`]*)`", README)}


def anchors(page: Path) -> set[str]:
    """Return the places in a page that a link can name, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_link_between_documents_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith(("https://", "mailto:")):
            continue
        path, _, place = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links to {link}, which is not there"
        assert target.is_relative_to(ROOT), f"{page.name} links out of the repository: {link}"
        assert not place or place in anchors(target), f"{page.name}: no heading for {link}"


@pytest.mark.parametrize("words", sorted(ghost_words()))
def test_every_command_in_readme_exists_with_its_options(words: str) -> None:
    _, *rest = words.split()
    verbs = [w for w in rest if re.fullmatch(r"[a-z]+", w)][
        : 2 if rest[0] in ("config", "slack") else 1
    ]
    asked = CliRunner().invoke(root, [*verbs, "--help"])
    assert asked.exit_code == 0, asked.output
    for option in (w for w in rest if w.startswith("-")):
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", asked.output), f"no {option} in {verbs}"


def test_options_named_in_the_table_of_commands_exist() -> None:
    rows = re.findall(r"^\| `ghost ([a-z]+)[^|]*\| (.*) \|$", README, re.MULTILINE)
    assert len(rows) >= len(VERBS), "the table of commands is there"
    for verb, said in rows:
        options = re.findall(r"`(--?[a-z]+)", said)
        asked = CliRunner().invoke(root, [verb, "--help"])
        missing = [o for o in options if not re.search(rf"{o}\b", asked.output)]
        assert not missing, f"ghost {verb} has no {missing}"


def test_every_make_target_that_documents_name_is_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named = set(re.findall(r"`make ([a-z]+)", text))
        for block in blocks(text, "console"):
            named |= set(re.findall(r"^make ([a-z]+)", block, re.MULTILINE))
        assert named <= targets, f"{page.name} names {named - targets}"


def test_make_alone_lists_its_targets() -> None:
    said = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("run", "test", "check", "clean"):
        assert re.search(rf"make {target}\s+\S", said), f"make does not tell of {target}"


def test_every_slack_command_in_readme_is_a_verb() -> None:
    named = set(re.findall(r"`(?:/|@)ghost ([a-z]+)", README))
    assert named, "README shows what to type"
    assert named <= set(VERBS)


def test_readme_says_what_every_verb_in_slack_gives() -> None:
    table = README.partition("## In Slack")[2].partition("\n## ")[0]
    assert set(re.findall(r"`/ghost ([a-z]+)", table)) >= set(VERBS) - ELSEWHERE


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_config_shown_loads(page: Path, tmp_path: Path) -> None:
    for block in blocks(page.read_text(encoding="utf-8"), "toml"):
        path = tmp_path / "ghost.toml"
        path.write_text(textwrap.dedent(block), encoding="utf-8")
        assert load(path, {}).daemons


def test_every_key_named_in_the_documents_is_a_key() -> None:
    text = (ROOT / "ghost.example.toml").read_text(encoding="utf-8")
    example = tomllib.loads(re.sub(r"(?m)^# (?=[a-z_]+ = |\[)", "", text))
    named = {
        (table, key)
        for page in PAGES
        for table, key in re.findall(r"`\[([a-z]+)\] ([a-z_]+)`", page.read_text(encoding="utf-8"))
    }
    assert named
    for table, key in named:
        assert key in example[table], f"[{table}] {key} is no key"


def test_every_daemon_and_channel_named_in_the_first_minutes_is_in_the_quickstart() -> None:
    quickstart = tomllib.loads((ROOT / "examples/quickstart/ghost.toml").read_text())
    part = README.split("## The first five minutes")[1].split("\n## ")[0]
    named = set(re.findall(r"ghost (?:stop|logs|restart) ([a-z][a-z-]+)", part))
    assert named
    assert named <= set(quickstart["daemon"])
    assert f"`{quickstart['slack']['channel']}`" in part


def test_what_readme_says_of_slack_is_in_the_manifest() -> None:
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))
    (command,) = manifest["features"]["slash_commands"]
    assert f"`{command['command']} status`" in README
    assert f"/invite @{manifest['features']['bot_user']['display_name']}" in README
    assert manifest["settings"]["socket_mode_enabled"]


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md"])
def test_the_sentence_that_holds_the_architecture_stands_word_for_word(name: str) -> None:
    assert f"> **{SENTENCE}**" in (ROOT / name).read_text(encoding="utf-8")


def test_the_guards_open_with_the_sentence() -> None:
    assert SENTENCE in " ".join((ghostbot.guards.__doc__ or "").split())


def test_every_picture_is_a_whole_png_of_a_sane_size() -> None:
    pictures = sorted((ROOT / "docs" / "pictures").iterdir())
    assert pictures
    for picture in pictures:
        data = picture.read_bytes()
        assert data.startswith(b"\x89PNG\r\n\x1a\n"), picture.name
        assert data.endswith(b"IEND\xaeB`\x82"), picture.name
        width, height = struct.unpack(">II", data[16:24])  # W3C PNG §11.2.2, IHDR
        assert 400 <= width <= 2400
        assert 300 <= height <= 2400
        assert 5_000 < len(data) < 1_000_000
        assert any(picture.name in page.read_text(encoding="utf-8") for page in PAGES)


def test_every_file_named_in_the_documents_is_there() -> None:
    # Paths in code quotes, with a folder: ghostbot/…, or as seen from ghostbot/.
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.(?:py|md|yml))`", text):
            places = (ROOT / name, ROOT / "ghostbot" / name)
            assert any(place.exists() for place in places), f"{page.name} names {name}"


def test_the_changelog_has_one_sentence_a_line() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    entries = [line for line in lines if line.startswith("- ")]
    assert entries
    assert all(line.endswith(".") for line in entries)
