"""The golden table."""

from __future__ import annotations

from typing import get_args

from ghostbot.core.daemon import Fact, Order, State
from tests.core import table


def test_the_table_in_the_architecture_is_what_step_does() -> None:
    assert table.written() == table.table(), "python -m tests.core.table --write, and read the diff"


def test_the_table_has_every_state_and_every_event() -> None:
    assert {d.state for d in table.ROWS.values()} == set(State)
    kinds = {type(event) for event in table.EVENTS.values()}
    assert kinds == {*get_args(Order), *get_args(Fact)}
