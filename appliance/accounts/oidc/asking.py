"""Asks a provider's token endpoint as this appliance itself, outside of anybody's sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

from appliance.accounts.directories.fetching import post_form
from appliance.accounts.directories.secrets import secret_of
from appliance.accounts.models import Directory
from appliance.accounts.oidc.metadata import Metadata


def ask_for_tokens(
    directory: Directory, metadata: Metadata, form: Mapping[str, str]
) -> tuple[int, dict[str, Any]]:
    """Return status and answer. Raises NotFetched, and FetchRefused for an unreadable secret."""
    client_id, secret = str(directory.settings.get("client_id", "")), secret_of(directory)
    auth, proof = None, {"client_id": client_id}
    if secret and metadata.takes_secret_in_form:
        proof["client_secret"] = secret
    elif secret:  # in the form of a form first: RFC 6749, 2.3.1
        auth, proof = (quote_plus(client_id), quote_plus(secret)), {}
    return post_form(metadata.token_endpoint, {**form, **proof}, auth=auth)
