"""Tests what is known of a SAML provider; it is spoken to by browsers only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from appliance.accounts.directories.steps import State, Step
from appliance.accounts.models import Directory
from appliance.accounts.saml.metadata import BadMetadata, IdP, read_idp, valid_until
from appliance.accounts.saml.parsing import BadXml, find, parse
from appliance.accounts.saml.responses import SUBJECT

READ, CERTIFICATES, AGE, SUBJECT_STEP = (
    "Read the provider's metadata",
    "Look at the certificates",
    "Look at how long the metadata is good for",
    "Look at what identifies people",
)
SOON = timedelta(days=30)


def test_connection(directory: Directory) -> Iterator[Step]:
    """Yield each step; nothing is sent."""
    kept = directory.settings
    try:
        idp = read_idp(str(kept.get("metadata", "")), str(kept.get("entity_id", "")))
    except BadMetadata as exc:
        yield Step(READ, State.FAILED, str(exc))
        for name in (CERTIFICATES, AGE, SUBJECT_STEP):
            yield Step(name, State.SKIPPED)
        return
    yield Step(READ, State.OK, f"{idp.entity_id} signs people in at {idp.sso_url}.")
    yield _certificates(idp)
    yield _age(str(kept.get("metadata", "")))
    yield _subject(directory)
    now = timezone.now().strftime("%Y-%m-%d %H:%M:%S %Z")
    says = f"It is {now} here. A difference of more than five minutes to the provider refuses all."
    yield Step("Compare the clocks", State.OK, says)


def _certificates(idp: IdP) -> Step:
    ends = sorted(valid_until(certificate) for certificate in idp.certificates)
    last, now = ends[-1], timezone.now()
    when = f"{last:%Y-%m-%d}"
    if last < now:
        says = f"The last certificate ended on {when}: paste the provider's present metadata."
        return Step(CERTIFICATES, State.FAILED, says)
    hint = " Ask for the next one soon." if last < now + SOON else ""
    return Step(
        CERTIFICATES, State.OK, f"{len(ends)} found, the last one valid until {when}.{hint}"
    )


def _age(metadata: str) -> Step:
    try:
        root = parse(metadata.strip().encode())
    except BadXml as exc:
        return Step(AGE, State.FAILED, str(exc))
    told = [node.get("validUntil") for node in find(root, "descendant-or-self::*[@validUntil]")]
    if not told:
        return Step(AGE, State.OK, "It has no end.")
    first = min(text for text in told if text)
    if first < timezone.now().strftime("%Y-%m-%dT%H:%M:%SZ"):
        says = f"It was good until {first}: paste the provider's present metadata."
        return Step(AGE, State.FAILED, says)
    return Step(AGE, State.OK, f"It is good until {first}.")


def _subject(directory: Directory) -> Step:
    kept = directory.settings
    if chosen := kept.get(SUBJECT):
        return Step(SUBJECT_STEP, State.OK, f"The attribute {chosen}.")
    name_format = str(kept.get("name_id_format", "")).rpartition(":")[2]
    if name_format == "emailAddress":
        says = (
            "The NameID is an e-mail address. Whoever is given a former colleague's address would "
            "become that person here: ask the provider for a persistent NameID."
        )
        return Step(SUBJECT_STEP, State.FAILED, says)
    return Step(SUBJECT_STEP, State.OK, f"The NameID, of the format {name_format}.")
