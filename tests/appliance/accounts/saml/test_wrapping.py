"""Signature wrapping (C01): the eight known rearrangements of a response that was really signed.

Each keeps the signed bytes somewhere in the document and puts an assertion about `admin` where a
careless reader looks. A ninth and a tenth hide the second assertion elsewhere.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from typing import TypeAlias

import pytest
from django.test import Client
from lxml import etree

from appliance.accounts.models import Directory, User
from appliance.audit.actions import Action
from appliance.audit.models import Event
from tests.appliance.accounts.saml.conftest import answered, begin, bring, is_signed_in
from tests.identity.servers import SamlIdP

pytestmark = pytest.mark.services

Element: TypeAlias = etree._Element
P = "{urn:oasis:names:tc:SAML:2.0:protocol}"
A = "{urn:oasis:names:tc:SAML:2.0:assertion}"
S = "{http://www.w3.org/2000/09/xmldsig#}"


def assertion_of(root: Element) -> Element:
    return next(root.iter(f"{A}Assertion"))


def signature_of(node: Element) -> Element:
    found = node.find(f"{S}Signature")
    assert found is not None
    return found


def about_admin(assertion: Element, *, new_id: bool = True) -> Element:
    """Copy an assertion, unsigned, about somebody else."""
    evil = copy.deepcopy(assertion)
    if (signed := evil.find(f"{S}Signature")) is not None:
        evil.remove(signed)
    if new_id:
        evil.set("ID", "_evil")
    next(evil.iter(f"{A}NameID")).text = "admin"
    return evil


def evil_response(root: Element) -> Element:
    evil = copy.deepcopy(root)
    evil.set("ID", "_evil_response")
    evil.remove(signature_of(evil))
    assertion = assertion_of(evil)
    evil.replace(assertion, about_admin(assertion))
    return evil


def xsw1(root: Element) -> Element:
    """The signed response inside the signature of a response that nobody signed."""
    evil, signature = evil_response(root), copy.deepcopy(signature_of(root))
    original = copy.deepcopy(root)
    original.remove(signature_of(original))
    signature.append(original)
    evil.insert(1, signature)
    return evil


def xsw2(root: Element) -> Element:
    """The signed response beside its signature."""
    evil, signature = evil_response(root), copy.deepcopy(signature_of(root))
    original = copy.deepcopy(root)
    original.remove(signature_of(original))
    evil.insert(1, original)
    evil.insert(2, signature)
    return evil


def xsw3(root: Element) -> Element:
    """Another assertion before the signed one."""
    root.insert(list(root).index(assertion_of(root)), about_admin(assertion_of(root)))
    return root


def xsw4(root: Element) -> Element:
    """The signed assertion inside another one."""
    original = assertion_of(root)
    evil = about_admin(original)
    root.replace(original, evil)
    evil.append(original)
    return root


def xsw5(root: Element) -> Element:
    """The signature in another assertion, and the signed one at the end without it."""
    original = assertion_of(root)
    signature = signature_of(original)
    evil = about_admin(original)
    original.remove(signature)
    evil.insert(1, signature)
    root.replace(original, evil)
    root.append(original)
    return root


def xsw6(root: Element) -> Element:
    """The signed assertion inside its signature inside another assertion."""
    original = assertion_of(root)
    signature = signature_of(original)
    evil = about_admin(original)
    original.remove(signature)
    root.replace(original, evil)
    signature.append(original)
    evil.insert(1, signature)
    return root


def xsw7(root: Element) -> Element:
    """Another assertion in Extensions, where the schema allows anything."""
    extensions = etree.Element(f"{P}Extensions")
    extensions.append(about_admin(assertion_of(root)))
    root.insert(2, extensions)
    return root


def xsw8(root: Element) -> Element:
    """The signed assertion in an Object of the signature of another one."""
    original = assertion_of(root)
    signature = signature_of(original)
    evil = about_admin(original)
    original.remove(signature)
    root.replace(original, evil)
    holder = etree.SubElement(signature, f"{S}Object")
    holder.append(original)
    evil.insert(1, signature)
    return root


def same_id(root: Element) -> Element:
    """Another assertion with the ID of the signed one."""
    root.append(about_admin(assertion_of(root), new_id=False))
    return root


def in_the_status(root: Element) -> Element:
    """Another assertion in the detail of the status."""
    status = root.find(f"{P}Status")
    assert status is not None
    etree.SubElement(status, f"{P}StatusDetail").append(about_admin(assertion_of(root)))
    return root


VARIANTS: list[Callable[[Element], Element]] = [
    *(xsw1, xsw2, xsw3, xsw4, xsw5, xsw6, xsw7, xsw8),
    *(same_id, in_the_status),
]


def without_message_signature(root: Element) -> Element:
    root.remove(signature_of(root))
    return root


@pytest.mark.parametrize("is_message_signed", [True, False], ids=["both", "assertion-only"])
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: str(variant.__name__))
def test_wrapped_response_lets_nobody_in(
    client: Client,
    directory: Directory,
    idp: SamlIdP,
    variant: Callable[[Element], Element],
    is_message_signed: bool,
) -> None:
    request_id = begin(client)
    root = etree.fromstring(base64.b64decode(answered(idp, request_id)))
    wrapped = variant(root)
    if not is_message_signed and wrapped.find(f"{S}Signature") is not None:
        wrapped = without_message_signature(wrapped)

    response = bring(client, base64.b64encode(etree.tostring(wrapped)).decode())

    assert response.status_code == 403
    assert not is_signed_in(client)
    assert not User.objects.exists()
    assert Event.objects.filter(action=Action.SIGN_IN_FAILED).count() == 1


def test_the_response_that_they_are_made_of_lets_somebody_in(
    client: Client, directory: Directory, idp: SamlIdP
) -> None:
    root = etree.fromstring(base64.b64decode(answered(idp, begin(client))))

    bring(client, base64.b64encode(etree.tostring(root)).decode())

    assert is_signed_in(client)
