"""The one way out for words: whatever leaves Ghost passes `hide`, which takes secrets from it.

Rule 1: what a variable, header or token is called tells whether its value is a secret; so does a
        value that can be nothing but a key.
Rule 2: a file that cannot be read holds nobody up: its daemon will say so itself.
Rule 3: what once was a secret stays one for as long as Ghost lives: it stands in logs.
Rule 4: a name of this house is no secret, as nobody could say whom he means.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from ghostbot.bus import Bus
from ghostbot.config.masks import SHORT, Veil, is_secret, looks_secret, within
from ghostbot.config.model import Config
from ghostbot.config.secrets import found, written
from ghostbot.core.daemon import State
from ghostbot.errors import CannotSpawn
from ghostbot.process.variables import said_by_file

KNOWN_MAX = 8_192  # texts remembered: of a house that rests most are asked for again and again
ATOMS = frozenset({int, float, bool})  # which hold no words
KNOWN_CHARS = 200  # a longer one is looked through each time


class _Hiding:
    """What hides the secrets of this house; the one thing here that a house sets."""

    veil: Veil = Veil()
    patterns: tuple[str, ...] = ()


def hide(text: str) -> str:
    """Return a text without the secrets of this house. May be called from any thread."""
    if len(text) <= KNOWN_CHARS:
        return _remembered(text)
    return _Hiding.veil(text)


@lru_cache(maxsize=KNOWN_MAX)
def _remembered(text: str) -> str:
    return _Hiding.veil(text)


def hide_in(body: Any, without: frozenset[str] = frozenset()) -> Any:
    """Return JSON whose texts went through `hide`; keys stay, and what stands under `without`."""
    kind = type(body)  # a big house has thousands of values: to ask an ABC takes too long
    if kind is str:
        return hide(body) if len(body) >= SHORT else body
    if kind is dict:
        return {
            k: v if v is None or k in without or type(v) in ATOMS else hide_in(v, without)
            for k, v in body.items()
        }
    if kind is list or kind is tuple:
        return [hide_in(item, without) for item in body]
    if isinstance(body, str | Mapping):  # an enum's word, or another kind of mapping
        return hide_in(str(body) if isinstance(body, str) else dict(body), without)
    return body


def hide_with(veil: Veil) -> None:
    """Have every text that leaves Ghost pass through `veil` from now on."""
    _Hiding.veil = veil
    _remembered.cache_clear()


def learn(config: Config, environ: Mapping[str, str] = os.environ, *, files: bool = True) -> None:
    """Hide what is secret in a house, beside all that was before. With `files` it blocks."""
    values = _values(config, environ, files=files)
    public = tuple(_names(config))
    also(
        (value for value in values if not any(value in name for name in public)),
        config.slack.mask,
    )


def also(values: Iterable[str], patterns: tuple[str, ...] | None = None) -> None:
    """Hide these values too; `patterns` take the place of those before."""
    more = _Hiding.veil.values | set(values)
    if patterns is not None:
        _Hiding.patterns = patterns
    elif more == _Hiding.veil.values:
        return
    hide_with(Veil(more, _Hiding.patterns))


async def follow(bus: Bus, config: Callable[[], Config]) -> None:
    """Learn anew, for ever, when a daemon is started that reads files of variables."""
    with bus.listen(name="veil") as feed:
        while True:
            fact = await feed.get()
            table = config().daemons.get(fact.after.name)
            starts = fact.after.state is State.STARTING is not fact.before.state
            if feed.lagged or (starts and table is not None and table.env_file):
                feed.lagged = False
                await asyncio.to_thread(learn, config())


def _values(config: Config, environ: Mapping[str, str], *, files: bool) -> Iterator[str]:
    folder = config.path.parent
    yield from _of(environ)
    yield from _of(written(folder))
    if config.ghost.ping_url is not None:
        yield config.ghost.ping_url
        yield from urlsplit(config.ghost.ping_url).path.split("/")
    for daemon in config.daemons.values():
        said: Mapping[str, str] = daemon.env
        if files:
            try:
                said = said_by_file(daemon)
            except CannotSpawn:
                said = daemon.env
        yield from _set(said)
        for probe in daemon.probes:
            yield from _of(probe.headers)
    for check in config.checks.values():
        yield from _of(check.probe.headers)
    for action in config.actions.values():
        yield from _of(action.headers)
        yield from _set(action.env)
    named = [a.token_env for a in config.actions.values() if a.token_env]
    named += [name for hook in config.webhooks.values() for name in hook.secret_env]
    for secret in (found(name, folder, environ) for name in named):
        if secret is not None:
            yield secret.reveal()


def _names(config: Config) -> Iterator[str]:
    yield config.ghost.name
    for name, daemon in config.daemons.items():
        yield from (name, daemon.group or "")
    yield from (*config.checks, *config.actions, *config.roots)


def _of(named: Mapping[str, str]) -> Iterator[str]:
    for name, value in named.items():
        if is_secret(name):
            yield value.strip()
        yield from within(value)


def _set(named: Mapping[str, str]) -> Iterator[str]:
    """Return the secrets among variables that somebody set for a daemon."""
    yield from _of(named)
    yield from (value for name, value in named.items() if looks_secret(name, value))
