"""Keeps tests that share something dear in one process of pytest-xdist: a served model, hosts for
which Ansible fills in its templates, the syntax trees of all modules."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("model"):
            item.add_marker(pytest.mark.xdist_group("model"))
        elif "test_architecture.py" in item.nodeid:
            item.add_marker(pytest.mark.xdist_group("syntax"))
        elif "tests/ansible/test_templates.py" in item.nodeid:
            item.add_marker(pytest.mark.xdist_group("ansible"))
