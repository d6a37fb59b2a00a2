"""Where a program may be told that it was let in: on its person's own computer, or on hosts that
the settings name.

Anybody may register a program under any name. If the code could be sent to a web site, a link and
one thoughtless click would hand a stranger what somebody reads.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

LONGEST = 500
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
PLAIN = re.compile(r"[\x21-\x7e]+")  # one line, no spaces, nothing that looks like something else
SCHEME = re.compile(r"[a-z][a-z0-9+.-]{2,40}")
# Schemes that a browser itself opens: what they would open is no program that waits.
OF_BROWSERS = {
    "about", "blob", "chrome", "data", "file", "filesystem", "ftp", "http", "https", "javascript",
    "mailto", "sms", "tel", "vbscript", "view-source", "ws", "wss",
}  # fmt: skip


def is_allowed(uri: str) -> bool:
    """Return whether a program may wait there."""
    parts = _parts(uri)
    if parts is None:
        return False
    if parts.scheme == "http":
        return parts.hostname in LOOPBACK
    if parts.scheme == "https":
        return parts.hostname in LOOPBACK or parts.hostname in settings.OAUTH_HOSTS
    return bool(SCHEME.fullmatch(parts.scheme)) and parts.scheme not in OF_BROWSERS


def is_one_of(uri: str, registered: list[str]) -> bool:
    """Return whether a program registered this address; on its own computer with any port, because
    it takes whichever is free (RFC 8252, section 7.3)."""
    return is_allowed(uri) and any(_compared(uri) == _compared(one) for one in registered)


def place_of(uri: str) -> str:
    """Return in words where the program waits."""
    parts = urlsplit(uri)
    if parts.hostname in LOOPBACK:
        return "this computer"
    return f"{parts.hostname}" if parts.scheme == "https" else f"this computer ({parts.scheme}:)"


def policy_source(uri: str) -> str:
    """Return what a page's security policy calls that place: its form leads there in the end."""
    parts = urlsplit(uri)
    if parts.scheme not in {"http", "https"} or parts.hostname == "::1":  # which policies know not
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.netloc}"


def _parts(uri: str) -> SplitResult | None:
    if len(uri) > LONGEST or not PLAIN.fullmatch(uri) or set(uri) & set("#*;,'\"\\"):
        return None
    try:
        parts = urlsplit(uri)
        _ = parts.port  # a port that is none raises here
    except ValueError:
        return None
    return None if "@" in parts.netloc else parts


def _compared(uri: str) -> object:
    parts = urlsplit(uri)
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        return (parts.scheme, parts.hostname, parts.path, parts.query)
    return uri
