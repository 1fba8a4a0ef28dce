"""The states of a proposal, as the page draws them."""

from __future__ import annotations

from pathlib import Path

from ghostbot.core.proposal import MOVES, Status

PAGE = Path(__file__).parents[2] / "ARCHITECTURE.md"


def test_the_table_that_people_read_is_the_one_that_is_kept() -> None:
    rows = [
        f"| `{here.value}` | {', '.join(f'`{to.value}`' for to in Status if to in MOVES[here])} |"
        for here in Status
        if here in MOVES
    ]
    text = PAGE.read_text(encoding="utf-8")
    drawn = text.split("<!-- moves: begin -->")[1].split("<!-- moves: end -->")[0]
    assert drawn.strip().splitlines()[2:] == rows


def test_every_way_leads_to_an_end() -> None:
    ends = set(Status) - MOVES.keys()
    while more := {here for here, ways in MOVES.items() if ways & ends} - ends:
        ends |= more
    assert ends == set(Status)
