"""A playground for a real Ghost."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ghostbot.playground import Playground
from tests.fakes.real_ghost import manifest


@pytest.fixture
async def slack() -> AsyncIterator[Playground]:
    playground = Playground(manifest())
    await playground.start()
    yield playground
    await playground.stop()
