"""Readers of the trees that patches may change: [root.NAME], key by key.

Rule 1: as in `values`: a reader takes an expanded value, and raises Wrong or returns it parsed.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from ghostbot.config.command import command
from ghostbot.config.sending import ShellPolicy, glob
from ghostbot.config.values import Reader, choice, duration, flag, number, one_or_many, path, text
from ghostbot.config.wrong import Place, Wrong, shown


class Auto(StrEnum):
    """Which patches need no person. To leave the key out is: none."""

    EXACT = "exact"


class ApproveIn(StrEnum):
    """Where a person's yes is taken."""

    SLACK = "slack"
    ANY = "any"


def commands(value: object) -> tuple[tuple[str, ...], ...]:
    """Read the checks of a root: one command, or a list of them."""
    if isinstance(value, str):
        return (command(value),)
    if not isinstance(value, list):
        raise Wrong(f'{shown(value)} is no list: write verify = [["pytest", "-q"], "make lint"]')
    if any(isinstance(one, str) and one.startswith("-") for one in value):
        words = ", ".join(shown(one) for one in value)
        raise Wrong(f"it is a list of commands, and one begins with -: write verify = [[{words}]]")
    found: list[tuple[str, ...]] = []
    wrong: list[tuple[Place, str]] = []
    for i, item in enumerate(value):
        try:
            found.append(command(item))
        except Wrong as error:
            wrong += error.below(i)
    if wrong:
        raise Wrong(each=wrong)
    return tuple(found)


def inside(value: object) -> str:
    """Read a path that lies in the root, as seen from there."""
    found = text(value).rstrip("/")
    if found.startswith(("/", "~")) or {"..", ".", ""} & set(found.split("/")):
        raise Wrong(f'{shown(value)} is seen from the root: write "node_modules"')
    return found


ROOT: Mapping[str, Reader] = {
    "path": path,
    "allow": one_or_many(glob, 'allow = ["src/**", "*.md"]'),
    "protect": one_or_many(text, 'protect = ["billing/**"]'),
    "override": one_or_many(glob, 'override = [".env.example"]'),
    "approvals": number(1, 20),
    "approvals_risky": number(1, 20),
    "expires": duration(least_s=60.0),
    "verify": commands,
    "verify_live": flag,
    "verify_link": one_or_many(inside, 'verify_link = ["node_modules", ".venv"]'),
    "verify_timeout": duration(least_s=1.0),
    "restart": one_or_many(text, 'restart = ["web"]'),
    "commit": flag,
    "auto": choice(Auto),
    "auto_from": one_or_many(text, 'auto_from = ["gpt"]'),
    "approve_in": choice(ApproveIn),
    "allow_overwrite": flag,
    "shell_policy": choice(ShellPolicy),
}
