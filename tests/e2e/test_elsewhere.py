"""A patch that somebody applies at the machine is told to those in Slack, who can take it back."""

from __future__ import annotations

from pathlib import Path

import pytest

from ghostbot.playground import Playground
from tests.e2e.test_patches import RISKY, RUDE, card, greeting, house
from tests.e2e.test_slack import connected, words_of
from tests.fakes.real_ghost import real_ghost, until

pytestmark = pytest.mark.timeout(120)


async def test_what_is_applied_at_the_machine_is_a_card_in_slack_that_takes_it_back(
    slack: Playground, tmp_path: Path
) -> None:
    async with real_ghost(tmp_path, house(tmp_path), slack) as ghost:
        await ghost.daemon("web", lambda d: d["word"] == "up")
        await connected(ghost)
        words = ("--root", str(tmp_path / "app"), "--yes", "-c", str(ghost.config))
        (tmp_path / "rude").write_text(RUDE)
        code, _, err = await ghost.cli("patch", "apply", str(tmp_path / "rude"), *words)
        assert code == 1
        assert "greetings must be polite" in err  # nothing changed, so nobody is told
        (tmp_path / "fine").write_text(RISKY)
        code, _, err = await ghost.cli("patch", "apply", str(tmp_path / "fine"), *words)
        assert code == 0, err
        assert greeting(tmp_path) == "hello, world\n"

        done = await card(slack, "p1", "applied")
        said = words_of(done)
        assert "ghost patch apply" in said
        assert "greeting.txt" in said
        await slack.press(done["ts"], "ghost_patch_revert", by="alice", channel="#patches")
        await until(lambda: greeting(tmp_path) == "hello\n", "the greeting as it was", 30)
        await card(slack, "p2", "applied")
