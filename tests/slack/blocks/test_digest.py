"""Yesterday, as people read it."""

from __future__ import annotations

from ghostbot.core.history import Day, Digest
from ghostbot.slack.blocks.digest import digest
from ghostbot.slack.blocks.message import BUDGET, Message, size
from tests.fakes.block_kit import assert_fits

UNTIL = 1_790_000_000.0
STRIP = "🟩" * 20 + "🟨🟥⬜🟩"


def told(*days: Day) -> Digest:
    return Digest(UNTIL - 86_400, UNTIL, days, ("web http", 0.1234))


def words(days: Digest, **room: int) -> str:
    made = digest(days, **{"room": BUDGET, "blocks": 20, **room})
    assert_fits(Message("digest", tuple(made)))
    return "\n".join(block["text"]["text"] for block in made)


def test_it_says_how_the_day_was_the_worst_first() -> None:
    said = words(
        told(
            Day("db", "🟩" * 24, 1.0, 0, 0, 1),
            Day("web", STRIP, 0.9997, 2, 2, 0),
            Day("off", "⬜" * 24, None, 0, 0, 0),
        )
    )
    first, *lines = said.splitlines()[1:]
    assert first == "99.9 % up · 2 deaths · 2 restarts · 1 drill · slowest probe web http, 123 ms"
    assert lines[0] == f"{STRIP} *web* 99.9 % · 2 deaths"  # 99.97 % is not 100 %
    assert lines[1] == f"{'🟩' * 24} *db* 100 % · 1 drill"
    assert len(lines) == 2, "of what nobody wanted up there is nothing to tell"


def test_many_daemons_and_hostile_names_stay_within_slacks_limits() -> None:
    days = [Day(f"<!channel>`{n}`" + "x" * 90, STRIP, 0.5, 1, 1, 0) for n in range(500)]
    made = digest(told(*days), room=6_000, blocks=20)
    assert_fits(Message("digest", tuple(made)))
    assert size(made) <= 6_000
    assert "<!channel>" not in str(made)
