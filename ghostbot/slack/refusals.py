"""What Slack's refusals mean and what to do about them, in words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp
from slack_sdk.errors import SlackApiError

BOT, APP = "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"

OFF = "off: "  # begins the state of a link that only a person can mend

NOT_RETRIED_S = 60.0  # a token that is refused is tried again this often, never faster

# What only a person can mend, about the token itself.
TOKEN_REFUSALS: Mapping[str, str] = {
    "invalid_auth": "put a new one into .env",
    "not_authed": "put one into .env",
    "token_revoked": "put a new one into .env",
    "token_expired": "put a new one into .env",
    "account_inactive": "the app was removed from the workspace: install it again, put its token"
    " into .env",
    "not_allowed_token_type": "the two tokens are probably exchanged: SLACK_BOT_TOKEN begins with"
    " xoxb-, SLACK_APP_TOKEN with xapp-",
    "missing_scope": "add the scopes of manifest.yml to the app (for SLACK_APP_TOKEN:"
    " connections:write), install it again",
}

# What only a person can mend, about one channel.
CHANNEL_REFUSALS: Mapping[str, str] = {
    "channel_not_found": "there is no such channel that Ghost can see: mend `[slack] channel`, or"
    " type `/invite @ghost` in it if it is private",
    "not_in_channel": "type `/invite @ghost` in the channel",
    "is_archived": "bring the channel back, or name another in `[slack] channel`",
    "is_inactive": "bring the channel back, or name another in `[slack] channel`",  # for an edit
    "restricted_action": "an admin of the workspace must let apps post in the channel",
    "restricted_action_read_only_channel": "an admin must let apps post in the channel",
    "messages_tab_disabled": "switch on the messages tab of the app",
}

# The message an edit was for is gone, no longer ours to edit, or in another workspace: a state
# directory outlives a move from the playground to Slack.
GONE = frozenset(
    {
        "message_not_found",
        "thread_not_found",
        "cant_update_message",
        "edit_window_closed",
        "channel_not_found",
    }
)

# Too much was said: it was not done. The answer names how long this one method has to rest.
LIMITS = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})

# Slack's own troubles, which pass. What was asked for may have been done all the same.
PASSING = frozenset(
    {
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "team_added_to_org",
        "request_timeout",
    }
)

NETWORK = (aiohttp.ClientError, TimeoutError, asyncio.TimeoutError, OSError)


def code_of(error: SlackApiError) -> str:
    """Return Slack's word for the refusal; an answer without one (HTML, 503) is passing."""
    found = error.response.get("error") if hasattr(error.response, "get") else None
    return str(found) if found else "service_unavailable"


def retry_after_s(error: SlackApiError, default: float) -> float:
    """Return how long Slack asks us to wait."""
    headers = getattr(error.response, "headers", None) or {}
    for key, value in headers.items():
        if key.lower() == "retry-after" and str(value).isdigit():
            return float(value)
    return default


def token_way_out(token: str, code: str) -> str:
    """Say which token Slack refuses and what to do, as the words of a link's state."""
    way = TOKEN_REFUSALS.get(code, "see what Slack's documentation says of it")
    return f"{OFF}Slack refuses {token} ({code}): {way}; then start Ghost again"


def channel_way_out(channel: str, code: str) -> str:
    """Say why a channel cannot be written to and what to do."""
    return f"cannot post to {channel}: {code}: {CHANNEL_REFUSALS[code]}"
