"""What both kinds of provider have in common for allauth: a directory, a subject, attributes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from allauth.socialaccount.models import SocialApp, SocialLogin
from django.http import HttpRequest

from appliance.accounts.directories.secrets import secret_of
from appliance.accounts.models import Directory

ALLAUTH_NAMES = {Directory.Kind.OIDC: "openid_connect", Directory.Kind.SAML: "saml"}


@dataclass(frozen=True, slots=True)
class Vouched:
    """A subject and its attributes, after everything about them was checked."""

    subject: str
    attributes: dict[str, Any]


class VouchedFor:
    """Replaces allauth's reading of attributes: `claims` does that, by the admin's settings."""

    directory: Directory

    def extract_uid(self, vouched: Vouched) -> str:
        """Return something short: the subject itself is kept in our own Identity only."""
        return hashlib.sha256(vouched.subject.encode("utf-8", "surrogatepass")).hexdigest()

    def extract_extra_data(self, vouched: Vouched) -> dict[str, Any]:
        return {"subject": vouched.subject, "attributes": vouched.attributes}

    def extract_common_fields(self, vouched: Vouched) -> dict[str, Any]:
        return {}

    def extract_email_addresses(self, vouched: Vouched) -> list[Any]:
        return []


def vouched_in(login: SocialLogin) -> Vouched:
    """Return what `extract_extra_data` put into a sign-in."""
    kept = login.account.extra_data
    return Vouched(kept["subject"], kept["attributes"])


def app_of(directory: Directory) -> SocialApp:
    """Describe a directory as allauth wants it; the row of ours stays the only truth."""
    secret = secret_of(directory) if directory.kind == Directory.Kind.OIDC else ""
    app = SocialApp(
        provider=ALLAUTH_NAMES[Directory.Kind(directory.kind)],
        provider_id=directory.slug,
        name=directory.name,
        client_id=str(directory.settings.get("client_id", directory.slug)),
        secret=secret,
        settings={},
    )
    app.directory = directory
    return app


def enabled_directory(kind: Directory.Kind, slug: str) -> Directory | None:
    return Directory.objects.filter(kind=kind, slug=slug, is_enabled=True).first()


def next_of(request: HttpRequest) -> str | None:
    """Return where somebody wanted to go, when that is here."""
    from allauth.account.utils import get_next_redirect_url  # reads the user model when imported

    found = get_next_redirect_url(request)
    return str(found) if found else None
