"""Whether a delivery is from whom it says: three schemes, each over the bytes as they came.

Rule 1: a header that is missing, doubled or broken is a wrong signature, and never an error.
Rule 2: every comparison takes the same time, whatever was sent, and each secret is compared.
Rule 3: without a secret nothing is right.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import assert_never

from multidict import CIMultiDictProxy

from ghostbot.config.model import Scheme

STALE_S = 300  # standardwebhooks.com: how far its clock and ours may be apart
SIGNATURES_MOST = 16  # in one header: more than anyone rotates through
WHSEC = "whsec_"
Headers = CIMultiDictProxy[str]
IDS = {Scheme.STANDARD: "webhook-id", Scheme.GITHUB: "X-GitHub-Delivery"}

# A dot in an id would let its end be read as the timestamp: what is signed is `id.time.body`.
_ID = re.compile(r"[\x21-\x2d\x2f-\x7e]{1,200}")
_TIME = re.compile(r"[0-9]{1,12}")
_HEX = re.compile(r"sha256=([0-9a-fA-F]{64})")


def usable(scheme: Scheme, secret: str) -> bytes | None:
    """Return the bytes of a secret; None where it is none that this scheme can use."""
    if scheme is not Scheme.STANDARD:
        return secret.encode("utf-8", "surrogateescape") or None
    try:
        return base64.b64decode(secret.removeprefix(WHSEC), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def is_right(
    scheme: Scheme, secrets: Sequence[bytes], headers: Headers, body: bytes, now: float
) -> bool:
    """Tell whether one of the secrets made the signature of this body. `now` is epoch seconds."""
    match scheme:
        case Scheme.BEARER:
            return _bearer(secrets, headers)
        case Scheme.GITHUB:
            return _github(secrets, headers, body)
        case Scheme.STANDARD:
            return _standard(secrets, headers, body, now)
    assert_never(scheme)


def waste(body: bytes) -> None:
    """Take as long as a signature would, where there is nobody to prove."""
    hmac.new(b"nobody", body, hashlib.sha256).digest()


def _bearer(secrets: Sequence[bytes], headers: Headers) -> bool:
    scheme, _, word = (_only(headers, "Authorization") or "").partition(" ")
    given = word.strip().encode("utf-8", "surrogateescape")
    return scheme.lower() == "bearer" and _among([given], secrets)


def _github(secrets: Sequence[bytes], headers: Headers, body: bytes) -> bool:
    found = _HEX.fullmatch(_only(headers, "X-Hub-Signature-256") or "")
    given = [bytes.fromhex(found[1])] if found else []
    return _among(given, [_mac(secret, body) for secret in secrets])


def _standard(secrets: Sequence[bytes], headers: Headers, body: bytes, now: float) -> bool:
    name, time = _only(headers, "webhook-id"), _only(headers, "webhook-timestamp")
    if name is None or time is None or not _ID.fullmatch(name) or not _TIME.fullmatch(time):
        return False
    signed = f"{name}.{time}.".encode() + body
    words = (_only(headers, "webhook-signature") or "").split()[:SIGNATURES_MOST]
    given = [made for word in words if (made := _v1(word)) is not None]
    right = _among(given, [_mac(secret, signed) for secret in secrets])
    return right and abs(now - int(time)) <= STALE_S


def _v1(word: str) -> bytes | None:
    version, _, text = word.partition(",")
    if version != "v1":  # others are for others: v1a is asymmetric
        return None
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return None


def _mac(secret: bytes, signed: bytes) -> bytes:
    return hmac.new(secret, signed, hashlib.sha256).digest()


def _among(given: Sequence[bytes], expected: Sequence[bytes]) -> bool:
    """Tell whether one is the other, after comparing every pair."""
    return any([hmac.compare_digest(one, other) for one in given for other in expected])  # noqa: C419 - a generator would stop at the first


def _only(headers: Headers, name: str) -> str | None:
    found = headers.getall(name, ())
    return found[0].strip() if len(found) == 1 else None


def own_id(scheme: Scheme, headers: Headers) -> str | None:
    """Return the id that a scheme gives each delivery; None where there is none to rely on."""
    name = IDS.get(scheme)
    word = None if name is None else _only(headers, name)
    return word if word is not None and _ID.fullmatch(word) else None
