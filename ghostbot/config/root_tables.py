"""Roots: from their tables in ghost.toml to those of the model, and what spans their keys.

Rule 1: a root that is not there keeps no daemon from running: it is a warning.
"""

from __future__ import annotations

import os
from pathlib import Path

from ghostbot.config.command import search_path, unrunnable
from ghostbot.config.find import beside
from ghostbot.config.model import Config, RootTable, Scheme
from ghostbot.config.page import Page
from ghostbot.config.roots import ROOT
from ghostbot.config.speech import GROUP
from ghostbot.config.values import name as name_of
from ghostbot.config.wrong import Place, Wrong, shown
from ghostbot.core.words import did_you_mean

SECONDS = ("expires", "verify_timeout")
WORDS = ("auto", "approve_in", "shell_policy")


def roots(raw: object, page: Page, folder: Path) -> dict[str, RootTable]:
    """Read all [root.NAME]; paths are seen from `folder`."""
    if not isinstance(raw, dict):
        page.wrong(("root",), f"{shown(raw)} is no table: write [root.NAME]")
        return {}
    found: dict[str, RootTable] = {}
    for name, item in raw.items():
        place: Place = ("root", name)
        try:
            name_of(name)
        except Wrong as wrong:
            page.wrong(place, str(wrong))
        said = page.table(place, item, ROOT, "root")
        if "path" not in said:
            if isinstance(item, dict) and not page.is_wrong(*place, "path"):
                page.wrong(place, "its path is missing: write the folder that patches may change")
            continue
        said["path"] = beside(folder, said["path"])
        for key in WORDS:
            if key in said:
                said[key] = said[key].value
        named = {f"{key}_s" if key in SECONDS else key: value for key, value in said.items()}
        found[name] = RootTable(name=name, **named)
    return found


def check_roots(config: Config, page: Page) -> None:
    """Note what spans keys of roots, and what they name that is not there."""
    for name, root in config.roots.items():
        place: Place = ("root", name)
        if page.is_wrong(*place):
            continue
        _auto(root, place, config, page)
        _restart(root, place, config, page)
        if root.path == Path(root.path.anchor):
            page.wrong((*place, "path"), f"{root.path} is the whole machine: name one tree")
        elif not os.path.isdir(root.path):  # noqa: PTH112  Path.is_dir raises where a name is too long
            page.warn((*place, "path"), f"there is no folder {root.path}: no patch can be taken")
        else:
            _verify(root, place, page)
    _nested(config, page)


def _auto(root: RootTable, place: Place, config: Config, page: Page) -> None:
    senders = {*config.webhooks, *config.watches}
    senders |= {f"webhook:{name}" for name in config.webhooks}
    senders |= {f"inbox:{name}" for name in config.watches}
    for who in root.auto_from:
        if who not in senders:
            near = did_you_mean(who, senders) or ": write [webhook.NAME] or [watch.NAME]"
            page.wrong((*place, "auto_from"), f"nobody sends patches as {who}{near}")
        hook = config.webhooks.get(who.removeprefix("webhook:"))
        if root.auto is not None and hook is not None and hook.scheme is Scheme.GITHUB:
            why = f"{who} signs no time, so what was recorded goes again without a person"
            page.warn((*place, "auto_from"), f'{why}: write scheme = "standard" there')
    if root.auto is None and root.auto_from:
        page.warn((*place, "auto_from"), 'it does nothing without auto = "exact"')
    if root.auto is not None and not root.allow:
        words = 'it takes an allow: write which files may change without a person ("docs/**")'
        page.wrong((*place, "auto"), words)
    if root.auto is not None and not root.auto_from:
        page.wrong((*place, "auto"), 'it takes an auto_from: write who, as in auto_from = ["gpt"]')


def _restart(root: RootTable, place: Place, config: Config, page: Page) -> None:
    groups = {GROUP + d.group for d in config.daemons.values() if d.group}
    known = {"all", *groups, *config.daemons, *(d.of for d in config.daemons.values())}
    for name in root.restart:
        if name not in known and not page.is_wrong("daemon", name):
            near = did_you_mean(name, known)
            page.wrong((*place, "restart"), f"cannot restart {name}: no such daemon{near}")


def _verify(root: RootTable, place: Place, page: Page) -> None:
    search = search_path({}, page.environ)
    for words in root.verify:
        if why := unrunnable(words, root.path, search):
            page.warn((*place, "verify"), f"{why}: every patch of this root will fail")
    if root.verify_live and not root.verify:
        page.warn((*place, "verify_live"), "it does nothing without verify")


def _nested(config: Config, page: Page) -> None:
    """Note a root that lies in another: two patches could write one file at once."""
    real = {name: Path(os.path.realpath(root.path)) for name, root in config.roots.items()}
    for name, path in real.items():
        for other, above in real.items():
            if name != other and path.is_relative_to(above):
                if path == above and name < other:
                    continue  # told once
                page.wrong(("root", name, "path"), f"it lies in [root.{other}]: make them one root")
