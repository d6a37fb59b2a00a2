"""Remove from this host what removed sources left on its disk."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand

from indexer.ingestion.pruning import prune_mirrors, prune_uploads


class Command(BaseCommand):
    help = (
        "Remove the mirrors of removed sources and forgotten uploads from this host. A timer runs "
        "it on each host of a site that has several; on one host a worker does it."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        mirrors, uploads = prune_mirrors(), prune_uploads()
        self.stdout.write(f"Removed: {mirrors} mirrors, {uploads} uploads.")
