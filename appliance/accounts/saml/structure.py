"""The only shape in which a SAML response is read: one signed message around one signed assertion.

The library that tests the signatures knows many shapes, and every attack by wrapping lives from
one that the signature's reader and the assertion's reader see differently. Here both are the same:
anything but the one shape is refused before a signature is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from appliance.accounts.saml.parsing import PROTOCOL, BadXml, find, parse

SIGNATURES = frozenset(
    f"http://www.w3.org/2001/04/xmldsig-more#{name}"
    for name in (
        *("rsa-sha256", "rsa-sha384", "rsa-sha512"),
        *("ecdsa-sha256", "ecdsa-sha384", "ecdsa-sha512"),
    )
)
DIGESTS = frozenset(
    {
        "http://www.w3.org/2001/04/xmlenc#sha256",
        "http://www.w3.org/2001/04/xmldsig-more#sha384",
        "http://www.w3.org/2001/04/xmlenc#sha512",
    }
)
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
TRANSFORMS = ["http://www.w3.org/2000/09/xmldsig#enveloped-signature", EXCLUSIVE]


class ResponseRefused(Exception):
    """A SAML response does not prove what it should; says why, for the record."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What a response says about itself, to be compared; true only once its signatures are."""

    in_response_to: str
    destination: str
    assertion_id: str
    audiences: tuple[str, ...]
    recipients: tuple[str, ...]
    confirms: tuple[str, ...]  # the requests that the bearer's confirmations answer


def outline_of(xml: bytes) -> Outline:
    """Return the outline of a response of the one shape. Raises ResponseRefused."""
    try:
        root = parse(xml)
    except BadXml as exc:
        raise ResponseRefused(f"the response is not read: {exc}") from exc
    assertion = _only_assertion(root)
    _check_characters(root)
    _check_ids(root)
    _check_signatures(root, assertion)
    confirmed = find(assertion, "a:Subject/a:SubjectConfirmation/a:SubjectConfirmationData")
    audiences = find(assertion, "a:Conditions/a:AudienceRestriction/a:Audience")
    return Outline(
        in_response_to=root.get("InResponseTo", ""),
        destination=root.get("Destination", ""),
        assertion_id=assertion.get("ID", ""),
        audiences=tuple((audience.text or "").strip() for audience in audiences),
        recipients=tuple(part.get("Recipient", "") for part in confirmed),
        confirms=tuple(part.get("InResponseTo", "") for part in confirmed),
    )


def _only_assertion(root: etree._Element) -> etree._Element:
    if root.tag != f"{{{PROTOCOL}}}Response":
        raise ResponseRefused("the message is not a SAML response")
    if find(root, "//a:EncryptedAssertion") or find(root, "//a:EncryptedID"):
        raise ResponseRefused("the response is encrypted, for which no key was agreed")
    everywhere = find(root, "//a:Assertion")
    if len(everywhere) != 1:
        raise ResponseRefused(f"the response holds {len(everywhere)} assertions instead of one")
    if everywhere[0].getparent() is not root or len(find(root, "//p:Response")) != 1:
        raise ResponseRefused("the assertion is not where it belongs (wrapped)")
    return everywhere[0]


def _check_characters(root: etree._Element) -> None:
    """Refuse comments and processing instructions: readers differ in the text around them."""
    if any(not isinstance(node.tag, str) for node in root.iter()):
        raise ResponseRefused("the response holds a comment or an instruction")


def _check_ids(root: etree._Element) -> None:
    named = [value for node in root.iter() for key, value in node.items() if key.lower() == "id"]
    if len(named) != len(set(named)):
        raise ResponseRefused("two elements of the response have the same ID (wrapped)")


def _check_signatures(root: etree._Element, assertion: etree._Element) -> None:
    signatures = find(root, "//s:Signature")
    for signed, called in ((root, "message"), (assertion, "assertion")):
        own = find(signed, "s:Signature")
        if not own:
            raise ResponseRefused(f"the {called} is not signed")
        if len(own) > 1:
            raise ResponseRefused(f"the {called} is signed more than once")
        _check_signature(own[0], signed, called)
    if len(signatures) != 2 or find(root, "//s:Object"):
        raise ResponseRefused("the response holds a signature of something else (wrapped)")


def _check_signature(signature: etree._Element, signed: etree._Element, called: str) -> None:
    references = find(signature, ".//s:Reference")
    if len(references) != 1 or references[0].get("URI") != f"#{signed.get('ID', '')}":
        raise ResponseRefused(f"the signature of the {called} is about something else (wrapped)")
    used = [part.get("Algorithm") for part in find(references[0], "s:Transforms/s:Transform")]
    canonical = _algorithms(signature, "s:SignedInfo/s:CanonicalizationMethod")
    if used != TRANSFORMS or canonical != {EXCLUSIVE}:
        raise ResponseRefused(f"the signature of the {called} rearranges what it signs")
    if not _algorithms(signature, "s:SignedInfo/s:SignatureMethod") <= SIGNATURES:
        raise ResponseRefused(f"the {called} is signed with an algorithm that is too weak")
    if not _algorithms(references[0], "s:DigestMethod") <= DIGESTS:
        raise ResponseRefused(f"the digest of the {called} is too weak")


def _algorithms(node: etree._Element, path: str) -> set[str]:
    return {part.get("Algorithm", "") for part in find(node, path)}
