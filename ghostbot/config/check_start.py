"""Mistakes in how a daemon is to be started: users, files and limits that this machine lacks."""

from __future__ import annotations

import os
import pwd
import resource

from ghostbot.config.instances import instance_names
from ghostbot.config.model import Config, DaemonTable
from ghostbot.config.page import Page


def base_names(config: Config) -> dict[str, str]:
    """Map each name that `after` may say to the table it stands for: web-1 and web to web."""
    found = {n: table.name for table in config.daemons.values() for n in instance_names(table)}
    return found | {name: name for name in config.daemons}


def check_instances(config: Config, page: Page) -> None:
    """Note instances that would share a name or a port."""
    for table in config.daemons.values():
        if table.instances == 1:
            continue
        place = page.said_at(table.name, "instances")
        for name in instance_names(table):
            if name in config.daemons:
                page.wrong(place, f"one of {table.name}'s would be {name}, which is a daemon too")
        if table.port is not None:
            words = f'{table.instances} instances cannot share port {table.port}: write "auto"'
            page.wrong(page.said_at(table.name, "port"), words)


def check_start(daemon: DaemonTable, page: Page) -> None:
    """Note what keeps a daemon from being started as the file says."""
    for path in daemon.env_file:
        if not path.is_file():
            what = "it is no file" if path.exists() else "there is no such file"
            page.wrong(page.said_at(daemon.name, "env_file"), f"cannot read {path}: {what}")
    if daemon.user is not None:
        _user(daemon, daemon.user, page)
    if daemon.nice is not None and not _may_be_nice(daemon.nice):
        words = f"only root may give {daemon.nice}: write {os.getpriority(os.PRIO_PROCESS, 0)}"
        page.wrong(page.said_at(daemon.name, "nice"), f"{words} or more")
    _rlimits(daemon, page)


def _user(daemon: DaemonTable, user: str, page: Page) -> None:
    place = page.said_at(daemon.name, "user")
    try:
        uid = pwd.getpwnam(user).pw_uid
    except KeyError:
        page.wrong(place, f"cannot become user {user}: there is no such user on this machine")
        return
    if os.geteuid() not in (0, uid):
        page.wrong(place, f"cannot become user {user}: only root may, and Ghost does not run as it")


def _may_be_nice(nice: int) -> bool:
    """Tell whether we may start a process this nice, see setpriority(2)."""
    if os.geteuid() == 0 or nice >= os.getpriority(os.PRIO_PROCESS, 0):
        return True
    limit = getattr(resource, "RLIMIT_NICE", None)  # Linux only
    return limit is not None and nice >= 20 - resource.getrlimit(limit)[0]


def _rlimits(daemon: DaemonTable, page: Page) -> None:
    """Note limits that nobody but root may raise, and those this system does not know."""
    for name, (_, hard) in daemon.rlimits.items():
        place = (*page.said_at(daemon.name, "rlimits"), name)
        number = getattr(resource, f"RLIMIT_{name.upper()}", None)
        if number is None:
            page.wrong(place, "this system has no such limit")
            continue
        most = resource.getrlimit(number)[1]
        if os.geteuid() == 0 or most == resource.RLIM_INFINITY:
            continue
        if hard is None or hard > most:
            page.wrong(place, f"only root may raise it: at most {most} here")
