"""Mistakes in what Ghost is to look at and do: names that mean nothing, heals that cannot run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ghostbot.config.check_start import base_names
from ghostbot.config.command import search_path, unrunnable
from ghostbot.config.instances import instance_names
from ghostbot.config.model import (
    ActionKind,
    ActionTable,
    Config,
    DaemonTable,
    ProbeKind,
    ProbeTable,
)
from ghostbot.config.page import Page
from ghostbot.config.secrets import found as secret
from ghostbot.config.variables import TUNNEL
from ghostbot.config.wrong import Place
from ghostbot.core.restart import Kind
from ghostbot.core.words import did_you_mean

GROUP = "group:"


def check_watch(config: Config, page: Page) -> None:
    """Note every mistake that spans probes, checks, actions and daemons."""
    for daemon in config.daemons.values():
        _daemon(daemon, page)
        _tunnels(("daemon", daemon.name), _texts_of(daemon), config, page)
    for name, action in config.actions.items():
        if not page.is_wrong("action", name):
            _action(action, config, page)
    healing = {action for check in config.checks.values() for action in check.heal}
    for name, check in config.checks.items():
        for rung in check.heal:
            if rung not in config.actions:
                near = did_you_mean(rung, config.actions) or f": write [action.{rung}]"
                page.wrong(("check", name, "heal"), f"cannot heal by {rung}: no such action{near}")
        _command(("check", name, "command"), check.probe, config.path.parent, page)
        _tunnels(("check", name), _texts_of_probe(check.probe), config, page)
    _tokens(config, healing, page)


def _daemon(daemon: DaemonTable, page: Page) -> None:
    place = ("daemon", daemon.name)
    for i, probe in enumerate(daemon.probes):
        at = (*place, "probe", i)
        needs_port = probe.kind is ProbeKind.TCP or (
            probe.kind is ProbeKind.HTTP and probe.url is None
        )
        if needs_port and probe.port is None and daemon.port is None and not daemon.port_auto:
            page.wrong(at, f"{probe.kind.value} needs a port: write one here, or as the daemon's")
        _command((*at, "command"), probe, daemon.cwd, page)
    if daemon.policy.kind is Kind.ONESHOT and daemon.probes:
        page.warn((*place, "probe"), "a oneshot is ready when it is done: no probe is asked")
    if daemon.policy.kind is Kind.TUNNEL and not daemon.probes:
        words = "no probe: Ghost sees that it runs, not whether its public address answers"
        page.warn((*place, "kind"), f'{words}; write [[daemon.NAME.probe]] and kind = "tunnel"')
    for key in ("memory_max", "cpu_max"):
        if (*place, key) in page.lines and daemon.policy.kind is Kind.ONESHOT:
            page.warn((*place, key), "a oneshot is not restarted for what it uses")
    if daemon.restart_with and not daemon.after and (*place, "restart_with") in page.lines:
        page.warn((*place, "restart_with"), "it comes after nothing, so nothing takes it along")
    if daemon.drill is not None and daemon.policy.kind is Kind.ONESHOT:
        page.wrong(
            page.said_at(daemon.name, "drill"), "a oneshot cannot be drilled: it ends itself"
        )


def _command(place: Place, probe: ProbeTable, cwd: Path, page: Page) -> None:
    if not probe.command or page.is_wrong(*place):
        return
    if words := unrunnable(probe.command, cwd, search_path({}, page.environ)):
        page.wrong(place, words)


def _action(action: ActionTable, config: Config, page: Page) -> None:
    place = ("action", action.name)
    if action.kind is ActionKind.RESTART:
        base = base_names(config)
        groups = {d.group for d in config.daemons.values() if d.group}
        for name in action.daemons:
            if name.startswith(GROUP):
                known = name[len(GROUP) :] in groups
                near = did_you_mean(name[len(GROUP) :], groups)
            else:
                known, near = name == "all" or name in base, did_you_mean(name, base)
            if not known:
                what = "group" if name.startswith(GROUP) else "daemon"
                page.wrong((*place, "daemons"), f"cannot restart {name}: no such {what}{near}")
    if action.kind is ActionKind.COMMAND:
        assert action.cwd is not None, "a command has a folder"
        if not action.cwd.is_dir():
            page.wrong((*place, "cwd"), f"cannot run in {action.cwd}: there is no such folder")
        elif words := unrunnable(action.command, action.cwd, search_path(action.env, page.environ)):
            page.wrong((*place, "command"), words)
    texts = (*action.command, *action.env.values(), *action.headers.values())
    more = (action.url or "", action.body or "", *action.inputs.values())
    _tunnels(place, (*texts, *more), config, page)


def _tokens(config: Config, healing: set[str], page: Page) -> None:
    """Note tokens that are not there: a heal that cannot run is a mistake, any other may wait."""
    for name, action in config.actions.items():
        if action.token_env is None or page.is_wrong("action", name):
            continue
        if secret(action.token_env, config.path.parent, page.environ) is not None:
            continue
        place = ("action", name, "token_env")
        words = f"{action.token_env} is not set: put it into .env, or into Ghost's environment"
        if name in healing:
            page.wrong(place, f"{words}; a check heals by this action, and could not")
        else:
            page.warn(place, words)


def _tunnels(place: Place, texts: Iterable[str], config: Config, page: Page) -> None:
    """Note addresses of tunnels that there are none of."""
    tables = [d for d in config.daemons.values() if d.policy.kind is Kind.TUNNEL]
    tunnels = [name for table in tables for name in instance_names(table)]
    for name in dict.fromkeys(m[1] for text in texts for m in re.finditer(TUNNEL, text)):
        if place == ("daemon", name):
            page.wrong(place, f"{name} has an address only when it is up: it cannot begin with it")
        elif name not in tunnels:
            near = did_you_mean(name, tunnels) or ' (a tunnel is a daemon with kind = "tunnel")'
            page.wrong(place, f"cannot put in the address of {name}: no such tunnel{near}")


def _texts_of(daemon: DaemonTable) -> tuple[str, ...]:
    probes = (text for probe in daemon.probes for text in _texts_of_probe(probe))
    return (*daemon.command, *daemon.env.values(), *probes)


def _texts_of_probe(probe: ProbeTable) -> tuple[str, ...]:
    return (probe.url or "", *probe.command, *probe.headers.values())
