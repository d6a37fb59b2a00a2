"""Training pairs: from commits and curated places, masked, of the named sources alone."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from appliance.accounts.models import User
from appliance.audit.models import Event
from appliance.conversations.curating.models import CuratedLines
from appliance.conversations.models import Evidence
from indexer.ingestion.inline import sync_now
from indexer.models import Document, Ref, Source
from inference.adapting.pairs import TrainingPair, read_pairs
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository
from tests.indexer.masking.keys import KINDS

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

GITLAB = KINDS["gitlab"](random.Random(7))  # noqa: S311
CART = "def add(cart, item):\n    cart.append(item)\n    return cart\n"
GUARDED = CART.replace(
    "    cart.append", "    if item is None:\n        raise ValueError\n    cart.append"
)


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    repository = repository_factory({"shop/cart.py": CART, "shop/keys.py": "x = 1\n"}, "shop")
    repository.commit({"shop/cart.py": GUARDED}, "Refuse to add nothing to a cart")
    repository.commit(
        {"shop/keys.py": f'x = 1\nTOKEN = "{GITLAB}"\n'}, f"Keep the token {GITLAB} beside x"
    )
    repository.commit({"shop/cart.py": f"{GUARDED}\n"}, "typo")
    return repository


@pytest.fixture
def shop(source_factory: SourceFactory, repository: Repository) -> Source:
    source = source_factory("shop", repository=repository)
    sync_now(source)
    return source


def export(out: Path, *more: str) -> list[TrainingPair]:
    call_command("export_pairs", "--out", str(out), *more, stdout=io.StringIO())
    return read_pairs(out)


def curated(shop: Source, owner: User, **fields: object) -> CuratedLines:
    document = Document.objects.get(source=shop, path="shop/cart.py")
    evidence, _ = Evidence.objects.get_or_create(
        source=shop, commit=Ref.objects.get(source=shop, is_default=True).commit,
        path=document.path, blob=document.blob, start_line=1, end_line=3, line_hash="x",
    )  # fmt: skip
    return CuratedLines.objects.create(
        evidence=evidence, question="May a cart hold nothing?", by=owner.get_username(), **fields
    )


def test_a_commit_teaches_its_place_and_its_change(shop: Source, tmp_path: Path) -> None:
    pairs = export(tmp_path / "pairs.jsonl", "--source", "shop")
    place = next(one for one in pairs if one.kind == "place" and "Refuse" in one.prompt)
    assert place.answer == "- `shop/cart.py`"
    change = next(one for one in pairs if one.kind == "change" and "Refuse" in one.prompt)
    assert "raise ValueError" in change.answer
    assert "raise ValueError" not in change.prompt
    assert "cart.append(item)" in change.prompt
    assert not [one for one in pairs if "typo" in one.prompt]
    assert {one.source for one in pairs} == {"shop"}


def test_secrets_are_masked_in_message_and_lines(shop: Source, tmp_path: Path) -> None:
    pairs = export(tmp_path / "pairs.jsonl", "--source", "shop")
    assert [one for one in pairs if "Keep the token" in one.prompt]
    assert GITLAB not in (tmp_path / "pairs.jsonl").read_text()


def test_what_is_excluded_since_is_not_learned(shop: Source, tmp_path: Path) -> None:
    shop.exclude_patterns = ["shop/keys.py"]
    shop.save()
    sync_now(shop)
    pairs = export(tmp_path / "pairs.jsonl", "--source", "shop")
    assert not [one for one in pairs if "keys.py" in one.prompt + one.answer]


def test_a_curated_place_is_taught_in_the_words_of_the_product(
    shop: Source, owner: User, tmp_path: Path
) -> None:
    curated(shop, owner, answer="No: it raises ValueError.")
    curated(shop, owner)
    curated(shop, owner, answer="Old.", expires_on=timezone.localdate().replace(year=2020))
    pairs = export(tmp_path / "pairs.jsonl", "--source", "shop")
    words, named = sorted(one.answer for one in pairs if one.kind == "curated")
    assert words == "No: it raises ValueError [E1]."
    assert named == "`add` in `shop/cart.py` [E1]."
    first = next(one for one in pairs if one.kind == "curated")
    assert "numbered evidence" in first.system
    assert "shop/shop/cart.py lines 1-3" in first.prompt
    assert "May a cart hold nothing?" in first.prompt


def test_only_the_named_sources_are_exported_and_it_is_recorded(
    shop: Source, source_factory: SourceFactory, tmp_path: Path
) -> None:
    source_factory("bank", {"bank.py": "x = 1\n"})
    pairs = export(tmp_path / "pairs.jsonl", "--source", "shop", "--newest", "2")
    told = Event.objects.get(action="source.exported")
    assert told.details == {"texts": len(pairs), "purpose": "adapter"}
    assert told.object_name == "shop"
    assert (tmp_path / "pairs.jsonl").stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_exported_is_told(shop: Source, tmp_path: Path) -> None:
    (tmp_path / "there.jsonl").touch()
    for out, name in (("there.jsonl", "shop"), ("pairs.jsonl", "none")):
        with pytest.raises(CommandError):
            export(tmp_path / out, "--source", name)
    shop.hidden_at = timezone.now()
    shop.save()
    with pytest.raises(CommandError, match="hidden"):
        export(tmp_path / "pairs.jsonl", "--source", "shop")
    assert not Event.objects.filter(action="source.exported").exists()
