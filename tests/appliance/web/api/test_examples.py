"""The examples of docs/api.md do what the page says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from appliance.accounts.models import User
from appliance.conversations.models import Message
from tests.appliance.web.api.conftest import token_of

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

PAGE = (Path(__file__).resolve().parents[4] / "docs/api.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_python_of_the_page_asks(address: str, owner: User) -> None:
    token = token_of(owner)
    environment = {**os.environ, "PLUMBLINE": address, "PLUMBLINE_TOKEN": token}
    examples = blocks("python")
    assert len(examples) == 2
    for example in examples:
        code = example.replace("https://plumbline.example.com", address).replace("plumb_...", token)
        run = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert "appends the item to the cart [1]." in run.stdout, run.stderr
        assert f"{address}/files/shop/" in run.stdout
    assert Message.objects.filter(role="answer", state="done").count() == 2


def test_the_settings_of_the_editors_are_whole() -> None:
    [continues], [zed] = blocks("yaml"), blocks("json")
    [model] = yaml.safe_load(continues)["models"]
    assert (model["provider"], model["model"]) == ("openai", "plumbline")
    provider = json.loads(zed)["language_models"]["openai_compatible"]["Plumbline"]
    assert provider["api_url"] == model["apiBase"] == "https://plumbline.example.com/v1"
