"""Tests a SAML response: its shape, its signatures, for whom it is, and that it is new."""

from __future__ import annotations

import binascii
import hashlib
from base64 import b64decode
from datetime import UTC, datetime

import xmlsec
from django.db import transaction
from django.http import HttpRequest
from lxml import etree
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError

from appliance.accounts.directories.provider import Vouched
from appliance.accounts.models import Directory, SeenAssertion
from appliance.accounts.saml.config import acs_url, auth_for, entity_id
from appliance.accounts.saml.structure import Outline, ResponseRefused, outline_of

# What the library raises about a response that it did not expect.
UNREADABLE = (
    OneLogin_Saml2_Error,
    OneLogin_Saml2_ValidationError,
    etree.LxmlError,
    xmlsec.Error,
    ValueError,
)
LARGEST_CHARACTERS = 256 * 1024
DRIFT_S = 600  # the library's allowance for clocks, twice
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
SUBJECT = "subject_attribute"  # the setting: what identifies somebody, if not the NameID


def read_response(request: HttpRequest, directory: Directory, response: str) -> tuple[str, Vouched]:
    """Return which request of ours a response answers, and for whom it vouches.

    Raises ResponseRefused. Whether that request was this browser's is for the caller to see.
    """
    outline = outline_of(_decoded(response))
    if not outline.in_response_to:
        raise ResponseRefused("nobody asked for the response (started by the provider)")
    auth = auth_for(request, directory, response)
    try:
        auth.process_response(request_id=outline.in_response_to)
    except UNREADABLE as exc:
        raise ResponseRefused(str(exc)) from exc
    if auth.get_errors() or not auth.is_authenticated():
        reason = auth.get_last_error_reason() or ", ".join(auth.get_errors())
        raise ResponseRefused(str(reason))
    _check_addressed(outline, acs_url(request, directory), entity_id(request, directory))
    _use_once(directory, outline, auth)
    return outline.in_response_to, _vouched(directory, auth)


def forget_expired() -> int:
    """Delete assertions that are refused for their age by now; return how many."""
    return SeenAssertion.objects.filter(expires_at__lt=datetime.now(UTC)).delete()[0]


def _decoded(response: str) -> bytes:
    if len(response) > LARGEST_CHARACTERS:
        raise ResponseRefused("the response is too long")
    try:
        return b64decode("".join(response.split()), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise ResponseRefused("the response is not base64") from exc


def _check_addressed(outline: Outline, acs: str, entity: str) -> None:
    """Compare whole addresses: the library is content with a beginning, or with none."""
    if outline.destination != acs:
        raise ResponseRefused("the response was made for another address (Destination)")
    if outline.audiences != (entity,):
        raise ResponseRefused("the response was made for another audience")
    if not outline.recipients or any(recipient != acs for recipient in outline.recipients):
        raise ResponseRefused("the assertion was made for another address (Recipient)")
    if any(request_id != outline.in_response_to for request_id in outline.confirms):
        raise ResponseRefused("the assertion answers another request (InResponseTo)")


def _use_once(directory: Directory, outline: Outline, auth: OneLogin_Saml2_Auth) -> None:
    ends = auth.get_last_assertion_not_on_or_after()
    if ends is None:
        raise ResponseRefused("the assertion never expires (NotOnOrAfter is missing)")
    with transaction.atomic():
        _, is_new = SeenAssertion.objects.get_or_create(
            directory=directory,
            assertion_id=hashlib.sha256(outline.assertion_id.encode()).hexdigest(),
            defaults={"expires_at": datetime.fromtimestamp(float(ends) + DRIFT_S, UTC)},
        )
    if not is_new:
        raise ResponseRefused("replay: the response was used before")


def _vouched(directory: Directory, auth: OneLogin_Saml2_Auth) -> Vouched:
    attributes = {str(name): list(values) for name, values in auth.get_attributes().items()}
    chosen = directory.settings.get(SUBJECT)
    if chosen:
        values = attributes.get(chosen, [])
        if len(values) != 1:
            raise ResponseRefused(f"the attribute {chosen} does not say who it is")
        return Vouched(str(values[0]).strip(), attributes)
    if auth.get_nameid_format() == TRANSIENT:
        raise ResponseRefused("the NameID is transient: it would be somebody new each time")
    return Vouched(str(auth.get_nameid()).strip(), attributes)
