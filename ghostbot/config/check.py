"""Mistakes that no single key makes: what spans keys, and what spans daemons.

Rule 1: a table that has a mistake of its own is left alone, as its values may be stand-ins.
Rule 2: a warning is what runs, but probably not as meant.
"""

from __future__ import annotations

from ghostbot.config.check_start import base_names, check_instances, check_start
from ghostbot.config.check_watch import check_watch
from ghostbot.config.model import Config, DaemonTable
from ghostbot.config.page import Page
from ghostbot.config.speech import GROUP
from ghostbot.config.wrong import spelled
from ghostbot.core.order import levels
from ghostbot.core.restart import Kind, delay
from ghostbot.core.words import did_you_mean


def check(config: Config, page: Page) -> None:
    """Note on `page` every mistake and warning that spans keys of `config`."""
    for daemon in config.daemons.values():
        _after(daemon, config, page)
        if not page.is_wrong("daemon", daemon.name) and not page.is_wrong("defaults"):
            _times(daemon, page)
            _breaker(daemon, page)
            check_start(daemon, page)
    check_instances(config, page)
    _cycles(config, page)
    _ports(config, page)
    _logs(config, page)
    check_watch(config, page)
    _routes(config, page)
    _operators(config, page)
    silent = ("slack",) in page.lines and config.slack.channel is None
    if silent and not page.is_wrong("slack"):
        page.warn(("slack",), "no channel: Ghost answers in Slack, but sends no alerts there")
    if config.web.listen and not _is_loopback(config.web.listen[0]):
        words = "the network reaches this door: only its token guards it, over plain HTTP"
        page.warn(("web", "listen"), words)
    if not config.daemons and not page.is_wrong():
        page.warn(("daemon",), "no daemon yet: write [daemon.NAME] and its command")


def _routes(config: Config, page: Page) -> None:
    """Note routes of groups that no daemon is in."""
    groups = {GROUP + d.group for d in config.daemons.values() if d.group}
    for key in config.slack.routes:
        if key.startswith(GROUP) and key not in groups:
            words = f"no daemon is in {key}{did_you_mean(key, groups)}"
            page.wrong(("slack", "routes", key), words)


def _operators(config: Config, page: Page) -> None:
    """Note groups that an operator is limited to and that nothing is in."""
    groups = {daemon.group for daemon in config.daemons.values() if daemon.group}
    groups |= {check.group for check in config.checks.values() if check.group}
    for i, grant in enumerate(config.roles.operator or ()):
        for group in grant.groups:
            if group not in groups:
                words = f"no daemon is in group {group}{did_you_mean(group, groups)}"
                page.wrong(("roles", "operator", i, "groups"), words)


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def _after(daemon: DaemonTable, config: Config, page: Page) -> None:
    place, base = page.said_at(daemon.name, "after"), base_names(config)
    for i, name in enumerate(daemon.after):
        if name not in base:
            near = did_you_mean(name, config.daemons)
            at = (*place, i) if place[0] == "daemon" else place
            page.wrong(at, f"cannot come after {name}: no such daemon{near}")


def _cycles(config: Config, page: Page) -> None:
    """Name every circle of daemons that wait for each other."""
    base = base_names(config)
    after = {
        daemon.name: tuple(base.get(name, name) for name in daemon.after)
        for daemon in config.daemons.values()
    }
    while True:
        try:
            levels(after)
        except ValueError as error:
            circle = str(error).split(" → ")
        else:
            return
        if not after.keys() >= set(circle):
            return  # a name that holds an arrow: it is no name, and told as such
        where = page.said_at(circle[0], "after")
        who = "it waits for itself" if len(circle) <= 2 else "they wait for each other"  # noqa: PLR2004 - a → a
        page.wrong(where, f"cannot order {' → '.join(circle)}: {who}")
        after = {name: names for name, names in after.items() if name not in circle}


def _times(daemon: DaemonTable, page: Page) -> None:
    """Note times that contradict each other."""
    policy = daemon.policy
    pairs = [
        ("restart_delay", policy.restart_delay_s, "restart_max_delay", policy.restart_max_delay_s),
        ("restart_window", policy.restart_window_s, "slow_window", policy.slow_window_s),
    ]
    if daemon.port is None and policy.kind is Kind.SERVICE:
        pairs += [("ready_after", daemon.ready_after_s, "start_timeout", policy.start_timeout_s)]
    for key, short_s, other, long_s in pairs:
        if short_s > long_s:
            said = page.said_at(daemon.name, key)
            place = said if said in page.lines else page.said_at(daemon.name, other)
            words = f"{key} ({short_s:g}s) is longer than {other} ({long_s:g}s)"
            page.wrong(place, f"{words}: it never comes true")


def _breaker(daemon: DaemonTable, page: Page) -> None:
    """Warn of a budget that can never be overdrawn, as the delays alone outlast its window."""
    policy = daemon.policy
    budgets = [
        ("max_restarts", policy.max_restarts, "restart_window", policy.restart_window_s),
        ("slow_restarts", policy.slow_restarts, "slow_window", policy.slow_window_s),
    ]
    for key, deaths, window, window_s in budgets:
        least_s = sum(delay(policy, n, daemon.name) for n in range(1, deaths))
        if least_s >= window_s:
            keys = (window, key, "restart_delay", "restart_max_delay")
            places = [page.said_at(daemon.name, k) for k in keys]
            place = next((p for p in places if p in page.lines), ("daemon", daemon.name))
            page.warn(
                place,
                f"{deaths} deaths of {daemon.name} take at least {least_s:.0f}s, as the delays"
                f" between them add up, so they never fall within {window} ({window_s:g}s):"
                " this breaker cannot open",
            )


def _ports(config: Config, page: Page) -> None:
    """Note ports that two would listen on."""
    owners: dict[int, str] = {}
    own = None if page.is_wrong("web", "listen") or not config.web.listen else config.web.listen[1]
    for name, daemon in config.daemons.items():
        if daemon.port is None:
            continue
        place = ("daemon", name, "port")
        if daemon.port == own:
            page.wrong(
                place,
                f"{own} is the port of Ghost's own door: choose another,"
                ' or move that one with [web] listen = "127.0.0.1:PORT"',
            )
        owner = owners.setdefault(daemon.port, name)
        if owner != name:
            first: tuple[str, ...] = ("daemon", owner, "port")
            at = f"{spelled(first)} on line {page.line(first)}"
            page.wrong(place, f"{daemon.port} is taken by {at}: {owner} and {name} cannot share it")


def _logs(config: Config, page: Page) -> None:
    """Note logs that two would write."""
    owners: dict[str, str] = {}
    for name, daemon in config.daemons.items():
        for key, path in (("path", daemon.log.path), ("stderr", daemon.log.stderr)):
            if path is None:
                continue
            owner = owners.setdefault(str(path), name)
            if owner != name:
                words = f"{path} is the log of {owner} too: each daemon needs its own"
                page.wrong(("daemon", name, "log", key), words)
        if daemon.log.stderr == daemon.log.path:
            words = "it is the log itself, where both go anyway: leave the key out"
            page.wrong(("daemon", name, "log", "stderr"), words)
