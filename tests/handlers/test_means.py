"""The Ghost of these tests takes and gives what the real one does."""

from __future__ import annotations

import inspect

import pytest

from ghostbot.ghost import Ghost
from ghostbot.itself import Itself
from ghostbot.store.posts import Posts
from tests.fakes.ghost import FakeGhost
from tests.fakes.itself import FakeItself
from tests.fakes.slack_side import FakePosts

ITSELF = (
    "parts",
    "tunnels",
    "subjects",
    "test",
    "test_alert",
    "reload",
    "sweep",
    "check_next",
    "down",
)

PAIRS = [
    *((Itself, FakeItself, name) for name in ITSELF),
    *(
        (Ghost, FakeGhost, name)
        for name in ("house", "daemon", "names", "order", "logs", "meant", "records")
    ),
    *((Posts, FakePosts, name) for name in ("get", "put", "forget")),
]


@pytest.mark.parametrize(("real", "fake", "name"), PAIRS)
def test_the_fake_is_called_as_the_real_one(real: type, fake: type, name: str) -> None:
    wanted, given = (inspect.signature(getattr(one, name)) for one in (real, fake))
    assert list(wanted.parameters) == list(given.parameters)
    assert [p.kind for p in wanted.parameters.values()] == [
        p.kind for p in given.parameters.values()
    ]
    assert inspect.iscoroutinefunction(getattr(real, name)) == inspect.iscoroutinefunction(
        getattr(fake, name)
    )
