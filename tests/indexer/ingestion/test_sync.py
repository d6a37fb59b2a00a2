"""From a repository to the corpus: what is stored, what is read again, what is live."""

from __future__ import annotations

from indexer.ingestion.inline import sync_now
from indexer.models import Document
from tests.conftest import SourceFactory

FILES = {
    "shop/cart.py": "def total(items):\n    return sum(item.price for item in items)\n",
    "shop/stock.py": "def left(item):\n    return item.count\n",
    "README.md": "# Shop\n\nSells things.\n",
}


def test_a_second_sync_without_changes_embeds_nothing(source_factory: SourceFactory) -> None:
    source = source_factory("shop", FILES)
    report = sync_now(source)
    assert report.files == 3
    assert report.files_changed == 0
    assert report.chunks_embedded == 0
    assert report.seconds_vector is not None
    assert Document.objects.filter(source=source).count() == 3
