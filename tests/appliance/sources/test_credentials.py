"""Shared credentials: sealed, chosen by name, kept while used, shown to nobody."""

from __future__ import annotations

import pytest
from django.test import Client

from appliance.accounts.models import User
from appliance.sources.credentials import CredentialRefused, add, remove, replace, token_of
from appliance.sources.managing import connect
from indexer.fetching.values import Credential, SshKey
from indexer.ingestion.sync import credential_of
from indexer.models import SharedCredential, Source

ADDRESS = "https://git.example.com/team/shop.git"
SECRET = "tkn-9f3a-shared"
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb64\n-----END OPENSSH PRIVATE KEY-----\n"


@pytest.fixture
def shared(db: None) -> SharedCredential:
    return add("reader", Credential("robot", SECRET))


@pytest.fixture
def source(shared: SharedCredential) -> Source:
    return connect(ADDRESS, name="shop", shared_credential=shared)


def test_it_is_stored_sealed_and_shown_nowhere(shared: SharedCredential) -> None:
    shared.refresh_from_db()
    assert SECRET.encode() not in bytes(shared.sealed)
    assert SECRET not in repr(shared) + str(shared) + repr(Credential("robot", SECRET))
    assert token_of(shared) == SECRET


def test_sources_use_it_and_a_new_secret_reaches_all_of_them(source: Source) -> None:
    assert credential_of(source) == Credential("robot", SECRET)
    shared = source.shared_credential
    assert shared is not None
    replace(shared, SshKey(KEY))
    assert credential_of(Source.objects.get()) == SshKey(KEY)
    assert token_of(shared) == ""


def test_it_stays_while_a_source_uses_it(source: Source, shared: SharedCredential) -> None:
    with pytest.raises(CredentialRefused, match="reader is used by shop"):
        remove(shared)
    assert SharedCredential.objects.exists()
    source.delete()
    remove(shared)
    assert not SharedCredential.objects.exists()


@pytest.mark.parametrize("name", ["reader", "", "a/b", "a b"])
def test_a_name_is_plain_and_given_once(shared: SharedCredential, name: str) -> None:
    with pytest.raises(CredentialRefused):
        add(name, Credential("git", "x"))
    assert SharedCredential.objects.count() == 1


PAGES = [
    ("get", "/credentials/"),
    ("post", "/credentials/"),
    ("get", "/credentials/1/"),
    ("post", "/credentials/1/"),
    ("post", "/credentials/1/remove/"),
    ("post", "/sources/shop/credential/"),
]


@pytest.mark.parametrize(("method", "path"), PAGES)
@pytest.mark.parametrize("person", ["owner", "reader", "outsider"])
def test_only_staff_see_the_pages(
    person: str,
    method: str,
    path: str,
    client: Client,
    source: Source,
    shared: SharedCredential,
    request: pytest.FixtureRequest,
) -> None:
    client.force_login(request.getfixturevalue(person))
    response = getattr(client, method)(path.replace("1", str(shared.pk)))
    assert response.status_code == 404
    assert response.content == client.get("/nothing/here/").content
    assert SharedCredential.objects.count() == 1


def test_staff_add_replace_and_remove(client: Client, staff: User) -> None:
    client.force_login(staff)
    client.post("/credentials/", {"name": "bot", "username": "robot", "secret": SECRET})
    shared = SharedCredential.objects.get(name="bot")
    assert token_of(shared) == SECRET
    for page in ("/credentials/", f"/credentials/{shared.pk}/"):
        content = client.get(page).content.decode()
        assert "bot" in content
        assert SECRET not in content
    client.post(f"/credentials/{shared.pk}/", {"private_key": KEY})
    assert token_of(SharedCredential.objects.get()) == ""
    client.post(f"/credentials/{shared.pk}/remove/")
    assert not SharedCredential.objects.exists()


def test_staff_cannot_remove_one_in_use_and_are_told_who_uses_it(
    client: Client, staff: User, source: Source, shared: SharedCredential
) -> None:
    client.force_login(staff)
    response = client.post(f"/credentials/{shared.pk}/remove/", follow=True)
    assert "reader is used by shop" in response.content.decode()
    assert SharedCredential.objects.exists()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": "x"}, "one of them"),
        ({"name": "x", "secret": SECRET, "private_key": KEY}, "one of them"),
        ({"name": "x", "private_key": SECRET}, "not a private key"),
        ({"name": "x", "secret": f"{SECRET}\nb"}, "one line"),
        ({"name": "reader", "secret": SECRET}, "already a credential"),
        ({"name": "../x", "secret": SECRET}, "Letters, digits"),
    ],
)
def test_a_refusal_says_why_and_sends_no_secret_back(
    client: Client, staff: User, shared: SharedCredential, given: dict[str, str], sentence: str
) -> None:
    client.force_login(staff)
    response = client.post("/credentials/", given)
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert SECRET not in response.content.decode()
    assert "PRIVATE KEY-----" not in response.content.decode()
    assert SharedCredential.objects.count() == 1


def test_a_source_is_given_another_one_on_its_page(
    client: Client, staff: User, shared: SharedCredential
) -> None:
    own = connect(ADDRESS, name="own", credential=Credential("git", "own"))
    client.force_login(staff)
    assert "credential of its own" in client.get("/sources/own/").content.decode()
    client.post("/sources/own/credential/", {"shared_credential": shared.pk})
    own.refresh_from_db()
    assert credential_of(own) == Credential("robot", SECRET)
    client.post("/sources/own/credential/", {"shared_credential": "999"})
    own.refresh_from_db()
    assert own.shared_credential == shared


def test_connecting_takes_a_shared_one_or_a_token_but_not_both(
    client: Client, staff: User, shared: SharedCredential
) -> None:
    client.force_login(staff)
    form = {"location": ADDRESS, "name": "shop", "shared_credential": shared.pk}
    refused = client.post("/sources/connect/", {**form, "secret": "x"})
    assert refused.status_code == 400
    assert "not both" in refused.content.decode()
    client.post("/sources/connect/", form)
    assert Source.objects.get(name="shop").shared_credential == shared
