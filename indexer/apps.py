"""The Django app of the corpus."""

from __future__ import annotations

from django.apps import AppConfig


class IndexerConfig(AppConfig):
    name = "indexer"
    verbose_name = "Corpus"
