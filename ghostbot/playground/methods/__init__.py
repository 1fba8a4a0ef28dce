"""The methods of the Web API, by name. What is not here answers `unknown_method`."""

from __future__ import annotations

from collections.abc import Mapping

from ghostbot.playground.methods import (
    chat,
    conversations,
    files,
    people,
    pins,
    reactions,
    schedule,
    views,
)
from ghostbot.playground.methods.rights import Method

METHODS: Mapping[str, Method] = {
    **people.METHODS,
    **chat.METHODS,
    **conversations.METHODS,
    **views.METHODS,
    **files.METHODS,
    **reactions.METHODS,
    **pins.METHODS,
    **schedule.METHODS,
}
