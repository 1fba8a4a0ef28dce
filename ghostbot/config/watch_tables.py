"""Probes, checks and actions: from their tables in ghost.toml to those of the model."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from ghostbot.config.find import beside
from ghostbot.config.model import (
    ActionKind,
    ActionTable,
    CheckTable,
    ProbeKind,
    ProbeRole,
    ProbeTable,
)
from ghostbot.config.page import Page
from ghostbot.config.watched import ACTION, ALWAYS, CHECK, DOES, OF_ALL, PROBE, USES
from ghostbot.config.wrong import Place, shown

TUNNEL_EVERY_S = 60.0
CHECK_EVERY_S = 300.0
TUNNEL_ATTEMPTS = 3
SECONDS = {"silence", "every", "timeout", "grace"}


def probes(place: Place, raw: object, page: Page, folder: Path) -> tuple[ProbeTable, ...]:
    """Read [[daemon.NAME.probe]], at `place`; paths are seen from `folder`."""
    if not isinstance(raw, list):
        page.wrong(place, f"{shown(raw)} is no list: write [[daemon.NAME.probe]]")
        return ()
    found: list[ProbeTable] = []
    for i, item in enumerate(raw):
        at = (*place, i)
        said = page.table(at, item, PROBE, "probe")
        if not _is_of_a_kind(at, item, said, page, USES):
            continue
        kind: ProbeKind = said["kind"]
        _needs(at, kind, said, page, of_daemon=True)
        same = sum(one.kind is kind for one in found)
        label = f"{kind.value} {same + 1}" if same else kind.value
        found.append(_probe(label, said, folder))
    return tuple(found)


def checks(raw: object, page: Page, folder: Path) -> dict[str, CheckTable]:
    """Read all [check.NAME]."""
    found: dict[str, CheckTable] = {}
    for name, place, item in page.named("check", raw):
        said = page.table(place, item, CHECK, "check")
        if not _is_of_a_kind(
            place, item, said, page, USES, beside_kind=CHECK.keys() - PROBE.keys()
        ):
            continue
        kind: ProbeKind = said["kind"]
        if kind is ProbeKind.NOTIFY:
            words = "nobody starts it, so it tells nothing: write another kind"
            page.wrong((*place, "kind"), words)
        _needs(place, kind, said, page, of_daemon=False)
        own = {key: said.pop(key) for key in CHECK.keys() - PROBE.keys() if key in said}
        if "pause" in own:
            own["pause_s"] = own.pop("pause")
        if kind is ProbeKind.TUNNEL:
            own.setdefault("attempts", TUNNEL_ATTEMPTS)
        said.setdefault("every", CHECK_EVERY_S)
        found[name] = CheckTable(name=name, probe=_probe(kind.value, said, folder), **own)
    return found


def actions(raw: object, page: Page, folder: Path) -> dict[str, ActionTable]:
    """Read all [action.NAME]."""
    found: dict[str, ActionTable] = {}
    for name, place, item in page.named("action", raw):
        said = page.table(place, item, ACTION, "action")
        if not _is_of_a_kind(place, item, said, page, DOES):
            continue
        _needs_to_act(place, said["kind"], said, page)
        if "timeout" in said:
            said["timeout_s"] = said.pop("timeout")
        if said["kind"] is ActionKind.COMMAND or "cwd" in said:
            said["cwd"] = beside(folder, said.get("cwd", "."))
        for key in ("method", "role"):
            if key in said:
                said[key] = said[key].value
        found[name] = ActionTable(name=name, **said)
    return found


def _is_of_a_kind(
    place: Place,
    raw: object,
    said: Mapping[str, Any],
    page: Page,
    uses: Mapping[Any, frozenset[str]],
    *,
    beside_kind: Any = (),
) -> bool:
    """Tell whether a table has a kind; note each key that its kind does not take."""
    if not isinstance(raw, dict):
        return False
    kinds: list[StrEnum] = list(uses)
    if "kind" not in raw:
        known = ", ".join(f'"{kind.value}"' for kind in kinds)
        page.wrong(place, f"its kind is missing: write kind as one of {known}")
    if "kind" not in said:
        return False
    always = {*(ALWAYS if uses is USES else OF_ALL), *beside_kind}
    for key in said:
        if key not in always and key not in uses[said["kind"]]:
            takers = " or ".join(kind.value for kind in kinds if key in uses[kind])
            kind = said["kind"].value
            page.wrong((*place, key), f'kind = "{kind}" takes no {key} (that is for {takers})')
    return True


def _needs(
    place: Place, kind: ProbeKind, said: Mapping[str, Any], page: Page, *, of_daemon: bool
) -> None:
    """Note what a probe cannot look without."""
    if page.is_wrong(*place):
        return
    match kind:
        case ProbeKind.EXEC if "command" not in said:
            page.wrong(place, 'its command is missing: write command = ["prog", "arg"]')
        case ProbeKind.LOG if not said.keys() & {"pattern", "markers", "silence"}:
            page.wrong(place, "it looks for nothing: write pattern, markers or silence")
        case ProbeKind.LOG if "path" not in said and not of_daemon:
            page.wrong(place, "its path is missing: write the log to look at")
        case ProbeKind.TUNNEL if "url" not in said and not (of_daemon and "pattern" in said):
            way_out = "write url, the agent's or the public address"
            more = ", or pattern, that finds it in the log" if of_daemon else ""
            page.wrong(place, f"it names no address: {way_out}{more}")
        case ProbeKind.HTTP if not of_daemon and not said.keys() & {"url", "port"}:
            page.wrong(place, 'its url is missing: write url = "https://example.com/health"')
        case ProbeKind.TCP if not of_daemon and "port" not in said:
            page.wrong(place, "its port is missing: write port = 5432")
        case ProbeKind.HTTP if "url" in said and "port" in said:
            page.wrong((*place, "port"), "the url has a port itself: leave one of them out")
        case _ if of_daemon and said.get("port", 0) is None:
            page.wrong((*place, "port"), '"auto" is the daemon\'s own, and so is no port at all')


def _needs_to_act(place: Place, kind: ActionKind, said: Mapping[str, Any], page: Page) -> None:
    """Note what an action cannot be done without."""
    needed = {
        ActionKind.RESTART: ("daemons", 'daemons = ["web"]'),
        ActionKind.COMMAND: ("command", 'command = ["prog", "arg"]'),
        ActionKind.HTTP: ("url", 'url = "https://example.com/hook"'),
        ActionKind.GITHUB_DISPATCH: ("repository", 'repository = "owner/name"'),
    }
    key, example = needed[kind]
    if not said.get(key) and not page.is_wrong(*place, key):
        page.wrong(place, f"its {key} is missing: write {example}")
    if kind is not ActionKind.GITHUB_DISPATCH:
        return
    if ("workflow" in said) == ("event_type" in said):
        both = "workflow" in said
        words = "it names a workflow and an event_type" if both else "it names nothing to begin"
        page.wrong(place, f"{words}: write workflow, or event_type for a repository_dispatch")
    if "token_env" not in said and not page.is_wrong(*place, "token_env"):
        page.wrong(place, 'its token_env is missing: write token_env = "GITHUB_TOKEN"')


def _probe(label: str, said: Mapping[str, Any], folder: Path) -> ProbeTable:
    named = {f"{key}_s" if key in SECONDS else key: value for key, value in said.items()}
    if "path" in named:
        named["path"] = beside(folder, named["path"])
    kind = named["kind"]
    if kind is ProbeKind.TUNNEL:
        named.setdefault("every_s", TUNNEL_EVERY_S)
    if kind is ProbeKind.NOTIFY:
        named["role"] = ProbeRole.READY
    return ProbeTable(label=label, **named)
