"""The tables of a Config as plain keys and values, to compare two of them.

Keys are those of ghost.toml, as far as one key became one field.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ghostbot.config.model import Config, DaemonTable, GhostTable, LogTable, SlackTable, WebTable
from ghostbot.core.restart import Policy

# What Ghost alone goes by. Every other key is part of the process, and takes a restart.
DESCRIBED = frozenset(
    {
        *("autostart", "priority", "after", "ready_after", "kill", "group", "description"),
        *("instances", "log.max_bytes", "log.keep", "log.compress", "probes"),
        *("restart_with", "schedule", "watch", "memory_max", "cpu_max", "limit_for", "drill"),
        *(field.name.removesuffix("_s") for field in fields(Policy) if field.name != "kind"),
    }
)


LIVE = frozenset({"mask", "mention", "quiet", "routes"})  # of [slack]: true from now on


def of_daemon(table: DaemonTable) -> dict[str, Any]:
    """Return the settings of one daemon. A port that Ghost chose is none of them."""
    found = {
        **_flat(table, "policy", "log", "of", "instance"),
        **_flat(table.policy),
        **{f"log.{key}": value for key, value in _flat(table.log).items()},
    }
    if table.port_auto:
        found["port"] = None
    found["notify"] = table.notify  # it is told where to say so when it starts
    return found


def of_shared(config: Config) -> dict[str, Any]:
    """Return what belongs to no daemon and is true at once: checks, actions, roots, …"""
    return {
        **{f"[slack] {key}": getattr(config.slack, key) for key in sorted(LIVE)},
        **{
            f"[roles] {field.name}": getattr(config.roles, field.name)
            for field in fields(config.roles)
        },
        **{f"[check.{name}]": table for name, table in config.checks.items()},
        **{f"[action.{name}]": table for name, table in config.actions.items()},
        **{f"[root.{name}]": table for name, table in config.roots.items()},
        **{f"[webhook.{name}]": table for name, table in config.webhooks.items()},
        "[summaries]": config.summaries,
        **{f"[watch.{name}]": table for name, table in config.watches.items()},
    }


def of_ghost(config: Config) -> dict[str, Any]:
    """Return the settings of Ghost itself, by the names that people know: `[web] listen`."""
    return {
        **{f"[ghost] {key}": value for key, value in _flat(config.ghost).items()},
        **{f"[slack] {key}": value for key, value in _flat(config.slack, *LIVE).items()},
        **{f"[web] {key}": value for key, value in _flat(config.web).items()},
    }


def _flat(
    table: DaemonTable | Policy | LogTable | GhostTable | SlackTable | WebTable, *without: str
) -> dict[str, Any]:
    return {
        _key(field.name): getattr(table, field.name)
        for field in fields(table)
        if field.name not in without
    }


def _key(field: str) -> str:
    # max_bytes is a key's own name: what is shown of it is its field
    return field if field == "max_bytes" else field.removesuffix("_s").removesuffix("_bytes")
