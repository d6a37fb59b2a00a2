"""Tests the connection to an OpenID provider without anybody signing in."""

from __future__ import annotations

from collections.abc import Iterator

import jwt

from appliance.accounts.directories.fetching import NotFetched
from appliance.accounts.directories.secrets import secret_of
from appliance.accounts.directories.steps import State, Step
from appliance.accounts.models import Directory
from appliance.accounts.oidc.metadata import (
    BadMetadata,
    Metadata,
    document_of,
    keys_of,
    read_metadata,
)
from indexer.errors import FetchRefused

READ, CHECK, KEYS, CLIENT = (
    "Read the provider's description",
    "Compare the issuer and the addresses",
    "Read the keys",
    "Look at how this appliance proves itself",
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
        yield from _skipped(CHECK, KEYS, CLIENT)
    except BadMetadata as exc:
        yield Step(CHECK, State.FAILED, str(exc))
        yield from _skipped(KEYS, CLIENT)
    else:
        yield Step(CHECK, State.OK, f"The issuer is {metadata.issuer}, and it uses safe addresses.")
        yield _keys(metadata)
        yield _client(metadata, directory)
        yield _pkce(metadata)


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


def _pkce(metadata: Metadata) -> Step:
    name = "Look for PKCE with S256"
    if not metadata.challenges:
        says = "The provider does not say whether it knows PKCE. It is sent, and does no harm."
        return Step(name, State.OK, says)
    if "S256" not in metadata.challenges:
        says = "The provider knows PKCE by other methods than S256 only: it must be brought up to date."
        return Step(name, State.FAILED, says)
    return Step(name, State.OK, "The provider knows it.")
