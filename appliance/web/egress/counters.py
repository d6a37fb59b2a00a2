"""What the firewall dropped, read from the file that the host writes for Prometheus."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

LINE = re.compile(r'^plumbline_egress_(\w+)_packets_total\{service="(\w+)"\} (\d+)$', re.M)
LARGEST_BYTES = 1_000_000
WORDS = {
    "dropped": "tried to get out",
    "names": "questions to name servers",
    "probes": "of these looks themselves",
}


@dataclass(frozen=True, slots=True)
class Dropped:
    """Packets of one service that one rule dropped since the rules were loaded."""

    service: str
    what: str
    packets: int

    @property
    def words(self) -> str:
        return WORDS.get(self.what, self.what)


def read_counters() -> list[Dropped]:
    """Return the counters; none where no file is named or it cannot be read."""
    if not settings.EGRESS_COUNTERS_FILE:
        return []
    try:
        with Path(settings.EGRESS_COUNTERS_FILE).open(encoding="utf-8", errors="replace") as file:
            text = file.read(LARGEST_BYTES)
    except OSError:
        return []
    return [Dropped(service, what, int(packets)) for what, service, packets in LINE.findall(text)]
