"""Webhooks and inboxes: from their tables in ghost.toml to those of the model, and what spans keys.

Rule 1: an inbox is a folder of its own: what lies in it is taken out of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ghostbot.config.find import beside
from ghostbot.config.model import Config, SummariesTable, WatchTable, WebhookTable
from ghostbot.config.page import Page
from ghostbot.config.sending import SUMMARIES, WATCH, WEBHOOK
from ghostbot.config.wrong import Place
from ghostbot.core.words import did_you_mean

NEEDED = {
    "scheme": 'write scheme = "bearer", "github" or "standard"',
    "secret_env": 'write secret_env = "GHOST_GPT", and the secret itself into .env',
}


def webhooks(raw: object, page: Page) -> dict[str, WebhookTable]:
    """Read all [webhook.SOURCE]."""
    found: dict[str, WebhookTable] = {}
    for name, place, item in page.named("webhook", raw):
        said = _plain(page.table(place, item, WEBHOOK, "webhook"))
        missing = [key for key in NEEDED if key not in said]
        for key in missing:
            if isinstance(item, dict) and not page.is_wrong(*place, key):
                page.wrong(place, f"its {key} is missing: {NEEDED[key]}")
        if not missing:
            found[name] = WebhookTable(name=name, **said)
    return found


def watches(raw: object, page: Page, folder: Path) -> dict[str, WatchTable]:
    """Read all [watch.NAME]; paths are seen from `folder`."""
    found: dict[str, WatchTable] = {}
    for name, place, item in page.named("watch", raw):
        said = _plain(page.table(place, item, WATCH, "watch"))
        if "inbox" not in said:
            if isinstance(item, dict) and not page.is_wrong(*place):
                page.wrong(place, 'its inbox is missing: write inbox = "inbox"')
            continue
        said["inbox"] = beside(folder, said["inbox"])
        found[name] = WatchTable(name=name, **said)
    return found


def summaries(raw: object, page: Page, folder: Path) -> SummariesTable | None:
    """Read [summaries]; without it there is None. Paths are seen from `folder`."""
    if raw is None:
        return None
    said = page.table(("summaries",), raw, SUMMARIES, "summaries")
    if "dir" not in said:
        if isinstance(raw, dict) and not page.is_wrong("summaries"):
            page.wrong(("summaries",), 'its dir is missing: write dir = "summaries"')
        return None
    made = {key: beside(folder, said[key]) for key in ("dir", "archive") if key in said}
    if made.get("archive") == made["dir"]:
        page.wrong(("summaries", "archive"), "it is the dir itself: what was told would come back")
    return SummariesTable(channel=said.get("channel"), **made)


def _plain(said: dict[str, Any]) -> dict[str, Any]:
    """Return what was read as the model has it."""
    made = dict(said)
    if "formats" in made:
        made["formats"] = tuple(one.value for one in made["formats"])
    if "shell_policy" in made:
        made["shell_policy"] = made["shell_policy"].value
    return made


def check_sending(config: Config, page: Page) -> None:
    """Note what spans keys of those who send patches, and of the door they come through."""
    for kind, tables in (("webhook", config.webhooks), ("watch", config.watches)):
        _roots(kind, tables, config, page)
    _inboxes(config, page)
    _public(config, page)


def _roots(
    kind: str, tables: Mapping[str, WebhookTable | WatchTable], config: Config, page: Page
) -> None:
    for name, table in tables.items():
        place: Place = (kind, name)
        if not config.roots and not page.is_wrong("root"):
            page.wrong(place, "there is no root that its patches could change: write [root.NAME]")
        for root in table.roots:
            if root not in config.roots and not page.is_wrong("root", root):
                near = did_you_mean(root, config.roots)
                page.wrong((*place, "roots"), f"there is no [root.{root}]{near}")


def _inboxes(config: Config, page: Page) -> None:
    """Note inboxes that hold what is no patch: all of it would be taken out of there."""
    owners: dict[Path, str] = {}
    held = {config.path: "ghost.toml", config.ghost.state_dir: "Ghost's state"}
    held |= {root.path: f"[root.{name}]" for name, root in config.roots.items()}
    for name, table in config.watches.items():
        place: Place = ("watch", name, "inbox")
        for path, what in held.items():
            if path.is_relative_to(table.inbox):
                words = f"{table.inbox} holds {what}: give patches a folder of their own"
                page.wrong(place, words)
        first = owners.setdefault(table.inbox, name)
        if first != name:
            page.wrong(place, f"{table.inbox} is the inbox of {first} too")


def _public(config: Config, page: Page) -> None:
    """Note a public door that stands in another's way, or that nobody can come in by."""
    door = config.web.public
    if door is None or page.is_wrong("web", "public"):
        return
    place: Place = ("web", "public")
    own = config.web.listen
    if door[1] and own is not None and door[1] == own[1]:
        page.wrong(place, f"{door[1]} is the port of the private door: choose another")
    for name, daemon in config.daemons.items():
        if door[1] and daemon.port == door[1]:
            page.wrong(place, f"{door[1]} is the port of [daemon.{name}]: choose another")
    if door[0] in ("0.0.0.0", "::"):  # noqa: S104 - told, not bound
        words = (
            "the network reaches this door over plain HTTP: let a tunnel or proxy with TLS do so"
        )
        page.warn(place, words)
