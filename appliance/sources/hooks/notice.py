"""Check one notice and say which refs it is about."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase

from appliance.sources.hooks import bitbucket, gitea, github, gitlab, plain
from appliance.sources.hooks.host import Headers, Host

# Gitea and Forgejo send GitHub's headers too, so they are asked first.
HOSTS = (gitea.FORGEJO, gitea.GITEA, github.HOST, gitlab.HOST, bitbucket.HOST)


class NoticeRefused(Exception):
    """The notice is not signed with the secret of this address."""


@dataclass(frozen=True, slots=True)
class Notice:
    host: str
    refs: tuple[str, ...] | None  # full names; empty: not about a push; None: it does not say

    def concerns(self, followed: list[str]) -> bool:
        """Return whether a followed ref may have moved; names and patterns, none: any branch."""
        if self.refs is None or not followed:
            return self.refs is None or bool(self.refs)
        return any(_matches(ref, name) for ref in self.refs for name in followed)


def read_notice(headers: Headers, body: bytes, secret: str) -> Notice:
    """Raise NoticeRefused, or ValueError when a signed notice is not JSON."""
    host = host_of(headers)
    if not secret or not host.is_signed(headers, body, secret):
        raise NoticeRefused
    payload = json.loads(body) if body.strip() else {}
    refs = host.refs_of(headers, payload)
    return Notice(host.name, None if refs is None else tuple(ref for ref in refs if ref))


def host_of(headers: Headers) -> Host:
    return next((host for host in HOSTS if headers.get(host.header)), plain.HOST)


def _matches(ref: str, followed: str) -> bool:
    short = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    wanted = followed.removeprefix("heads/").removeprefix("tags/")
    return followed == "HEAD" or fnmatchcase(short, wanted)
