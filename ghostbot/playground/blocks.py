"""What Slack refuses in blocks, attachments and views, with the place of each mistake.

1. The JSON Schema beside this file knows the fields of each block and their lengths.
2. It does not know the rules below: which block belongs on which surface, how many there may be,
   how long all of them may be together, and which ids must be unique.
3. Errors name a JSON pointer, as Slack's response_metadata.messages do.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from ghostbot.playground.normal import Json, actionable
from ghostbot.playground.wire import Refused, explained

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

Surface = Literal["message", "modal", "home"]

MOST_BLOCKS = {"message": 50, "modal": 100, "home": 100}
BUDGET = 13_200  # serialized characters per message; not documented, seen as msg_blocks_too_long
MARKDOWN_BUDGET = 12_000
TABLE_BUDGET = 10_000
VIEW_BYTES = 250_000
MOST_ATTACHMENTS = 100
ALERT_TEXT = 200

MESSAGE: frozenset[Surface] = frozenset({"message"})
MESSAGE_HOME: frozenset[Surface] = frozenset({"message", "home"})
SURFACES: dict[str, frozenset[Surface]] = {
    "alert": frozenset({"modal"}),
    "file": frozenset(),  # comes back with messages, and cannot be posted
    **dict.fromkeys(("markdown", "table", "data_table", "plan", "task_card"), MESSAGE),
    "context_actions": MESSAGE,
    **dict.fromkeys(("card", "carousel", "container", "data_visualization"), MESSAGE_HOME),
}
MOST_PER_MESSAGE = {"plan": 1, "data_visualization": 2}


def check_message(blocks: Any, attachments: Any, *, budget: bool = True) -> None:
    """Refuse what Slack refuses in a message; `None` is what was not given."""
    if blocks is not None:
        _check_blocks(blocks, "message", "/blocks")
    for index, attachment in enumerate(_attachments(attachments)):
        if attachment.get("blocks") is not None:
            _check_blocks(attachment["blocks"], "message", f"/attachments/{index}/blocks")
    nested = [a["blocks"] for a in _attachments(attachments) if a.get("blocks")]
    if budget and sum(len(_dumped(item)) for item in [blocks or [], *nested]) > BUDGET:
        raise explained("msg_blocks_too_long", f"blocks are over {BUDGET} characters as JSON")


def check_view(view: Any, surfaces: Iterable[Surface]) -> Json:
    """Refuse a view that Slack would refuse; the view is handed back."""
    if not isinstance(view, dict):
        raise explained("invalid_arguments", "must be a view [json-pointer:/view]")
    surface = view.get("type")
    if surface not in set(surfaces):
        raise explained("invalid_arguments", "unsupported view type [json-pointer:/view/type]")
    if len(_dumped(view).encode()) > VIEW_BYTES:
        raise explained("view_too_large", f"the view is over {VIEW_BYTES} bytes")
    shell = {**view, "blocks": [{"type": "divider"}]}
    blocks = view.get("blocks")
    inputs = [b for b in blocks if _is_input(b)] if isinstance(blocks, list) else []
    if inputs:
        shell.setdefault("submit", None)  # an input needs a submit: null fails, as absent would
    mistakes = list(_schema_mistakes(shell, f"{surface}_view", "/view"))
    if mistakes:
        raise explained("invalid_arguments", *mistakes)
    try:
        _check_blocks(view.get("blocks"), surface, "/view/blocks")
    except Refused as refusal:
        raise Refused("invalid_arguments", **refusal.more) from None
    return view


def check_options(answer: Json) -> None:
    """Refuse what Slack cannot show under an external select: `{}`, options or option_groups."""
    groups = answer.get("option_groups")
    lists = [answer.get("options")] if groups is None else [g.get("options") for g in groups]
    for options in lists if answer else []:
        if not isinstance(options, list):
            raise explained("invalid_arguments", "missing required field: options")
        shell = {"type": "static_select", "action_id": "a", "options": options}
        mistakes = list(_schema_mistakes(shell, "static_select_element", "")) if options else []
        if mistakes:
            raise explained("invalid_arguments", *mistakes)


def prepare() -> None:
    """Load the schema and its validator: slow, so it belongs into a thread, before the start."""
    check_message([{"type": "divider"}], None)


def _is_input(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") == "input"


def _attachments(attachments: Any) -> list[Json]:
    if attachments is None:
        return []
    if not isinstance(attachments, list) or not all(isinstance(a, dict) for a in attachments):
        raise explained("invalid_attachments", "must be a list [json-pointer:/attachments]")
    if len(attachments) > MOST_ATTACHMENTS:
        raise Refused("too_many_attachments")
    return attachments


def _check_blocks(blocks: Any, surface: Surface, pointer: str) -> None:
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise explained("invalid_blocks_format", f"must be a list of blocks [{_at(pointer)}]")
    mistakes: list[str] = []
    if len(blocks) > MOST_BLOCKS[surface]:
        mistakes.append(f"no more than {MOST_BLOCKS[surface]} items allowed [{_at(pointer)}]")
    for index, block in enumerate(blocks):
        mistakes += _block_mistakes(block, surface, f"{pointer}/{index}")
    mistakes = mistakes or [*_shared_mistakes(blocks, pointer)]
    if mistakes:
        raise explained("invalid_blocks", *mistakes)
    tables = [b for b in blocks if b["type"] in {"table", "data_table"}]
    if len(tables) > 1:
        raise explained("invalid_attachments", "only_one_table_allowed")


def _block_mistakes(block: Json, surface: Surface, pointer: str) -> Iterator[str]:
    kind = block.get("type")
    if f"{kind}_block" not in _definitions():
        yield f"unsupported type: {kind} [{_at(pointer)}/type]"
        return
    if surface not in SURFACES.get(str(kind), {surface}):
        yield f"unsupported type on this surface ({surface}): {kind} [{_at(pointer)}/type]"
        return
    yield from _schema_mistakes(block, f"{kind}_block", pointer)
    if kind == "alert" and len(str((block.get("text") or {}).get("text", ""))) > ALERT_TEXT:
        yield f"must be less than {ALERT_TEXT + 1} characters [{_at(pointer)}/text/text]"
    if kind in {"table", "data_table"} and _written(block.get("rows")) > TABLE_BUDGET * (
        2 if kind == "data_table" else 1
    ):
        yield f"too many characters in the table [{_at(pointer)}/rows]"
    ids = Counter(e["action_id"] for e in actionable(block) if e.get("action_id"))
    for action_id in (name for name, count in ids.items() if count > 1):
        yield f"action_id `{action_id}` already exists [{_at(pointer)}]"
    for child in (block.get("child_blocks") or []) if kind == "container" else []:
        if isinstance(child, dict) and surface not in SURFACES.get(str(child["type"]), {surface}):
            yield f"unsupported type on this surface: {child['type']} [{_at(pointer)}]"


def _shared_mistakes(blocks: list[Json], pointer: str) -> Iterator[str]:
    ids = Counter(block["block_id"] for block in blocks if block.get("block_id"))
    for block_id in (name for name, count in ids.items() if count > 1):
        yield f"block_id `{block_id}` already exists [{_at(pointer)}]"
    kinds = Counter(block["type"] for block in blocks)
    for kind, most in MOST_PER_MESSAGE.items():
        if kinds[kind] > most:
            yield f"no more than {most} of type {kind} allowed [{_at(pointer)}]"
    markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    if markdown > MARKDOWN_BUDGET:
        yield f"markdown is over {MARKDOWN_BUDGET} characters together [{_at(pointer)}]"


def _written(value: Any) -> int:
    if isinstance(value, dict):
        return sum(
            len(item) if key == "text" and isinstance(item, str) else _written(item)
            for key, item in value.items()
        )
    return sum(_written(item) for item in value) if isinstance(value, list) else 0


def _at(pointer: str) -> str:
    return f"json-pointer:{pointer}"


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@functools.cache
def _definitions() -> Json:
    text = (files("ghostbot.playground") / "schema" / "block-kit.schema.json").read_text("utf-8")
    definitions: Json = json.loads(text)["$defs"]
    return definitions


@functools.cache
def _validator(name: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - 0.1 s, paid by nobody else

    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": _definitions()})


def _schema_mistakes(value: Json, name: str, pointer: str) -> Iterator[str]:
    for error in _validator(name).iter_errors(value):
        for deepest in _deepest(error):
            place = "".join(f"/{step}" for step in deepest.absolute_path)
            yield f"{_worded(deepest)} [{_at(pointer)}{place}]"


def _deepest(error: ValidationError) -> Iterator[ValidationError]:
    """Of a choice between alternatives, the mistakes of the one that the `type` picks."""
    if error.validator not in {"oneOf", "anyOf"} or not error.context:
        yield error
        return
    meant = [branch for branch in _branches(error) if not any(map(_is_other_type, branch))]
    if len(meant) != 1:
        yield error
        return
    for inner in meant[0]:
        yield from _deepest(inner)


def _is_other_type(error: ValidationError) -> bool:
    if error.validator in {"oneOf", "anyOf"} and error.context and not error.relative_path:
        return all(any(map(_is_other_type, branch)) for branch in _branches(error))
    return error.validator == "const" and list(error.relative_path) == ["type"]


def _branches(error: ValidationError) -> list[list[ValidationError]]:
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context or []:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    return list(branches.values())


def _worded(error: ValidationError) -> str:
    limit: Any = error.validator_value
    schema: Any = error.schema
    value: Any = error.instance
    match error.validator:
        case "maxLength":
            return f"must be less than {limit + 1} characters"
        case "minLength":
            return f"must be more than {limit - 1} characters"
        case "maxItems":
            return f"no more than {limit} items allowed"
        case "minItems":
            return f"no less than {limit} items are required"
        case "required":
            missing = [name for name in limit if name not in value]
            return f"missing required field: {', '.join(missing)}"
        case "additionalProperties":
            known = schema.get("properties", {})
            return f"no more properties allowed: {', '.join(sorted(set(value) - {*known}))}"
        case "const" | "enum":
            return f"must be a valid enum value: {limit}"
        case "oneOf" | "anyOf":
            return "failed to match all allowed schemas"
    return str(error.message)[:200]
