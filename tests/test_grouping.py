"""What shares something dear is kept in one process: xdist has let that slip before, in silence."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("syntax")
def test_groups_reach_the_scheduler(request: pytest.FixtureRequest) -> None:
    """xdist tells the group of a test by its id (pytest-xdist issue 1386)."""
    if not request.config.getoption("loadgroup", default=False):
        pytest.skip("The tests are not spread over processes.")
    assert request.node.nodeid.endswith("@syntax")
