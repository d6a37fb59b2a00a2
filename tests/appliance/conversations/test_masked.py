"""A secret in the code reaches neither what is embedded, what a model is asked, nor a log (B16)."""

from __future__ import annotations

import json
import logging
import random

import pytest

from appliance.accounts.models import User
from appliance.conversations import asking
from appliance.conversations.models import Message
from appliance.conversations.tasks import answer_question
from indexer.models import Blob, Chunk
from indexer.retrieval.search import search
from indexer.scope import Scope
from inference.fake_server import FakeServer
from inference.testing import Script
from tests.conftest import SourceFactory
from tests.indexer.masking.keys import FRAMES, KINDS


def secrets_and_files() -> tuple[dict[str, str], dict[str, str | bytes]]:
    """Return a secret of each kind, and a file around each that a question about tokens finds."""
    dice = random.Random(16)  # noqa: S311  the same keys at every run
    secrets: dict[str, str] = {}
    files: dict[str, str | bytes] = {}
    for number, (name, make) in enumerate(KINDS.items()):
        secret = make(dice)
        value = secret.split(":")[-1].split("@")[0] if "://" in secret else secret
        secrets[name] = value.removeprefix("AccountKey=").split("\n")[-2 if "\n" in value else 0]
        frame = FRAMES[number % len(FRAMES)].format(secret)
        files[f"deploy/token_{number}.py"] = f"# The deploy token of {name}\n{frame}"
    return secrets, files


def test_b16_secrets_are_absent_from_vectors_prompts_answers_logs_and_tables(
    source_factory: SourceFactory,
    models: FakeServer,
    owner: User,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    secrets, files = secrets_and_files()
    models.model.script = Script(text="It is the deploy token [E1].")
    with caplog.at_level(logging.DEBUG):
        source = source_factory("shop", files)
        found = search("deploy token", scope=Scope(frozenset({source.pk})), limit=50)
        asked = asking.ask(owner, "What is the deploy token?")
        answer_question(str(asked.pk))
    assert len({hit.path for hit in found.hits}) == len(files)
    output = capfd.readouterr()
    sent = [json.dumps(body, ensure_ascii=False) for body in models.model.received]
    assert any("deploy token of" in body and "messages" in body for body in sent)
    assert any("deploy token of" in body and "input" in body for body in sent)
    answer = Message.objects.get(pk=asked.pk)
    kept = [
        *sent,
        *(hit.text for hit in found.hits),
        *Blob.objects.values_list("text", flat=True),
        *Chunk.objects.values_list("context", flat=True),
        *(f"{answer.text} {answer.receipt}", caplog.text, output.out, output.err),
    ]
    told = "\n".join(kept)
    assert "[SECRET:" in told
    assert [name for name, secret in secrets.items() if secret in told] == []
