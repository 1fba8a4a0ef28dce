"""What every listener works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ghostbot.claims import Claims
from ghostbot.config.model import COMMAND
from ghostbot.core.incident import Incident
from ghostbot.ghost import Ghost
from ghostbot.incidents.care import Care
from ghostbot.itself import Itself
from ghostbot.slack.gateway import Gateway
from ghostbot.slack.notifier import Notifier
from ghostbot.slack.people import People
from ghostbot.slack.presses import Presses
from ghostbot.store.deliveries import Deliveries
from ghostbot.store.events import Events
from ghostbot.tasks import Tasks
from handlers.parts import Patching


@dataclass(frozen=True, slots=True)
class Means:
    """Ghost, the way to Slack, and who may ask. `incident` looks one up by its id."""

    ghost: Ghost
    gateway: Gateway
    people: People
    notifier: Notifier
    incident: Callable[[int], Incident | None]
    tasks: Tasks
    care: Care
    itself: Itself
    command: str = COMMAND
    deliveries: Deliveries = field(default_factory=Deliveries)
    presses: Presses = field(default_factory=Presses)
    claims: Claims | None = None
    events: Events | None = None
    patching: Patching | None = None  # None: patches are off
