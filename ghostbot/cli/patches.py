"""`ghost patch submit`, `list`, `show`, `approve`, `reject`, `clear`: patches that wait for a yes.

Rule 1: what a yes is for was shown first, and its digest goes with it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import click

from ghostbot import errors
from ghostbot.cli import patch_root, place, words
from ghostbot.cli.api import Api
from ghostbot.core.risks import sentences
from ghostbot.patches import marks
from ghostbot.patches.diff import visible

BODY_BYTES = 2 * 1024 * 1024
WAIT_S = 60
END = "characters of its digest"  # in the words of a Ghost that wants them typed
OUTPUT_LINES = 20  # of a check that failed
GOING = frozenset({"approved", "prechecking", "applying", "verifying", "rolling_back"})
WELL = frozenset({"applied", "noop"})
BAD = frozenset({"failed", "rejected", "rolled_back", "needs_attention"})
COLOURS = {
    **dict.fromkeys(("applied", "noop"), words.GREEN),
    **dict.fromkeys(("awaiting_approval", *GOING), words.YELLOW),
    **dict.fromkeys(("expired", "superseded"), words.FAINT),
}
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
ID = click.argument("patch_id", metavar="ID")
YES = click.option("--yes", is_flag=True, help="Do not ask again; it is your own yes.")
NO_WAIT = click.option("--no-wait", is_flag=True, help="Do not wait for what comes of it.")


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--root", metavar="NAME", help="The root that it is for, where there are several.")
@click.option("--format", "form", metavar="NAME", help="Read FILE as this format.")
@click.option("--title", metavar="WORDS", help="What people shall call it.")
@click.option("--key", metavar="KEY", help="Sent twice with one key, it is one patch.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and propose nothing.")
@JSON
@place.option
def submit(
    file: str,
    *,
    root: str | None,
    form: str | None,
    title: str | None,
    key: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Propose the patch in FILE (- is stdin) to the running Ghost.

    Exit 0: it waits for a person, or there is nothing to do. 1: it is refused.
    """
    said = {"root": root, "format": form, "title": title, "dry_run": "true" if dry_run else None}
    query = urlencode({name: value for name, value in said.items() if value is not None})
    headers = {} if key is None else {"Idempotency-Key": key}
    path = f"/api/patches?{query}" if query else "/api/patches"
    p = Api(place.state_dir()).send(path, text_of(file), headers)
    if as_json:
        _json(p)
    else:
        if dry_run:
            click.echo(p.get("diff", ""), nl=False)
        _tell(p)
        if p["status"] == "awaiting_approval":
            click.echo(f"see it with `ghost patch show {p['id']}`")
    return 1 if p["status"] in {"failed", "rejected"} else 0


@click.command("list")
@click.option("--root", metavar="NAME", help="Only those of this root.")
@click.option("--status", metavar="STATUS", help="Only those, as in awaiting_approval.")
@click.option("--submitter", metavar="ID", help="Only those of whom this is, as in webhook:gpt.")
@click.option("-n", "limit", default=20, type=click.IntRange(1, 500), help="How many, at most.")
@JSON
@place.option
def list_command(
    *, root: str | None, status: str | None, submitter: str | None, limit: int, as_json: bool
) -> None:
    """Show what was proposed, the newest first."""
    said = {"root": root, "status": status, "submitter": submitter, "limit": limit}
    query = urlencode({name: value for name, value in said.items() if value is not None})
    found = Api(place.state_dir()).get(f"/api/patches?{query}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for p in found["patches"]:
        click.echo(_line(p))
    if not found["patches"]:
        click.echo("no patch yet" if not (root or status or submitter) else "no such patch")


@click.command()
@ID
@JSON
@place.option
def show(patch_id: str, *, as_json: bool) -> None:
    """Show one: every line that it changes, who must say yes, and what became of it."""
    p = Api(place.state_dir()).get(f"{_path(patch_id)}?diff=true")
    if as_json:
        _json(p)
        return
    click.echo(p["diff"], nl=False)
    _tell(p, asked=True)


@click.command()
@ID
@YES
@click.option("--tail", metavar="XXXX", help="The last four characters of its digest.")
@click.option(
    "--digest", metavar="DIGEST", help="The plan that you looked at; else its present one."
)
@NO_WAIT
@JSON
@place.option
def approve(
    patch_id: str,
    *,
    yes: bool,
    tail: str | None,
    digest: str | None,
    no_wait: bool,
    as_json: bool,
) -> int:
    """Say yes to a patch, where that is not for Slack alone, and wait for what comes of it.

    Exit 0: it is applied, or waits for others. 1: it was not.
    """
    api = Api(place.state_dir())
    p = api.get(f"{_path(patch_id)}?diff=true")
    if digest is None and not yes:
        _ask(p, "Apply this?", as_json=as_json)
    said = {"digest": digest or p["plan_digest"] or "", "tail": tail}
    found = _approved(api, f"{_path(patch_id)}/approve", said)
    return _end(api, found, as_json=as_json, no_wait=no_wait)


def _approved(api: Api, path: str, said: Mapping[str, str | None]) -> dict[str, Any]:
    """Say yes; whoever is alone with a risk is asked for the end of its digest, or for --tail."""
    try:
        return api.post(path, _given(said))
    except errors.GhostError as error:
        if said["tail"] is not None or END not in str(error):
            raise
        if not sys.stdin.isatty():
            raise errors.Failed(f"{error}, as --tail XXXX") from None
        click.echo(f"ghost: {error}", err=True)
    return api.post(path, _given({**said, "tail": str(click.prompt("Its end", err=True)).strip()}))


@click.command()
@ID
@click.option("--why", metavar="WORDS", help="What who made it is told.")
@JSON
@place.option
def reject(patch_id: str, *, why: str | None, as_json: bool) -> None:
    """Say no to a patch, which is final."""
    p = Api(place.state_dir()).post(f"{_path(patch_id)}/reject", _given({"why": why}))
    if as_json:
        _json(p)
    else:
        _tell(p, asked=True)


@click.command()
@click.argument("root", metavar="ROOT|DIR")
@click.option("--state-dir", metavar="DIR", help="Where the mark lies.")
@place.option
def clear(root: str, *, state_dir: str | None) -> None:
    """Say that a root is mended, which a patch left half way: it takes patches again.

    A folder is named by its path, with a slash in it; then no Ghost need run.
    """
    if "/" in root or root in {".", ".."}:
        found = marks.clear(patch_root.state_dir(state_dir), root)
        said = "needed nobody" if found is None else f"takes patches again, after {found.patch}"
        click.echo(words.safe(f"{root} {said}"))
        return
    path = f"/api/patches/roots/{quote(root, safe='')}/clear"
    click.echo(words.safe(Api(place.state_dir()).post(path, {})["said"]))


def revert(patch_id: str, *, yes: bool, dry_run: bool, as_json: bool) -> int:
    """Have the running Ghost take a patch back."""
    if dry_run:
        raise click.UsageError("cannot show what a revert would do without --root DIR")
    api = Api(place.state_dir())
    p = api.get(f"{_path(patch_id)}?diff=true")
    if not yes and p["status"] == "applied":
        _ask(p, "Take this back?", as_json=as_json)
    return _end(api, api.post(f"{_path(patch_id)}/revert", {}), as_json=as_json, no_wait=False)


def text_of(file: str) -> bytes:
    """Return what is in a file, or on stdin. Raises NoSuch."""
    try:
        if file == "-":
            return sys.stdin.buffer.read(BODY_BYTES + 1)
        with Path(file).open("rb") as opened:
            return opened.read(BODY_BYTES + 1)
    except OSError as error:
        why = (error.strerror or "error").lower()
        raise errors.NoSuch(f"cannot read {file}: {why}", "file") from None


def _ask(p: Mapping[str, Any], question: str, *, as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        raise click.UsageError("cannot ask whether to do it: say --yes")
    click.echo(p["diff"], nl=False)
    _tell(p)
    click.confirm(question, abort=True, err=True)


def _end(api: Api, p: dict[str, Any], *, as_json: bool, no_wait: bool) -> int:
    """Wait for the end of what goes on, tell it, and return the exit code."""
    while p["status"] in GOING and not no_wait:
        p = api.get(f"{_path(p['id'])}?wait={WAIT_S}", patience_s=WAIT_S + 15)
    if as_json:
        _json(p)
    else:
        _tell(p)
    return 0 if p["status"] in {*WELL, *GOING, "awaiting_approval"} else 1


def _tell(p: Mapping[str, Any], *, asked: bool = False) -> None:
    """Tell a person how one is; what went wrong is no answer, unless it was `asked` for."""
    bad = p["status"] in BAD and not asked
    if p["id"]:
        click.echo(_line(p), err=bad)
    elif p["reason"]:
        click.echo(visible(f"{p['status']}: {p['reason']}"), err=bad)
    where = p["where"] or {}
    if at := ":".join(str(where[key]) for key in ("path", "line", "column") if where.get(key)):
        click.echo(visible(f"at {at}"), err=bad)
    for one in p["files"]:
        loose = "" if one["tier"] == "exact" else f", found by {one['tier']}"
        counts = f"+{one['added']} -{one['removed']}"
        click.echo(visible(f"  {one['op']:<6} {one['path']}  {counts}{loose}"))
    for what in p["skipped"]:
        click.echo(visible(f"not done: {what}"), err=True)
    for risk in sentences(p["risk"], str):
        click.echo(visible(f"risk: {risk}"), err=True)
    _votes(p)
    for check in p["checks"]:
        _check(check)
    for line in p["left"]:
        click.echo(visible(f"needs you: {line}"), err=True)


def _votes(p: Mapping[str, Any]) -> None:
    for one in p["approvals"]:
        note = " (the only one who may)" if one["sole"] else ""
        note += " (by rule, no person was asked)" if one["unattended"] else ""
        click.echo(visible(f"approved by {one['name']} at {one['at'][:19]}Z{note}"))
    if p["status"] == "awaiting_approval":
        more = max(1, p["needs"] - len(p["approvals"]))
        people = "one person" if more == 1 else f"{more} people"
        until = (p["expires_at"] or "")[:19]
        click.echo(f"{people} must say yes, until {until}Z; its digest is {p['plan_digest']}")


def _check(check: Mapping[str, Any]) -> None:
    said = f": {check['said']}" if check["said"] else ""
    mark = "ok" if check["ok"] else "failed"
    click.echo(visible(f"{mark}: {check['name']}{said} ({check['took_s']:.1f} s)"), err=True)
    if not check["ok"]:
        for row in check["output"].splitlines()[-OUTPUT_LINES:]:
            click.echo(visible(f"    {row}"), err=True)


def _line(p: Mapping[str, Any]) -> str:
    word = p["status"].replace("_", " ")
    if words.coloured():
        word = words.colour(word, COLOURS.get(p["status"], words.RED))
    title = p["title"] or ", ".join(one["path"] for one in p["files"][:3]) or p["format"] or ""
    of = p["carrier"] or p["submitter"]["name"]
    why = f": {p['reason']}" if p["reason"] else ""
    more = f" ({p['reverted_by']} took it back)" if p["reverted_by"] else ""
    more += f" ({p['followed_by']} is its new plan)" if p["followed_by"] else ""
    told = f"{p['root']}  {title}  by {of}"
    return f"{p['id']:>5}  {p['created_at'][:19]}Z  {word}  {visible(told + why + more)}"


def _json(p: Mapping[str, Any]) -> None:
    click.echo(json.dumps({key: value for key, value in p.items() if key != "error"}, indent=2))


def _path(name: str) -> str:
    return f"/api/patches/{quote(name, safe='')}"


def _given(said: Mapping[str, str | None]) -> dict[str, Any]:
    return {key: value for key, value in said.items() if value is not None}


COMMANDS = (submit, list_command, show, approve, reject, clear)
