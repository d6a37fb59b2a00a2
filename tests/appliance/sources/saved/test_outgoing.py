"""Where webhooks may lead: to hosts that the settings name, by plain addresses, and never inside."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from appliance.sources.saved.outgoing import NotPosted, check_url, new_secret, signature


@pytest.mark.parametrize(
    "url",
    [
        "http://chat.example.com/hooks/a",  # not https
        "https://evil.example/hooks/a",  # not allowed
        "https://chat.example.com.evil.example/a",
        "https://chat.example.com@evil.example/a",
        "https://user:pass@chat.example.com/a",
        "https://127.0.0.1/a",
        "https://[::1]/a",
        "https://169.254.169.254/latest/meta-data",
        "https://0x7f.1/a",
        "https://2130706433/a",
        "https://chat.example.com/a b",
        "https://chat.example.com/a%0d%0aHost:x",
        "https://chat.example.com\\@evil.example/a",
        "https://chat.example.com",
        "file:///etc/passwd",
        "gopher://chat.example.com/a",
        "-https://chat.example.com/a",
        "",
    ],
)
def test_hostile_addresses_are_refused(url: str, settings: Settings) -> None:
    settings.WEBHOOK_HOSTS = ["chat.example.com"]
    with pytest.raises(NotPosted):
        check_url(url)
    assert check_url("https://chat.example.com/hooks/abc") == "https://chat.example.com/hooks/abc"


def test_hosts_are_allowed_by_name_and_none_by_default(settings: Settings) -> None:
    assert settings.WEBHOOK_HOSTS == []
    with pytest.raises(NotPosted, match="switched off"):
        check_url("https://chat.example.com/hooks/abc")
    settings.WEBHOOK_HOSTS = ["*"]  # even then not this machine
    for closed in ("127.0.0.1", "[::1]", "169.254.169.254", "[::ffff:127.0.0.1]"):
        with pytest.raises(NotPosted):
            check_url(f"https://{closed}/a")


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The example of its specification, from the reference implementation."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    content = b'{"test": 2432232314}'
    told = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", content)
    assert told == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert len({new_secret() for _ in range(10)}) == 10
