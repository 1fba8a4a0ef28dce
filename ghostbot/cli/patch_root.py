"""What ghost.toml says of the folder that a patch is applied to, where it says something.

Rule 1: a folder that no ghost.toml names has no checks, and nothing to restart.
Rule 2: where a ghost.toml cannot be read, nothing is applied without the checks it may name,
        unless that is asked for.
"""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ghostbot import errors
from ghostbot.cli import place
from ghostbot.cli.api import Api
from ghostbot.config.model import Config, RootTable
from ghostbot.core.patch import Change, Plan
from ghostbot.core.proposal import CheckLine, Status
from ghostbot.patches import policy
from ghostbot.patches.carrying import Carried
from ghostbot.patches.diff import count
from ghostbot.patches.paths import NO_RULES, Rules
from ghostbot.patches.risk import risks, tier

ENDS = (Status.APPLIED, Status.ATTENTION)  # what leaves a tree another than it was


@dataclass(frozen=True, slots=True)
class Settled:
    """A root as its owner wants it treated."""

    name: str  # in ghost.toml, else its place
    place: str  # its real path
    table: RootTable
    is_verified: bool = True  # by the checks that the table names, if it names any
    rules: Rules = NO_RULES  # by which risks are told; a local admin's yes goes beyond them

    @property
    def identity(self) -> str:
        """Return what a digest binds beside the bytes."""
        return "" if self.name == self.place else policy.identity(self.table)

    def live(self) -> tuple[CheckLine, ...]:
        """Have a running Ghost restart the daemons that run this code."""
        began = time.monotonic()
        try:
            return _restarted(Api(place.state_dir()), self.table.restart, began)
        except errors.NotRunning:
            said = "no Ghost is running, so nothing was restarted"
            return (_line(", ".join(self.table.restart), said, began),)
        except errors.GhostError as error:
            return (_line(", ".join(self.table.restart), str(error), began, ok=False),)


def state_dir(given: str | None) -> Path:
    """Return --state-dir, else that of the Ghost that is meant, else one of this user's own."""
    if given is not None:
        return Path(given).absolute()
    try:
        return place.state_dir()
    except errors.ConfigError:
        home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
        return Path(home).expanduser() / "ghost"


def settings(root: str, *, no_verify: bool) -> Settled:
    """Return what is said of a root, given by its real path. Raises ConfigError."""
    try:
        path = place.config_path()
    except errors.ConfigError:
        return _unsettled(root)
    try:
        config = _config(path)
    except errors.ConfigError as error:
        if no_verify:
            return _unsettled(root)
        way_out = f"{path}: until then, --no-verify applies a patch without the checks it may name"
        raise errors.ConfigError([*error.mistakes, way_out]) from None
    if config is None:
        return _unsettled(root)
    table = next((t for t in config.roots.values() if os.path.realpath(t.path) == root), None)
    if table is None:
        return replace(_unsettled(root), rules=Rules(own=policy.own_of(config)))
    rules = policy.rules(table, policy.own_of(config))
    checked = not no_verify or not (table.verify or table.restart)
    if no_verify:
        table = replace(table, verify=(), restart=())
    return Settled(table.name, root, table, is_verified=checked, rules=rules)


def tell(plan: Plan, settled: Settled, carried: Carried, said: Mapping[str, object]) -> None:
    """Tell the Ghost that looks after a root what was changed there, where one is running."""
    if settled.name == settled.place or carried.status not in ENDS:
        return  # no ghost.toml knows it, or nothing is another than it was
    keys = ("id", "status", "root", "reason", "plan_digest", "unattended", "verified")
    body = {key: said.get(key) for key in keys} | {
        "format": plan.format,
        "risk": risks(plan, settled.rules),
        "left": carried.left,
        "files": [_told_of(change) for change in plan.changes],
    }
    with suppress(errors.GhostError):  # none runs, or it is older than this
        Api(place.state_dir()).post("/api/patches/elsewhere", body)


def _told_of(change: Change) -> dict[str, object]:
    lines = count(change)
    told = {"path": change.path, "op": change.op.value, "tier": tier(change)}
    return {**told, "added": lines.added, "removed": lines.removed}


def told(plan: Plan, settled: Settled, name: str, *, is_unattended: bool) -> dict[str, object]:
    """Return what the log of patches keeps of one: who, what and where, and no text."""
    return {
        "id": name,
        "root": settled.name,
        "way": "cli",
        "by": f"local:{_user()}",
        "unattended": is_unattended,
        "verified": settled.is_verified,
        "plan_digest": plan.digest(settled.identity),
        "files": [change.path for change in plan.changes],
    }


def _config(path: Path) -> Config | None:
    """Read a ghost.toml, or nothing where it cannot name a root: that takes its time."""
    try:
        if b"root" not in path.read_bytes() and b"\\" not in path.read_bytes():
            return None
    except OSError:
        pass  # `load` has the words for it

    from ghostbot.config.load import load  # noqa: PLC0415 - it takes longer than a patch

    return load(path, os.environ)


def _unsettled(root: str) -> Settled:
    return Settled(root, root, RootTable(name=root, path=Path(root)))


def _restarted(api: Api, names: tuple[str, ...], began: float) -> tuple[CheckLine, ...]:
    house = api.get("/api/daemons")["daemons"]
    resting = [one["name"] for one in house if one["wanted"] != "up"]
    found = [_line(n, "is not to run, and was left so", began) for n in names if n in resting]
    if awake := [name for name in names if name not in resting]:
        answer = api.post("/api/orders", {"verb": "restart", "names": awake}, wait=True)
        outcomes = answer["outcomes"]
        found += [_line(one["name"], one["said"], began, ok=one["ok"]) for one in outcomes]
    return tuple(found)


def _line(name: str, said: str, began: float, *, ok: bool = True) -> CheckLine:
    took_s = time.monotonic() - began
    return CheckLine(name=f"restart {name}", ok=ok, took_s=took_s, said=f"{name}: {said}")


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())  # a container knows its users by number alone
