"""A provider with a token."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from tests.appliance.accounts.scim.client import Provider, make_provider


@pytest.fixture
def provider(db: None) -> Provider:
    cache.clear()  # of the limit of records of refused tokens
    return make_provider()
