"""Settings are shown with what they do; a secret never is."""

from __future__ import annotations

import pytest
from django.conf import settings as django_settings

from appliance.web.managing.values import sections, without_password

TEXT = """# Settings

## Web

### PLUMBLINE_HOSTS
Host names, with commas. Default: `localhost`.

### PLUMBLINE_SECRET_KEY
Required.

## Only for `make`

`PORT` (8000).
"""


def test_each_setting_has_its_value_and_explanation() -> None:
    (web,) = sections(TEXT, {"PLUMBLINE_HOSTS": "a.example"})
    hosts, key = web.settings
    assert (web.title, web.changed) == ("Web", 1)
    assert (hosts.name, hosts.value, hosts.is_set) == ("PLUMBLINE_HOSTS", "a.example", True)
    assert hosts.explanation == "<p>Host names, with commas. Default: <code>localhost</code>.</p>\n"
    assert (key.value, key.is_set) == ("", False)


@pytest.mark.parametrize("name", ["PLUMBLINE_SECRET_KEY", "PLUMBLINE_SECRET_KEY_FILE"])
def test_a_secret_is_said_to_be_set_and_not_shown(name: str) -> None:
    (web,) = sections(TEXT, {name: "canary"})
    assert (web.settings[1].value, web.settings[1].is_set) == ("", True)
    assert "canary" not in repr(web)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("postgresql://ana:canary@db:5432/p", "postgresql://…@db:5432/p"),
        ("redis://:canary@db/0", "redis://…@db/0"),
        ("http://10.0.0.1:8001/v1", "http://10.0.0.1:8001/v1"),
        ("http://ana:canary@[bad/", "(not an address)"),
        ("a@b,c@d", "a@b,c@d"),
    ],
)
def test_an_address_loses_its_password(value: str, shown: str) -> None:
    assert without_password(value) == shown


def test_the_documentation_of_this_release_is_read() -> None:
    names = {one.name for section in sections(environment={}) for one in section.settings}
    assert {"PLUMBLINE_HOME", "PLUMBLINE_SANDBOX", "PLUMBLINE_CHAT_URL"} <= names
    assert not {name for name in names if not name.startswith("PLUMBLINE_")}
    assert (django_settings.BASE_DIR / "docs" / "settings.md").is_file()
