"""The docs name what there is: settings, commands, make targets, glossary words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parent.parent
OURS = ("appliance", "indexer")


def test_every_setting_has_a_heading() -> None:
    modules = (ROOT / "appliance/config").glob("*.py")
    settings = "".join(module.read_text("utf-8") for module in modules)
    names = set(re.findall(r'"(PLUMBLINE_[A-Z_]+)"', settings))
    headings = set(
        re.findall(r"^### (PLUMBLINE_\w+)$", (ROOT / "docs/settings.md").read_text(), re.M)
    )
    assert headings == names | {"PLUMBLINE_HOME", "PLUMBLINE_CACHE"}


def test_every_command_is_mentioned() -> None:
    ours = [name for name, app in get_commands().items() if str(app).split(".")[0] in OURS]
    text = (ROOT / "README.md").read_text() + (ROOT / "docs/commands.md").read_text()
    assert [name for name in ours if f"manage.py {name}" not in text] == []


def test_every_make_target_is_mentioned() -> None:
    targets = re.findall(r"^(\w+):.*## ", (ROOT / "Makefile").read_text(), re.M)
    text = (ROOT / "README.md").read_text() + (ROOT / "docs/commands.md").read_text()
    assert [name for name in targets if f"make {name}" not in text] == []


@pytest.mark.parametrize("app", ["indexer", "conversations", "sources", "accounts", "audit", "web"])
def test_every_model_is_in_the_glossary(app: str) -> None:
    glossary = (ROOT / "docs/glossary.md").read_text()
    names = [re.sub(r"File$", "", m.__name__) for m in apps.get_app_config(app).get_models()]
    assert [name for name in names if name not in glossary] == []


def test_links_between_the_docs_lead_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []
