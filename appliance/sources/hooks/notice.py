"""Check one notice and say which refs it is about."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

from appliance.sources.hooks import bitbucket, gitea, github, gitlab, plain
from appliance.sources.hooks.host import Headers, Host
from indexer.fetching.patterns import matches

# Gitea and Forgejo send GitHub's headers too, so they are asked first.
HOSTS = (gitea.FORGEJO, gitea.GITEA, github.HOST, gitlab.HOST, bitbucket.HOST)
FORM = "application/x-www-form-urlencoded"


class NoticeRefused(Exception):
    """The notice is not signed with the secret of this address."""


@dataclass(frozen=True, slots=True)
class Notice:
    host: str
    refs: tuple[str, ...] | None  # full names; empty: not about a push; None: it does not say
    path: str = ""  # of the repository on its host; "": it does not say

    @property
    def is_push(self) -> bool:
        return self.refs is None or bool(self.refs)

    def concerns(self, followed: Sequence[str]) -> bool:
        """Return whether a followed ref may have moved; names and patterns, none: any branch."""
        if self.refs is None or not followed or "HEAD" in followed:
            return self.is_push
        return any(matches(name, ref) for ref in self.refs for name in followed)


def read_notice(headers: Headers, body: bytes, secret: str) -> Notice:
    """Raise NoticeRefused, or ValueError when a signed notice is not JSON."""
    host = host_of(headers)
    if not secret or not host.is_signed(headers, body, secret):
        raise NoticeRefused
    text = _json_in(headers, body)
    payload = json.loads(text) if text.strip() else {}
    refs = host.refs_of(headers, payload)
    return Notice(host.name, None if refs is None else tuple(refs), host.path_of(payload))


def host_of(headers: Headers) -> Host:
    return next((host for host in HOSTS if headers.get(host.header)), plain.HOST)


def _json_in(headers: Headers, body: bytes) -> bytes | str:
    """Return the JSON of a notice: what GitHub sends unless told otherwise is a form with it."""
    if not headers.get("Content-Type", "").startswith(FORM):
        return body
    fields = parse_qs(body.decode(), max_num_fields=10)
    return fields["payload"][0] if "payload" in fields else body
