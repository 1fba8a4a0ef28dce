"""Words that are safe to show: escaped, masked, cut, and instants that each reader sees locally."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from ghostbot.veil import hide

FALLBACK_FORM = "%Y-%m-%d %H:%M:%S UTC"
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400

LINK = re.compile(r"<((?:https?|mailto|tel|ftp):[^<>|]*)(?:\|([^<>]*))?>", re.IGNORECASE)

# Slack refuses NUL; the others would turn a line around or hide what stands beside them.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def clean(text: str) -> str:
    """Return `text` without secrets and without characters that hide or turn others."""
    return hide(UNSEEN.sub("\ufffd", text.replace("\r\n", "\n")))


def escape(text: str) -> str:
    """Return `text` for Slack's markup: nothing in it is a mention, a link or a channel."""
    return clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def name(text: str, limit: int = 80) -> str:
    """Return the name of something for Slack's markup, on one line and not too long."""
    return escape(cut(" ".join(text.split()), limit)) or "–"


def cut(text: str, limit: int) -> str:
    """Return `text` within `limit` characters, saying how many are not shown.

    An entity (&amp;) or a mark such as <!date…> is never cut in two, and a secret is hidden
    before: its first half would be one still.
    """
    if len(text) <= limit:
        return text
    text = hide(text)
    gone = f" … ({len(text) - limit:,} characters more)"
    kept = text[: max(0, limit - len(gone))]
    open_at, amp_at = kept.rfind("<"), kept.rfind("&")
    if open_at > kept.rfind(">"):
        kept = kept[:open_at]
    elif amp_at > kept.rfind(";") and len(kept) - amp_at < len("&amp;"):
        kept = kept[:amp_at]
    return (kept + gone)[:limit]


def when(at: float, form: str = "{date_short_pretty} {time_secs}") -> str:
    """Return an instant (epoch seconds) that each reader sees in their own time zone."""
    fallback = datetime.fromtimestamp(at, UTC).strftime(FALLBACK_FORM)
    return f"<!date^{int(at)}^{form}|{fallback}>"


def duration(seconds: float) -> str:
    """Return a span as people say it: "4 s", "3 min", "2 h 5 min", "9 d 4 h"."""
    s = max(0, int(seconds))
    if s < MINUTE_S:
        return f"{s} s"
    if s < HOUR_S:
        return f"{s // MINUTE_S} min"
    if s < DAY_S:
        return f"{s // HOUR_S} h {s % HOUR_S // MINUTE_S} min"
    return f"{s // DAY_S} d {s % DAY_S // HOUR_S} h"


def count(number: int, noun: str) -> str:
    """Return "1 restart", "2 restarts"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def typed(text: str) -> str:
    """Return what a person typed: Slack escapes three characters, and makes links of web.io."""
    words = LINK.sub(lambda found: found[2] or found[1], text)
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
