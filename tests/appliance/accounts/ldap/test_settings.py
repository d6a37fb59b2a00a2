"""The settings of an LDAP directory, and what "test this connection" says of them."""

from __future__ import annotations

import pytest

from appliance.accounts.directories.steps import State
from appliance.accounts.ldap import trying
from appliance.accounts.ldap.config import Security, config_of, read_config, read_server
from appliance.accounts.ldap.connection import Entry
from appliance.accounts.ldap.errors import LdapMisconfigured
from appliance.accounts.ldap.forms import LdapForm
from appliance.accounts.ldap.reading import to_person
from appliance.accounts.ldap.signing_in import bind_name
from appliance.accounts.models import Directory
from tests.ldapserver import READER_PASSWORD, LdapServer, free_port

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def said(directory: Directory, name: str = "") -> dict[str, tuple[str, str]]:
    """Return each step's state and words, by the first words of its name."""
    steps = trying.test_connection(directory, name)
    return {step.name.split(" 127")[0]: (step.state.value, step.says) for step in steps}


def written(server: LdapServer, **changes: object) -> dict[str, object]:
    """Return what an admin enters."""
    return {
        "name": "corp",
        "preset": "openldap",
        "servers": f"127.0.0.1:{server.tls_port}\n",
        "security": "ldaps",
        "ca_pem": server.authority.pem,
        "bind_dn": "cn=reader,dc=corp,dc=example",
        "bind_password": READER_PASSWORD,
        "people_base": "ou=people,dc=corp,dc=example",
        "groups_base": "ou=groups,dc=corp,dc=example",
        "is_nested": "on",
        **changes,
    }


def new() -> Directory:
    return Directory(name="corp", slug="corp", kind=Directory.Kind.LDAP)


def test_what_an_admin_enters_connects(server: LdapServer) -> None:
    form = LdapForm(written(server), directory=new())
    assert form.is_valid(), form.errors
    assert READER_PASSWORD not in str(form.settings())
    assert form.secret() == READER_PASSWORD
    directory = server.directory()
    directory.settings = form.settings()
    steps = said(directory, "ana")
    assert {state for state, _ in steps.values()} == {"ok"}
    assert "3 people" in steps["Find people"][1]
    assert "uid=ana,ou=people" in steps["Find one person"][1]
    assert steps["Read their groups"][1] == "3: backend, engineering, everyone"


def test_the_password_is_never_shown_and_kept_when_left_empty(server: LdapServer) -> None:
    directory = server.directory()
    assert READER_PASSWORD not in LdapForm(directory=directory).as_p()
    form = LdapForm(written(server, bind_password=""), directory=directory)
    assert form.is_valid(), form.errors
    assert form.secret() is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("servers", "ldap://corp.example"),
        ("servers", "corp.example:99999"),
        ("servers", " "),
        ("ca_pem", "not a certificate"),
        ("people_filter", "(objectClass="),
        ("groups_filter", "objectClass=group)("),
        ("bind_template", "{name}@corp.example"),  # beside a service account
        ("bind_dn", ""),
        ("security", "plain"),
    ],
)
def test_what_cannot_work_is_refused(server: LdapServer, field: str, value: str) -> None:
    form = LdapForm(written(server, **{field: value}), directory=new())
    assert not form.is_valid()
    assert field in form.errors


def test_no_protection_is_refused_for_a_server_elsewhere(server: LdapServer) -> None:
    given = written(server, security="none", servers="ldap.corp.example")
    assert "security" in LdapForm(given, directory=new()).errors
    given["servers"] = "127.0.0.1"
    assert LdapForm(given, directory=new()).is_valid()


def test_each_step_that_fails_says_what_to_do(server: LdapServer) -> None:
    down = said(server.directory("down", servers=[f"127.0.0.1:{free_port()}"]))
    assert down["Reach"][0] == "failed"
    assert {down[step][0] for step in trying.LATER} == {"skipped"}
    untrusted = said(server.directory("untrusted", ca_pem=""))
    assert untrusted["Reach"] == ("ok", "")
    assert "Paste the certificate of your authority" in untrusted["Check the certificate of"][1]
    wrong = server.directory("wrong", bind_dn="cn=nobody,dc=corp,dc=example")
    assert "Correct the service account" in said(wrong)["Sign in as the service account"][1]
    base = said(server.directory("base", people_base="ou=x,dc=corp,dc=example"))
    assert "no such place" in base["Find people"][1]
    nobody = said(server.directory("nobody", people_filter="(objectClass=account)"))
    assert "Nobody is found" in nobody["Find people"][1]
    subject = said(server.directory("subject", subject_attribute="objectGUID"))
    assert "none has both uid and objectGUID" in subject["Find people"][1]
    assert "Nobody is called" in said(server.directory("name"), "zoe")["Find one person"][1]
    assert said(new())["Read the settings"][0] == State.FAILED


def test_steps_hold_no_secret(server: LdapServer) -> None:
    directory = server.directory("wrong", bind_dn="cn=nobody,dc=corp,dc=example")
    assert READER_PASSWORD not in str(said(directory, "ana"))


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("ldap.corp.example", "ldap.corp.example", 636),
        ("ldap.corp.example:3269", "ldap.corp.example", 3269),
        ("[::1]:1636", "::1", 1636),
        ("::1", "::1", 636),
    ],
)
def test_servers_are_named_as_everywhere(text: str, host: str, port: int) -> None:
    server = read_server(text, Security.LDAPS)
    assert (server.host, server.port) == (host, port)


def test_settings_that_are_not_complete_are_told_as_such() -> None:
    with pytest.raises(LdapMisconfigured, match="not complete"):
        read_config({"security": "ldaps"}, "")
    sealed = new()
    sealed.sealed_secret = b"by another key"
    with pytest.raises(LdapMisconfigured, match="cannot be read"):
        config_of(sealed)


def test_an_entry_of_active_directory_is_read_by_its_guid_and_account_control() -> None:
    config = read_config(
        {"preset": "ad", "security": "ldaps", "servers": ["dc1"], "people_base": "DC=corp"}, ""
    )

    def entry(control: bytes, guid: bytes = bytes(range(16))) -> Entry:
        values = {"samaccountname": [b"ana"], "objectguid": [guid], "useraccountcontrol": [control]}
        return Entry("CN=Ana,DC=corp", values)

    enabled, disabled = to_person(entry(b"512"), config), to_person(entry(b"514"), config)
    assert enabled is not None
    assert disabled is not None
    assert enabled.subject == "03020100-0504-0706-0809-0a0b0c0d0e0f"
    assert (enabled.is_disabled, disabled.is_disabled) == (False, True)
    assert to_person(entry(b"512", b"short"), config) is None


def test_names_are_escaped_where_they_go_into_a_distinguished_name() -> None:
    assert bind_name("uid={name},dc=corp", "a,b=c+d") == r"uid=a\,b\=c\+d,dc=corp"
    assert bind_name("{name}@corp.example", "ana") == "ana@corp.example"
