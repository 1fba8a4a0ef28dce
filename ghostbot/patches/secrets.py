"""Secrets that belong in no file: known by how they begin, never by how random they look.

Rule 1: a secret is named by its kind and its place, and shown to nobody.
Rule 2: what stands for a secret (`${TOKEN}`, `<password>`, `***`) is none.
"""

from __future__ import annotations

import re

_RULES = {
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----",
    "AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{60,}",
    "GitLab token": r"\bglpat-[A-Za-z0-9_-]{20,}",
    "Slack token": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-\d-[A-Za-z0-9-]{10,}",
    "Slack webhook": r"hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{20,}",
    "Anthropic key": r"\bsk-ant-[A-Za-z0-9_-]{20,}",
    "OpenAI key": r"\bsk-(?:proj-|svcacct-|admin-)[A-Za-z0-9_-]{20,}|\bsk-[A-Za-z0-9]{40,}\b",
    "Google key": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "Google OAuth secret": r"\bGOCSPX-[A-Za-z0-9_-]{28}\b",
    "Stripe key": r"\b[rs]k_live_[0-9A-Za-z]{20,}",
    "npm token": r"\bnpm_[A-Za-z0-9]{36}\b",
    "PyPI token": r"\bpypi-AgE[A-Za-z0-9_-]{40,}",
    "SendGrid key": r"\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{40,}",
    "DigitalOcean token": r"\bdo[opr]_v1_[a-f0-9]{64}\b",
    "Hugging Face token": r"\bhf_[A-Za-z0-9]{34,}\b",
    "Azure storage key": r"\bAccountKey=[A-Za-z0-9+/]{86}==",
    "webhook secret": r"\bwhsec_[A-Za-z0-9+/]{24,}",
    # RFC 7519: a header and claims, which as JSON begin with {" in base64, and a signature; from
    # where its letters begin alone, as a long word would else be read once for each of its places
    "JSON web token": r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{13,}+\.eyJ[A-Za-z0-9_-]{10,}+\."
    r"[A-Za-z0-9_-]{20,}",
}
_KINDS = tuple(_RULES)
# What at least one of stands in every secret: most lines are looked through for these alone.
_HINTS = (
    *(
        "-----BEGIN",
        "AKIA",
        "ASIA",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
        "glpat-",
    ),
    *(
        "xox",
        "xapp-",
        "hooks.slack",
        "sk-",
        "AIza",
        "GOCSPX-",
        "k_live_",
        "npm_",
        "pypi-AgE",
        "SG.",
    ),
    *("_v1_", "hf_", "AccountKey=", "whsec_", "eyJ", "://"),
)
_RULE = re.compile("|".join(f"(?P<_{n}>{rule})" for n, rule in enumerate(_RULES.values())))

# RFC 3986 §3.2.1; bounded, as a long word would else be searched from each letter on
_ADDRESS = re.compile(
    r"\b[A-Za-z][A-Za-z0-9+.-]{0,30}://([^/?#\s:@\"'`]{0,200}):([^/?#\s@\"'`]{1,300})@"
)
_STANDS_FOR = re.compile(
    r"[$<{%\[].*|.*[}>\]%]|[*x.\u2026]+|(?:my|your|the)?[-_]?(?:pass(?:word|wd|phrase)?|pwd|secret|token|"
    r"key|pw|changeme|change[-_]me|example|postgres|root|guest|admin|test|user)[-_]?(?:here)?",
    re.IGNORECASE,
)


def found(text: str) -> str | None:
    """Return the kind of the first secret in a line, or None."""
    if not any(hint in text for hint in _HINTS):
        return None
    if hit := _RULE.search(text):
        return _KINDS[int((hit.lastgroup or "_0")[1:])]
    for user, word in _ADDRESS.findall(text):
        if word != user and not _STANDS_FOR.fullmatch(word):
            return "password in an address"
    return None
