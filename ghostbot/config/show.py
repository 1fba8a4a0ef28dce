"""A Config as a ghost.toml that says everything: what is in force, defaults and all.

Rule 1: what it writes is TOML that the loader takes, and gives the same Config again, but for
        what is masked and for instances, which stand there one by one.
Rule 2: secrets are masked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import fields
from enum import Enum
from pathlib import Path
from signal import Signals
from typing import Any

from ghostbot.config.masks import masked, masked_command, masked_path, masked_url, masked_value
from ghostbot.config.model import (
    CheckTable,
    Config,
    DaemonTable,
    PatchesTable,
    ProbeTable,
    RolesTable,
)
from ghostbot.config.watched import ALWAYS, CHECK, DOES, OF_ALL, PROBE, USES
from ghostbot.config.wrong import BARE, quoted
from ghostbot.core.bucket import Rate
from ghostbot.core.rights import Grant

OFF = frozenset({"listen", "public", "heartbeat_s"})  # None is "off", and no key left out
DERIVED = frozenset(
    {"name", "of", "instance", "port_auto", "policy", "log", "probes", "kill_again_s"}
)
KEYS = {"max_bytes": "max_size"}
SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0}
SPANS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
BYTES = {"GB": 10**9, "MB": 10**6, "kB": 10**3}
EMPTY: tuple[object, ...] = (None, (), {})


def show(config: Config) -> str:
    """Return the text."""
    return "\n".join(_lines(config)).lstrip("\n") + "\n"


def _lines(config: Config) -> Iterator[str]:
    for name in ("ghost", "slack", "web"):
        yield from ("", f"[{name}]", *_pairs(getattr(config, name), skip=frozenset()))
    yield from ("", "[roles]", *_roles(config.roles))
    for daemon in config.daemons.values():
        yield from _daemon(daemon)
    for check in config.checks.values():
        yield from ("", f"[check.{_name(check.name)}]", *_check(check))
    for action in config.actions.values():
        used = DOES[action.kind] | OF_ALL
        unused = {field for field in _fields(action) if _key(field) not in used}
        yield from ("", f"[action.{_name(action.name)}]", *_pairs(action, skip=unused))
    if config.summaries is not None:
        yield from ("", "[summaries]", *_pairs(config.summaries, skip=frozenset()))
    for kind, tables in (
        ("root", config.roots),
        ("webhook", config.webhooks),
        ("watch", config.watches),
    ):
        for name, table in tables.items():
            yield from ("", f"[{kind}.{_name(name)}]", *_pairs(table, skip={"name"}))


def _roles(roles: RolesTable) -> Iterator[str]:
    """Say each role that is given; to nobody, where that is said."""
    for field in fields(roles):
        grants: tuple[Grant, ...] | None = getattr(roles, field.name)
        if grants is not None:
            yield f"{field.name} = [{', '.join(map(_grant, grants))}]"


def _grant(grant: Grant) -> str:
    who = _text(grant.who)
    return f"{{ who = {who}, groups = {_any(grant.groups)} }}" if grant.groups else who


def _daemon(daemon: DaemonTable) -> Iterator[str]:
    name = _name(daemon.name)
    yield from ("", f"[daemon.{name}]")
    one = {"instances"} if daemon.instance is not None else set()
    yield from _pairs(daemon, skip=DERIVED | one | ({"port"} if daemon.port_auto else set()))
    if daemon.port_auto:
        yield 'port = "auto"'
    yield from _pairs(daemon.policy, skip=DERIVED)
    yield from ("", f"[daemon.{name}.log]", *_pairs(daemon.log, skip=frozenset()))
    for probe in daemon.probes:
        yield from ("", f"[[daemon.{name}.probe]]", *_probe(probe, PROBE.keys()))


def _check(check: CheckTable) -> Iterator[str]:
    yield from _probe(check.probe, CHECK.keys())
    yield from _pairs(check, skip=frozenset({"name", "probe"}))


def _probe(probe: ProbeTable, keys: Collection[str]) -> Iterator[str]:
    used = (USES[probe.kind] | ALWAYS) & {*keys}
    yield from _pairs(probe, skip={f for f in _fields(probe) if _key(f) not in used})


def _pairs(table: Any, *, skip: Collection[str]) -> Iterator[str]:
    """Say each field as a key; one that is not set is left out, as its absence means that."""
    for field in _fields(table):
        value = getattr(table, field)
        if field in skip or (value in EMPTY and field not in OFF):
            continue
        yield f"{_key(field)} = {_value(field, value)}"


def _fields(table: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(table))


def _key(field: str) -> str:
    return KEYS.get(field) or field.removesuffix("_s").removesuffix("_bytes")


def _value(field: str, value: Any) -> str:
    """Spell the value of a field as TOML does."""
    if spell := SPELLED.get(field):
        return spell(value)
    if field.endswith("_bytes"):
        return _text(_size(value))
    if field.endswith("_s"):
        return _text("off" if value is None else _duration(value))
    return _any(value)


def _any(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and not isinstance(value, Enum):
        return str(value)
    if isinstance(value, Enum):
        return _text(str(value.value))
    if isinstance(value, str | Path):
        return _text(masked(str(value)))
    if isinstance(value, Mapping):
        return _table({key: masked(item) for key, item in value.items()})
    items = sorted(value) if isinstance(value, frozenset) else value
    return f"[{', '.join(map(_any, items))}]"


def _text(text: str) -> str:
    """Spell a text as TOML's basic string; a dollar is doubled, as the loader expands it."""
    kept = text.encode("utf-8", "backslashreplace").decode()  # an environment need not be UTF-8
    doubled = kept.replace("$", "$$").replace("$${tunnel.", "${tunnel.")
    return json.dumps(doubled, ensure_ascii=False).replace("\x7f", "\\u007f")


def _table(texts: Mapping[str, str]) -> str:
    inner = ", ".join(f"{_name(key)} = {_text(text)}" for key, text in texts.items())
    return f"{{ {inner} }}" if inner else "{}"


def _name(name: str) -> str:
    return name if BARE.fullmatch(name) else quoted(name)


def _secrets(texts: Mapping[str, str]) -> str:
    return _table({name: masked_value(name, text) for name, text in texts.items()})


def _duration(seconds: float) -> str:
    for unit, long in SECONDS.items():
        if seconds and seconds % long == 0:
            return f"{seconds / long:.0f}{unit}"
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"


def _size(count: int) -> str:
    for unit, large in BYTES.items():
        if count and count % large == 0:
            return f"{count // large}{unit}"
    return f"{count}B"


def _address(address: tuple[str, int] | None) -> str:
    if address is None:
        return _text("off")
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    return _text(f"{host}:{address[1]}")


def _rate(rate: Rate) -> str:
    word = next(word for word, long in SPANS.items() if long == rate.per_s)
    return _text(f"{rate.count}/{word}")


def _patches(table: PatchesTable) -> str:
    return f"{{ channel = {_text(table.channel)}, from = {_any(table.from_)} }}"


def _rlimits(limits: Mapping[str, tuple[int | None, int | None]]) -> str:
    def bound(count: int | None) -> str:
        return '"unlimited"' if count is None else str(count)

    each = (f"{name} = [{bound(soft)}, {bound(hard)}]" for name, (soft, hard) in limits.items())
    return f"{{ {', '.join(each)} }}"


def _signal(signal: Signals) -> str:
    return _text(signal.name.removeprefix("SIG"))


SPELLED: Mapping[str, Callable[[Any], str]] = {  # by field, where its type does not tell
    "base_url": lambda url: _text(masked_url(url)),
    "command": lambda words: _any(masked_command(words) if isinstance(words, tuple) else words),
    "cpu_max": lambda share: _text(f"{share:g}%"),
    "env": _secrets,
    "headers": _secrets,
    "inputs": _secrets,
    "listen": _address,
    "public": _address,
    "ping_url": lambda url: _text(masked_path(url)),
    "quiet": lambda windows: _any([window.text for window in windows]),
    "patches": _patches,
    "rate": _rate,
    "rlimits": _rlimits,
    "stop_signal": _signal,
    "umask": lambda mask: _text(f"{mask:03o}"),
    "url": lambda url: _text(masked_url(url)),
}
