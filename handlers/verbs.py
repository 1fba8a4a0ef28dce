"""What answers each verb: one row a verb, wherever it was typed, pressed or chosen.

Rule 1: the rows here and those of `core.words.VERBS` are the same.
Rule 2: whoever is answered here was admitted already.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ghostbot.core.words import Ask
from ghostbot.orders import Actor
from ghostbot.slack.places import Place
from handlers import itself, looking, orders, patches, rights, tasks, troubles
from handlers.means import Means

Answer = Callable[[Ask, Means, Actor, Place], Awaitable[None]]

ANSWERS: dict[str, Answer] = {
    "status": looking.status,
    "top": looking.top,
    "why": looking.why,
    "logs": looking.logs,
    "restart": orders.given,
    "stop": orders.given,
    "start": orders.given,
    "hold": orders.given,
    "reset": orders.given,
    "incidents": troubles.incidents,
    "ack": troubles.ack,
    "silence": troubles.silence,
    "run": tasks.run,
    "patch": patches.patch,
    "tasks": tasks.tasks,
    "drill": tasks.drill,
    "test": itself.test,
    "health": itself.health,
    "registry": looking.registry,
    "backoff": looking.backoff,
    "tunnels": looking.tunnels,
    "reload": itself.reload,
    "upgrade": itself.upgrade,
    "sweep": itself.sweep,
    "down": itself.down,
    "whoami": rights.whoami,
    "claim": rights.claim,
    "events": rights.events,
    "help": looking.help_,
}
