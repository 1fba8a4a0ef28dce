"""What people do in views: fill in, press, submit, close, open the Home tab."""

from __future__ import annotations

from typing import Any

from ghostbot.errors import NoSuch
from ghostbot.playground import payloads
from ghostbot.playground.blocks import check_view
from ghostbot.playground.directory import Person
from ghostbot.playground.filled import mistakes
from ghostbot.playground.hands import Hands
from ghostbot.playground.normal import Json, actionable
from ghostbot.playground.payloads import Target
from ghostbot.playground.surfaces import STATE_KEYS
from ghostbot.playground.wire import Refused
from ghostbot.playground.world import World

TROUBLE = "We had some trouble connecting. Try again?"  # Slack's words under a modal


class Modals:
    """The people of the workspace, in front of a view. Values are `{block_id: {action_id: v}}`."""

    def __init__(self, world: World, hands: Hands) -> None:
        self._world = world
        self._hands = hands

    async def press(
        self,
        person: Person,
        view_id: str,
        action_id: str,
        *,
        value: Any = None,
        block_id: str | None = None,
        values: Json,
    ) -> None:
        """Press or pick something in the modal on top or in the Home tab."""
        view = self._view(person, view_id)
        target = payloads.pick(_targets(view), action_id, value, block_id)
        if view["type"] == "modal":
            self._keep(person, view, values)
        payload = self._on_view("block_actions", person, view)
        if target.element["type"] in STATE_KEYS:
            slot = view["state"]["values"][target.block["block_id"]][action_id]
            slot |= payloads.answered(target.element, value)
        ts = self._world.workspace.next_ts()
        payload["actions"] = [payloads.action(target, value, ts)]
        payload["trigger_id"] = self._world.vouchers.trigger(person.id, view_id=view["id"])
        await self._hands.tell(payload, person, action_id)

    async def suggest(
        self, person: Person, view_id: str, action_id: str, block_id: str, typed: str
    ) -> Json:
        """What an external select of a view offers for what was typed."""
        view = self._view(person, view_id)
        payloads.pick(_targets(view), action_id, None, block_id)
        payload = self._on_view("block_suggestion", person, view)
        payload |= {"action_id": action_id, "block_id": block_id, "value": typed}
        return await self._hands.offered(payload, person)

    async def submit(self, person: Person, values: Json) -> dict[str, str]:
        """Submit the modal on top; what is wrong comes back by block_id, else it was taken."""
        view = self._view(person, None)
        self._keep(person, view, values)
        if wrong := mistakes(view):
            return wrong
        payload = self._on_view("view_submission", person, view)
        payload["trigger_id"] = self._world.vouchers.trigger(person.id, view_id=view["id"])
        payload["response_urls"] = []
        del payload["container"]
        try:
            return await self._submitted(payload, person, view)
        except Refused as refusal:
            self._world.on_notice(person.id, f"the answer was refused: {refusal.answer()}")
            return {"": TROUBLE}

    async def close(self, person: Person, *, everything: bool = False) -> None:
        """Close the modal on top, or the whole stack; one with clear_on_close takes all along."""
        top = self._world.views.top(person.id)
        everything = everything or bool(top and top["clear_on_close"])
        for view in self._world.views.close(person.id, everything=everything):
            await self._closed(person, view, cleared=everything)

    def open_home(self, person: Person) -> None:
        """Look at the Home tab; the app is told each time."""
        self._world.events.home_opened(person.id, self._world.views.home(person.id))

    async def _submitted(self, payload: Json, person: Person, view: Json) -> dict[str, str]:
        notices: list[str] = []
        answer = await self._hands.answer(payload, notices.append)
        if notices:
            self._world.on_notice(person.id, notices[0])
            return {"": TROUBLE}
        match (answer or {}).get("response_action"):
            case None:
                self._world.views.close(person.id)
            case "clear":
                self._world.views.close(person.id, everything=True)
            case "errors":
                return _errors(answer, view)
            case "update":
                new = check_view(answer.get("view"), ["modal"])
                self._world.views.update(new, view_id=view["id"], external_id=None, expected=None)
            case "push":
                self._world.views.push(person.id, check_view(answer.get("view"), ["modal"]))
            case other:
                raise Refused(f"invalid response_action {other!r}")
        return {}

    async def _closed(self, person: Person, view: Json, *, cleared: bool) -> None:
        if view["notify_on_close"]:
            payload = self._on_view("view_closed", person, view) | {"is_cleared": cleared}
            del payload["container"]
            await self._hands.tell(payload, person, view["callback_id"])

    def _view(self, person: Person, view_id: str | None) -> Json:
        for view in (self._world.views.top(person.id), self._world.views.home(person.id)):
            if view is not None and view_id in {None, view["id"]}:
                return view
        raise NoSuch(f"cannot act: {person.name} has no such view open")

    def _keep(self, person: Person, view: Json, values: Json) -> None:
        for target in _targets(view):
            given = values.get(target.block["block_id"], {})
            name = target.element["action_id"]
            if name in given and target.element["type"] in STATE_KEYS:
                slot = {name: _typed(target.element, given[name])}
                self._world.views.keep_state(person.id, {target.block["block_id"]: slot})

    def _on_view(self, kind: str, person: Person, view: Json) -> Json:
        container = {"type": "view", "view_id": view["id"]}
        return payloads.base(kind, person) | {"view": view, "container": container}


def _targets(view: Json) -> list[Target]:
    return [Target(e, block) for block in view["blocks"] for e in actionable(block)]


def _typed(element: Json, value: Any) -> Json:
    """What was typed into an input; nothing is null, whatever the input."""
    if value is None or value in ("", []):
        key = STATE_KEYS[element["type"]]
        return {key: [] if isinstance(value, list) else None}
    return payloads.answered(element, value)


def _errors(answer: Json, view: Json) -> dict[str, str]:
    """Errors by block_id; one that names no input of the view is refused."""
    errors = answer.get("errors")
    inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or set(errors) - inputs:
        raise Refused("invalid_arguments", errors=errors)
    return {str(block_id): str(words) for block_id, words in errors.items()}
