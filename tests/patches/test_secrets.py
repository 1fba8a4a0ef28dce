"""No secret gets into a file; what only looks like one does."""

from __future__ import annotations

import time

import pytest

from ghostbot.patches import secrets
from tests.fakes.patches import planned, refusal, result

# Each is made here, so that no scanner takes this file for a leak.
FOUND = {
    "private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "AWS key": "aws = 'AKIA" + "Q" * 16 + "'",
    "GitHub token": "ghp_" + "a1" * 18,
    "GitLab token": "glpat-" + "a1" * 10,
    "Slack token": "xoxb-" + "1234567890-abc",
    "Slack webhook": "https://hooks.slack.com/services/T000/B000/" + "x" * 24,
    "Anthropic key": "sk-ant-" + "api03-" + "x" * 20,
    "OpenAI key": "sk-proj-" + "x" * 24,
    "Google key": "AIza" + "x" * 35,
    "Google OAuth secret": "GOCSPX-" + "x" * 28,
    "Stripe key": "sk_live_" + "x" * 24,
    "npm token": "npm_" + "x" * 36,
    "PyPI token": "pypi-AgE" + "x" * 50,
    "SendGrid key": "SG." + "x" * 22 + "." + "y" * 43,
    "DigitalOcean token": "dop_v1_" + "a" * 64,
    "Hugging Face token": "hf_" + "x" * 34,
    "Azure storage key": "AccountKey=" + "x" * 86 + "==",
    "webhook secret": "whsec_" + "x" * 32,
    "JSON web token": "eyJhbGciOiJI" + "x" * 9 + ".eyJ" + "zdWIiOiIx" + "y" * 9 + "." + "z" * 43,
    "password in an address": "postgres://app:" + "h7Gq2pLw@db.internal/app",
}


@pytest.mark.parametrize(("kind", "line"), FOUND.items(), ids=FOUND)
def test_a_line_that_adds_a_secret_is_refused_by_kind_and_line_alone(kind: str, line: str) -> None:
    assert secrets.found(line) == kind
    patch = f"*** Begin Patch\n*** Add File: a.txt\n+first\n+{line}\n*** End Patch\n"
    refused = refusal(patch, {})
    assert refused.code == "secret"
    assert refused.place.line == 2
    assert kind in refused.words
    assert line not in refused.words
    assert line[-12:] not in refused.words


@pytest.mark.parametrize(
    "line",
    [
        *("postgres://app:${DB_PASSWORD}@db/app", "postgres://postgres:postgres@localhost/x"),
        *("https://user:password@example.com", "redis://:<secret>@host", "amqp://a:***@b"),
        *("https://example.com:8080/@scope", "ssh://git@github.com:22/x", "a://b:%s@c"),
        *("skeleton-key", "sk-learn", "AKIA in a sentence", "eyJ", "x = os.environ['TOKEN']"),
        *("sha256: " + "a" * 64, "xoxb-…", "https://u:{password}@h", "mailto:a@b"),
    ],
)
def test_what_stands_for_a_secret_is_none(line: str) -> None:
    assert secrets.found(line) is None


def test_a_secret_that_stood_there_before_is_not_this_patchs_doing() -> None:
    held = f"key = {FOUND['AWS key']}\nname = old\n"
    patch = "--- a/x\n+++ b/x\n@@ -2 +2 @@\n-name = old\n+name = new\n"
    assert result(patch, {"x": held}).endswith(b"name = new\n")


def test_a_copy_of_a_secret_is_one_more() -> None:
    held = f"{FOUND['AWS key']}\n"
    patch = f"--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n {held}+{held}"
    assert refusal(patch, {"x": held}).code == "secret"


def test_taking_a_secret_out_is_welcome() -> None:
    held = f"{FOUND['Stripe key']}\n"
    patch = f"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-{held}+# see the vault\n"
    assert planned(patch, {"x": held}).changes


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u202a"])
def test_a_line_that_turns_letters_around_is_refused(sign: str) -> None:
    patch = f"*** Begin Patch\n*** Add File: a.py\n+if x:{sign} # }}\n*** End Patch\n"
    refused = refusal(patch, {})
    assert refused.code == "encoding"
    assert f"U+{ord(sign):04X}" in refused.words


@pytest.mark.alone
def test_long_lines_are_judged_in_linear_time() -> None:
    def took(size: int) -> float:
        lines = ("eyJ" + "a" * size, "a://" + "b" * size, "sk-" * size, "AKIA" * size)
        began = time.perf_counter()
        for line in lines:
            secrets.found(line)
        return time.perf_counter() - began

    took(1000)
    small, large = min(took(2_000) for _ in range(3)), min(took(20_000) for _ in range(3))
    assert large < 40 * small
