"""Names and lines that somebody wrote to break a message."""

from __future__ import annotations

HOSTILE = {
    "a ping": "<!channel> <!here> <@U1> <!subteam^S1>",
    "backticks": "```` ``` `x` *bold* _it_ ~no~",
    "NUL": "a\x00b\x1b[31mred\x1b[0m\x07",
    "emoji": "🙂👩‍👩‍👧‍👦" * 50,
    "RTL": "\u202egnp.exe\u2066x\u2069",
    "a lone surrogate": "\ud800x",
    "entities": "&amp; &lt;!channel&gt; &" * 100,
    "100 kB": "x" * 100_000,
    "100 kB of emoji": "🙂" * 50_000,
    "100 kB of entities": "<&>" * 33_000,
    "lines": "\n".join("line" for _ in range(5_000)),
    "nothing": "",
    "blanks": " \t\n ",
    "a link": "<https://evil.example|click me>",
    "a date": "<!date^1^{ago}|x>",
    "a quote": "\"'\\\\",
}
