"""What a request asks for: its query and its body, read whole, or refused in words.

Unknown keys are mistakes here too: what is asked for and not done would be a lie.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from ghostbot import errors
from ghostbot.core.words import did_you_mean, span_s
from ghostbot.ghost import GROUP
from ghostbot.orders import Doing

BODY_MAX_BYTES = 64 * 1024
BODY_WAIT_S = 10.0  # a client that sends more slowly than this is holding a handler
WHOM = ("names", "group", "all")
NAMES_MAX = 1000
NAME_MAX = 100  # longer than any name that ghost.toml takes, group:G included
SHOWN = 80  # more of a value would drown the message it stands in

YES, NO = frozenset({"true", "1", "yes"}), frozenset({"false", "0", "no"})


@dataclass(frozen=True, slots=True)
class Orders:
    """`POST /api/orders`: a verb, and whom it is for, as Ghost takes it."""

    doing: Doing
    asked: tuple[str, ...]
    for_s: float | None = None  # how long a hold lasts


async def body(request: web.Request, *known: str) -> dict[str, Any]:
    """Read the body, a JSON object of `known` keys; none at all is an empty one.

    Raises BadRequest, and what HTTP calls 408 and 413.
    """
    try:
        async with asyncio.timeout(BODY_WAIT_S):
            held = await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the body came too slowly") from None
    found = _object(held)
    if unknown := [key for key in found if key not in known]:
        shown = "; ".join(
            f"{cut(key)}: unknown key{did_you_mean(cut(key), known)}" for key in unknown[:10]
        )
        raise errors.BadRequest(f"cannot read the body: {shown}; it takes {', '.join(known)}")
    return found


def _object(held: bytes) -> dict[str, Any]:
    if not held.strip():
        return {}
    try:
        found = json.loads(held)
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise errors.BadRequest(f"cannot read the body as JSON: {why}") from None
    if not isinstance(found, dict):
        raise errors.BadRequest("cannot read the body: it is no JSON object")
    return found


async def orders(request: web.Request) -> Orders:
    """Read an order to many. Raises BadRequest."""
    found = await body(request, "verb", "for", *WHOM)
    verb = found.get("verb")
    if verb not in list(Doing):
        takes = ", ".join(Doing)
        raise errors.BadRequest(f"cannot read the body: verb is {shown(verb)}; it takes {takes}")
    given = [key for key in WHOM if found.get(key) is not None]
    if len(given) != 1:
        raise errors.BadRequest(f"cannot {verb}: give exactly one of {', '.join(WHOM)}")
    (key,) = given
    return Orders(Doing(verb), _whom(key, found[key]), hold_for(found, Doing(verb)))


def hold_for(found: dict[str, Any], doing: Doing) -> float | None:
    """Read how long a hold lasts; None: until somebody ends it. Raises BadRequest."""
    if "for" not in found:
        return None
    if doing is not Doing.HOLD:
        raise errors.BadRequest(f"cannot {doing} for a while: only hold takes `for`")
    said = found["for"]
    for_s = span_s(said) if isinstance(said, str) else None
    if for_s is None:
        raise errors.BadRequest(
            f"cannot read the body: for is {shown(said)}; it takes a time as in 2h, at most 365d"
        )
    return for_s


def _whom(key: str, value: object) -> tuple[str, ...]:
    match key, value:
        case "all", True:
            return ("all",)
        case "group", str(group) if _is_name(group):
            return (f"{GROUP}{group}",)
        case "names", list(names) if 0 < len(names) <= NAMES_MAX and all(map(_is_name, names)):
            return tuple(names)
    takes = {"all": "true", "group": "a name", "names": f"a list of 1 to {NAMES_MAX} names"}[key]
    raise errors.BadRequest(f"cannot read the body: {key} is {shown(value)}; it takes {takes}")


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= NAME_MAX


def keep(found: dict[str, Any]) -> bool:
    """Read whether the daemons are to be kept. Raises BadRequest."""
    value = found.get("keep", False)
    if not isinstance(value, bool):
        raise errors.BadRequest(
            f"cannot read the body: keep is {shown(value)}; it takes true or false"
        )
    return value


def shown(value: object) -> str:
    """Show an offending value, cut where it is long."""
    return cut(json.dumps(value, ensure_ascii=False))


def cut(text: str) -> str:
    """Return as much of `text` as fits a message."""
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def query(request: web.Request, *known: str) -> dict[str, str]:
    """Return the query's keys, each once. Raises BadRequest for any that is not known."""
    given: dict[str, str] = {}
    for key, value in request.query.items():
        if key not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes no query"
            near = did_you_mean(cut(key), known)
            raise errors.BadRequest(
                f"cannot read the query: {cut(key)}: unknown key{near}; {takes}"
            )
        if key in given:
            raise errors.BadRequest(f"cannot read the query: {key} stands there twice")
        given[key] = value
    return given


def truth(given: dict[str, str], key: str) -> bool:
    """Return the query's `key` as true or false; absent is false. Raises BadRequest."""
    word = given.get(key, "false").lower()
    if word not in YES | NO:
        raise errors.BadRequest(f"cannot read the query: {key} is {cut(word)!r}, not true or false")
    return word in YES


def number(given: dict[str, str], key: str, default: int, *, most: int) -> int:
    """Return the query's `key` as a whole number from 0 to `most`. Raises BadRequest."""
    word = given.get(key)
    if word is None:
        return default
    plain = word.isascii() and word.isdigit() and len(word) <= len(str(most))
    if not plain or int(word) > most:
        raise errors.BadRequest(
            f"cannot read the query: {key} is {cut(word)!r}, not a number from 0 to {most}"
        )
    return int(word)
