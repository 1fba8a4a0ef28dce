"""ghost.toml → Config, or every mistake in it at once."""

from __future__ import annotations

import os
import re
import socket
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ghostbot.config.check import check
from ghostbot.config.command import search_path, unrunnable
from ghostbot.config.find import STATE, beside
from ghostbot.config.instances import expanded
from ghostbot.config.keys import DAEMON, LOG, POLICY, TABLES, WITHIN
from ghostbot.config.lines import lines
from ghostbot.config.model import (
    Config,
    DaemonTable,
    GhostTable,
    LogTable,
    RolesTable,
    SlackTable,
    WebTable,
)
from ghostbot.config.page import Page
from ghostbot.config.root_tables import check_roots, roots
from ghostbot.config.sending_tables import check_sending, summaries, watches, webhooks
from ghostbot.config.values import LONGEST_S
from ghostbot.config.values import name as name_of
from ghostbot.config.watch_tables import actions, checks, probes
from ghostbot.config.wrong import Wrong, shown
from ghostbot.core.restart import TUNNEL_RESTARTS, TUNNEL_STABLE_S, Kind, Policy
from ghostbot.errors import ConfigError

POLICY_FIELDS, DAEMON_FIELDS, GHOST_FIELDS, SLACK_FIELDS, WEB_FIELDS = (
    frozenset(field.name for field in fields(table))
    for table in (Policy, DaemonTable, GhostTable, SlackTable, WebTable)
)

LOG_FIELDS = {"max_size": "max_bytes"}


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """Read the file at `path`, its variables from `environ`. Raises ConfigError."""
    text = _text(path)
    page = Page(str(path), lines(text), environ)
    try:
        config = _config(_parsed(text, str(path)), path, page)
    except RecursionError:
        raise ConfigError([f"{path}:1: syntax: values lie too deep within each other"]) from None
    check(config, page)
    check_roots(config, page)
    check_sending(config, page)
    if page.mistakes:
        raise ConfigError(page.mistakes)
    return replace(config, daemons=expanded(config.daemons), warnings=page.warnings)


def _text(path: Path) -> str:
    try:
        held = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            [f"cannot read {path}: {(error.strerror or str(error)).lower()}"]
        ) from None
    try:
        return held.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = held.count(b"\n", 0, error.start) + 1
        words = f"syntax: byte 0x{held[error.start]:02x} is no UTF-8: save the file as UTF-8"
        raise ConfigError([f"{path}:{line}: {words}"]) from None


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, and int() on thousands of digits
        words, line = str(error), text.rstrip("\n").count("\n") + 1
        if found := re.search(r" \(at (?:line ([0-9]+), column [0-9]+|end of document)\)$", words):
            words, line = words[: found.start()], int(found[1] or line)
        said = words[:1].lower() + words[1:]
        raise ConfigError([f"{name}:{line}: syntax: {said}"]) from None


@dataclass(frozen=True, slots=True)
class _House:
    """What all daemons of a file have in common."""

    folder: Path
    state_dir: Path
    defaults: Mapping[str, Any]
    page: Page


def _config(raw: Mapping[str, Any], path: Path, page: Page) -> Config:
    """Build what can be built; what cannot is on the page, with a stand-in in its place."""
    folder = path.absolute().parent
    for key in raw.keys() - TABLES.keys():
        page.unknown((key,), TABLES, "")
    ghost, slack, roles, web, defaults = (
        page.table((name,), raw.get(name, {}), TABLES[name], name)
        for name in ("ghost", "slack", "roles", "web", "defaults")
    )
    state = beside(folder, ghost.get("state_dir", STATE))
    if os.path.lexists(state) and not state.is_dir():
        page.wrong(("ghost", "state_dir"), f"cannot keep state in {state}: it is no folder")
    tables = raw.get("daemon", {})
    if not isinstance(tables, dict):
        page.wrong(("daemon",), f"{shown(tables)} is no table: write [daemon.NAME]")
        tables = {}
    house = _House(folder, state, defaults, page)
    return Config(
        path=beside(folder, path.name),
        ghost=GhostTable(
            **{"name": socket.gethostname(), **_fields(ghost, GHOST_FIELDS), "state_dir": state}
        ),
        slack=SlackTable(**_fields(slack, SLACK_FIELDS)),
        roles=RolesTable(**roles),
        web=WebTable(**_fields(web, WEB_FIELDS)),
        daemons={name: _daemon(name, table, house) for name, table in tables.items()},
        checks=checks(raw.get("check", {}), page, folder),
        actions=actions(raw.get("action", {}), page, folder),
        roots=roots(raw.get("root", {}), page, folder),
        webhooks=webhooks(raw.get("webhook", {}), page),
        watches=watches(raw.get("watch", {}), page, folder),
        summaries=summaries(raw.get("summaries"), page, folder),
    )


def _daemon(name: str, raw: object, house: _House) -> DaemonTable:
    """Build one daemon, with what [defaults] says where it says nothing itself."""
    place, page = ("daemon", name), house.page
    try:
        name_of(name)
    except Wrong as wrong:
        page.wrong(place, str(wrong))
    within = raw if isinstance(raw, dict) else {}
    own = {key: raw[key] for key in raw if key not in WITHIN} if isinstance(raw, dict) else raw
    if not isinstance(raw, dict) and name in DAEMON:
        page.unknown(place, {}, "")
        own = {"command": "true"}  # a key that lost its daemon is one mistake, not three
    found = page.table(place, own, DAEMON, "daemon")
    if isinstance(own, dict) and "command" not in own:
        page.wrong((*place, "command"), "it is missing: write the program to run")
    said = {**house.defaults, **found}
    for key in ("env", "rlimits"):
        said[key] = {**house.defaults.get(key, {}), **found.get(key, {})}
    said["cwd"] = beside(house.folder, said.get("cwd", "."))
    said["env_file"] = tuple(beside(house.folder, f) for f in said.get("env_file", ()))
    said["watch"] = tuple(str(beside(house.folder, glob)) for glob in said.get("watch", ()))
    said["probes"] = probes((*place, "probe"), within.get("probe", []), page, house.folder)
    said["port_auto"] = "port" in said and said["port"] is None
    said["after"] = _after(name, said, found)
    if said.get("kind") is Kind.TUNNEL:
        said = {"slow_restarts": TUNNEL_RESTARTS, "stable_after": TUNNEL_STABLE_S, **said}
    if said.get("kind") is Kind.ONESHOT:  # its work takes what it takes, as in systemd.service(5)
        said.setdefault("start_timeout", LONGEST_S)
    if said.get("kind") is Kind.ONESHOT and "drill" not in found:
        said.pop("drill", None)  # what is said for all leaves out what ends by itself
    if "exit_codes" in said:
        said["exit_codes"] = frozenset(said["exit_codes"])
    _runnable(name, said, page)
    return DaemonTable(
        name=name,
        command=said.pop("command", ()),
        policy=Policy(**_fields({k: v for k, v in said.items() if k in POLICY}, POLICY_FIELDS)),
        log=_log(name, within.get("log", {}), house),
        **_fields({k: v for k, v in said.items() if k not in POLICY}, DAEMON_FIELDS),
    )


def _after(name: str, said: Mapping[str, Any], own: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a daemon comes after; what [defaults] says for all leaves itself out."""
    return tuple(n for n in said.get("after", ()) if n != name or "after" in own)


def _runnable(name: str, said: Mapping[str, Any], page: Page) -> None:
    """Note a folder that is not there, or a command that cannot be run in it."""
    cwd, where = said["cwd"], page.said_at(name, "cwd")
    env = page.said_at(name, "env")
    if page.is_wrong(*where) or (page.is_wrong(*env) and (*env, "PATH") in page.lines):
        return  # where to run, or where to search, is not known
    if not _is_folder(cwd):
        page.wrong(where, f"cannot run in {cwd}: there is no such folder")
        return
    search = search_path(said["env"], page.environ)
    if "command" in said and (words := unrunnable(said["command"], cwd, search)):
        page.wrong(("daemon", name, "command"), words)


def _log(name: str, raw: object, house: _House) -> LogTable:
    place = ("daemon", name, "log")
    found = house.page.table(place, raw, LOG, "log")
    path = beside(house.folder, found["path"]) if "path" in found else None
    for key in found.keys() & {"path", "stderr"}:
        if _is_folder(file := beside(house.folder, found[key])):
            house.page.wrong((*place, key), f"cannot write a log to {file}: it is a folder")
    return LogTable(
        path=path or house.state_dir / "logs" / f"{name}.log",
        stderr=beside(house.folder, found["stderr"]) if "stderr" in found else None,
        **{LOG_FIELDS.get(key, key): found[key] for key in found if key not in ("path", "stderr")},
    )


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises where a name is too long


def _fields(found: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """Return keys as fields: those of durations and sizes have their unit in the name."""
    units = ("", "_s", "_bytes")
    named = {key: next(key + unit for unit in units if key + unit in known) for key in found}
    return {named[key]: value for key, value in found.items()}
