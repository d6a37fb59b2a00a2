"""Tests the connection to an OpenID provider without anybody signing in."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import jwt

from appliance.accounts.directories.fetching import NotFetched
from appliance.accounts.directories.secrets import secret_of
from appliance.accounts.directories.steps import State, Step
from appliance.accounts.models import Directory
from appliance.accounts.oidc.asking import ask_for_tokens
from appliance.accounts.oidc.metadata import (
    BadMetadata,
    Metadata,
    document_of,
    keys_of,
    read_metadata,
)
from appliance.accounts.oidc.renewing import RENEWS
from indexer.errors import FetchRefused

OFFLINE = "offline_access"  # the scope of refresh tokens that outlive a session there
READ, CHECK, KEYS, CLIENT, PROVE = (
    "Read the provider's description",
    "Compare the issuer and the addresses",
    "Read the keys",
    "Look at how this appliance proves itself",
    "Show the client ID and secret to the provider",
)


def test_connection(directory: Directory) -> Iterator[Step]:
    """Yield each step; after the first that fails the others are skipped."""
    try:
        document = document_of(directory)
        given = "from the file" if directory.settings.get("metadata") else "over the network"
        yield Step(READ, State.OK, f"It was read {given}.")
        metadata = read_metadata(document, directory)
    except NotFetched as exc:
        yield Step(READ, State.FAILED, str(exc))
        yield from _skipped(CHECK, KEYS, CLIENT, PROVE)
    except BadMetadata as exc:
        yield Step(CHECK, State.FAILED, str(exc))
        yield from _skipped(KEYS, CLIENT, PROVE)
    else:
        yield Step(CHECK, State.OK, f"The issuer is {metadata.issuer}, and it uses safe addresses.")
        yield _keys(metadata)
        yield _client(metadata, directory)
        yield _credentials(metadata, directory)
        yield _pkce(metadata)
        yield _renewals(metadata, directory)
        yield _logout(metadata)


def _skipped(*names: str) -> Iterator[Step]:
    for name in names:
        yield Step(name, State.SKIPPED)


def _keys(metadata: Metadata) -> Step:
    try:
        keys = keys_of(metadata)
    except (NotFetched, BadMetadata) as exc:
        return Step(KEYS, State.FAILED, str(exc))
    usable = [key for key in keys.keys if _is_usable(key)]
    if not usable:
        says = "None of its keys signs with RSA or an elliptic curve, which is asked for here."
        return Step(KEYS, State.FAILED, says)
    return Step(KEYS, State.OK, f"{len(usable)} of {len(keys.keys)} can be used.")


def _is_usable(key: jwt.PyJWK) -> bool:
    return key.key_type in {"RSA", "EC"} and key.public_key_use in {None, "sig"}


def _client(metadata: Metadata, directory: Directory) -> Step:
    try:
        has_secret = bool(secret_of(directory))
    except FetchRefused as exc:
        return Step(CLIENT, State.FAILED, str(exc))
    methods = set(metadata.methods or ("client_secret_basic",))
    if has_secret and not methods & {"client_secret_basic", "client_secret_post"}:
        says = f"The provider takes no client secret; it says {', '.join(sorted(methods))}."
        return Step(CLIENT, State.FAILED, says)
    if not has_secret and metadata.methods and "none" not in methods:
        says = (
            "No client secret is stored, and the provider does not say that it takes clients "
            "without one: enter the secret, or register a public client."
        )
        return Step(CLIENT, State.FAILED, says)
    kind = "with a client secret and PKCE" if has_secret else "as a public client, by PKCE alone"
    return Step(CLIENT, State.OK, f"It signs people in {kind}.")


def _credentials(metadata: Metadata, directory: Directory) -> Step:
    """Ask for tokens with a code that nobody has: a provider looks at who asks first."""
    form = {"grant_type": "authorization_code", "code": secrets.token_urlsafe(24)}
    form |= {"code_verifier": secrets.token_urlsafe(48), "redirect_uri": "https://localhost/"}
    try:
        status, answer = ask_for_tokens(directory, metadata, form)
    except (NotFetched, FetchRefused) as exc:
        return Step(PROVE, State.FAILED, str(exc))
    error = str(answer.get("error", ""))[:100]
    if error in {"invalid_client", "unauthorized_client"} or status == 401:
        says = "It does not accept them: compare both with the registration at the provider."
        return Step(PROVE, State.FAILED, says)
    if error == "invalid_grant":
        return Step(PROVE, State.OK, "It accepts them.")
    says = (
        f"It answered with {error or status}: whether they are right, the first sign-in will show."
    )
    return Step(PROVE, State.SKIPPED, says)


def _renewals(metadata: Metadata, directory: Directory) -> Step:
    name = "Look whether it renews sign-ins"
    if not directory.settings.get(RENEWS):
        says = "It is not to be asked again: it is not known here when somebody leaves."
        return Step(name, State.SKIPPED, says)
    if metadata.grants and "refresh_token" not in metadata.grants:
        says = "The provider gives no refresh tokens, so it cannot be asked about people again."
        return Step(name, State.FAILED, says)
    if OFFLINE in metadata.scopes and OFFLINE not in directory.settings.get("scopes", ()):
        says = f"The provider knows {OFFLINE}: enter it under the further scopes."
        return Step(name, State.FAILED, says)
    with_one = directory.identities.exclude(sealed_renewal=b"").count()
    says = f"The sign-ins of {with_one} people here can be renewed; others' after their next one."
    return Step(name, State.OK, says)


def _logout(metadata: Metadata) -> Step:
    name = "Look whether it tells of people who sign out"
    if not metadata.logs_out:
        says = "The provider does not say that it does; then only signing out here ends a session."
        return Step(name, State.SKIPPED, says)
    return Step(name, State.OK, "It does, at the back-channel logout address above.")


def _pkce(metadata: Metadata) -> Step:
    name = "Look for PKCE with S256"
    if not metadata.challenges:
        says = "The provider does not say whether it knows PKCE. It is sent, and does no harm."
        return Step(name, State.OK, says)
    if "S256" not in metadata.challenges:
        says = "The provider knows PKCE by other methods than S256 only: it must be brought up to date."
        return Step(name, State.FAILED, says)
    return Step(name, State.OK, "The provider knows it.")
