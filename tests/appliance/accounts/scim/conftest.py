"""A provider with a token."""

from __future__ import annotations

import pytest

from tests.appliance.accounts.scim.client import Provider, make_provider


@pytest.fixture
def provider(db: None) -> Provider:
    return make_provider()
