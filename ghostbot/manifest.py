"""The manifest of the Slack app that Ghost is: the file itself, or one for a second installation.

A second one has another name and another command, such as `/ghost-staging`: two apps of one name
look alike, and Slack gives a command to the app that was installed last.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from ghostbot.errors import BadRequest

NAME_MAX = 35  # Slack's limits
COMMAND_FORM = re.compile(r"/[a-z0-9][a-z0-9_-]{0,30}")
NAME_LINE = re.compile(r"^  name: .*$", re.MULTILINE)
BOT_LINE = re.compile(r"^    display_name: .*$", re.MULTILINE)
COMMAND = re.compile(r"(?<=\s)/ghost\b(?!-)")


def path() -> Path:
    """Return where manifest.yml is: inside the package, or beside it in a checkout."""
    inside = Path(__file__).with_name("manifest.yml")
    return inside if inside.exists() else Path(__file__).parents[1] / "manifest.yml"


def text(name: str | None = None, command: str | None = None) -> str:
    """Return the manifest, under another name and with another command where they are given.

    Raises BadRequest for what Slack would not take.
    """
    found = path().read_text(encoding="utf-8")
    if name is not None:
        shown = _name(name)
        found = NAME_LINE.sub(
            lambda _: f"  name: {json.dumps(shown, ensure_ascii=False)}", found, 1
        )
        found = BOT_LINE.sub(f"    display_name: {_handle(shown)}", found, 1)
    if command is not None:
        if not COMMAND_FORM.fullmatch(command):
            takes = "it takes /, then small letters, digits, - and _, 32 characters in all"
            raise BadRequest(f"cannot use {json.dumps(command)} as the command: {takes}")
        found = COMMAND.sub(command, found)
    return found


def _name(given: str) -> str:
    name = " ".join(given.split())
    if not name or len(name) > NAME_MAX or not name.isprintable():
        takes = f"it takes 1 to {NAME_MAX} characters"
        raise BadRequest(f"cannot use {json.dumps(given)} as the name: {takes}")
    return name


def _handle(name: str) -> str:
    """Return the name by which people mention the bot."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "ghost"
