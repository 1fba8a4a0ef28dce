"""Ghost's own log never shows a secret and never fails its writer."""

from __future__ import annotations

import logging
from pathlib import Path

from ghostbot.logbook import Logbook


def test_a_line_reaches_the_file_without_any_secret(tmp_path: Path) -> None:
    with Logbook(tmp_path):
        logging.getLogger("slack_bolt").info(
            "posted with %s to %s by %s",
            "xoxb-1234-abcDEF",
            "https://hooks.slack.com/commands/T1/2/abc",
            "wss://wss.slack.com/link/?ticket=12-34&app_id=A1",
        )
    text = (tmp_path / "ghost.log").read_text()
    assert "INFO slack_bolt posted with *** to https://hooks.slack.com/***" in text
    assert "ticket=***&app_id=A1" in text


def test_a_log_that_cannot_be_opened_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "ghost.log").mkdir()
    with Logbook(tmp_path):
        logging.getLogger("ghost").warning("still here")


def test_secrets_in_a_trace_are_struck_out_too(tmp_path: Path) -> None:
    with Logbook(tmp_path):
        error = RuntimeError("bad token xapp-1-A0-99-deadbeef")
        logging.getLogger("ghost").error("failed", exc_info=error)
    text = (tmp_path / "ghost.log").read_text()
    assert "RuntimeError: bad token ***" in text
