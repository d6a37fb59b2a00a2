"""An LDAP server with three people and nested groups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ldapserver import LdapServer, running


@pytest.fixture
def empty_server(tmp_path: Path) -> Iterator[LdapServer]:
    with running(tmp_path / "slapd") as server:
        yield server


@pytest.fixture
def server(empty_server: LdapServer) -> LdapServer:
    """Ana is in backend, that is in engineering, that is in everyone; so is Ben; Cy in a loop."""
    ana, ben, cy = (empty_server.add_person(uid) for uid in ("ana", "ben", "cy"))
    backend = empty_server.add_group("backend", ana)
    engineering = empty_server.add_group("engineering", backend)
    empty_server.add_group("everyone", engineering, ben)
    first = empty_server.add_group("loop-a", cy)
    second = empty_server.add_group("loop-b", first)
    empty_server.join(first, second)
    return empty_server
