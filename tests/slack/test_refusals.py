"""Slack's refusals in words that end in what to do."""

from __future__ import annotations

import pytest
from slack_sdk.errors import SlackApiError

from ghostbot.slack.refusals import (
    APP,
    CHANNEL_REFUSALS,
    TOKEN_REFUSALS,
    channel_way_out,
    code_of,
    retry_after_s,
    token_way_out,
)


class Answer:
    """An answer of Slack, as the SDK hands it on."""

    def __init__(self, headers: dict[str, str] | None = None, error: str | None = None) -> None:
        self.headers = headers or {}
        self._error = error

    def get(self, _key: str) -> str | None:
        return self._error


@pytest.mark.parametrize("code", TOKEN_REFUSALS)
def test_a_refused_token_is_named_with_the_code_and_the_way_out(code: str) -> None:
    said = token_way_out(APP, code)
    assert said.startswith(f"off: Slack refuses SLACK_APP_TOKEN ({code}): ")
    assert "start Ghost again" in said


@pytest.mark.parametrize("code", CHANNEL_REFUSALS)
def test_a_refused_channel_is_named_with_the_code_and_the_way_out(code: str) -> None:
    assert channel_way_out("#ops", code).startswith(f"cannot post to #ops: {code}: ")


def test_an_answer_without_an_error_is_slacks_own_trouble() -> None:
    assert code_of(SlackApiError("x", Answer())) == "service_unavailable"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry-After": "7"}, 7.0), ({"retry-after": "7"}, 7.0), ({"Retry-After": "soon"}, 2.0)],
)
def test_how_long_to_wait_is_read_from_the_answer(headers: dict[str, str], seconds: float) -> None:
    assert retry_after_s(SlackApiError("x", Answer(headers)), 2.0) == seconds
