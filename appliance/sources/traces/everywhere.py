"""Search all places in which this appliance stores anything."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from appliance.sources.traces.folders import in_files, in_folder, in_mirrors
from appliance.sources.traces.places import Needle, Trace, Unsearched
from appliance.sources.traces.queue import in_queue
from appliance.sources.traces.tables import in_tables


def everywhere(wanted: bytes) -> Iterator[Trace | Unsearched]:
    """Yield the places that hold the bytes. Raises ValueError when they are too few to mean much."""
    needle = Needle(wanted)
    home, mirrors = Path(settings.PLUMBLINE_HOME), Path(settings.MIRRORS_DIR)
    yield from in_tables(needle)
    yield from in_queue(settings.CELERY_BROKER_URL, needle)
    yield from in_mirrors(mirrors, needle)
    yield from in_folder("data folder", home, needle)
    for name, folder in {
        "mirrors": mirrors,
        "uploads": Path(settings.UPLOADS_DIR),
        "cache": Path(settings.PLUMBLINE_CACHE),
    }.items():
        if not folder.is_relative_to(home):
            yield from in_folder(name, folder, needle)
    temporary = Path(settings.FILE_UPLOAD_TEMP_DIR or tempfile.gettempdir())
    yield from in_files("temporary folder", temporary, "*.upload*", needle)
