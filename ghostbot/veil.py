"""What of a house nobody may read in a message: its secrets, gathered from wherever they stand.

Rule 1: what a variable, header or token is called tells whether its value is a secret.
Rule 2: a file that cannot be read holds nobody up: its daemon will say so itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from ghostbot.config.masks import Veil, is_secret
from ghostbot.config.model import Config
from ghostbot.config.secrets import found
from ghostbot.errors import CannotSpawn
from ghostbot.process.variables import said_by_file


def veil(config: Config, environ: Mapping[str, str] = os.environ) -> Veil:
    """Return what hides the secrets of a house. Reads files: blocks."""
    return Veil(_values(config, environ), config.slack.mask)


def _values(config: Config, environ: Mapping[str, str]) -> Iterator[str]:
    yield from _of(environ)
    for daemon in config.daemons.values():
        yield from _of(daemon.env)
        try:
            yield from _of(said_by_file(daemon))
        except CannotSpawn:
            continue
        for probe in daemon.probes:
            yield from _of(probe.headers)
    for check in config.checks.values():
        yield from _of(check.probe.headers)
    for action in config.actions.values():
        yield from _of(action.headers)
        yield from _of(action.env)
        token = found(action.token_env, config.path.parent, environ) if action.token_env else None
        if token is not None:
            yield token.reveal()


def _of(named: Mapping[str, str]) -> Iterator[str]:
    return (value.strip() for name, value in named.items() if is_secret(name))
