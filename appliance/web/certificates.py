"""When this host's certificates end: told in time, since afterwards nothing talks to anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from django.conf import settings
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from appliance.common.metrics import register
from appliance.web.check import Check

NAME = "Certificates"
SOON = timedelta(days=30)
RENEW = "Replace it: ./install --play certificates (docs/day-two.md)."


class NoCertificate(Exception):
    """A file holds no certificate; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A file with a certificate, and when the first of its chain ends."""

    file: Path
    ends: datetime


def read_certificate(file: Path) -> Certificate:
    """Read a file in PEM. Raises NoCertificate."""
    try:
        chain = x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it holds none in PEM"
        raise NoCertificate(f"{file} cannot be read: {reason}") from exc
    return Certificate(file, min(one.not_valid_after_utc for one in chain))


def check_certificates() -> Check:
    """Name the certificate that ends first, and what replaces it."""
    if not settings.CERTIFICATE_FILES:
        return Check(NAME, "off", "none is named", "It is optional: see docs/settings.md.")
    try:
        found = [read_certificate(Path(one)) for one in settings.CERTIFICATE_FILES]
    except NoCertificate as exc:
        return Check(NAME, "failed", str(exc), RENEW)
    first = min(found, key=lambda one: one.ends)
    left = first.ends - timezone.now()
    if left <= timedelta():
        return Check(NAME, "failed", f"{first.file} ended on {first.ends:%Y-%m-%d}", RENEW)
    if left <= SOON:
        detail = f"{first.file} ends on {first.ends:%Y-%m-%d}, in {left.days} days"
        return Check(NAME, "warning", detail, RENEW)
    return Check(NAME, "ok", f"good until {first.ends:%Y-%m-%d}")


def collect() -> Iterator[Metric]:
    """Tell when each certificate ends, by the name of its file."""
    ends = GaugeMetricFamily(
        "plumbline_certificate_ends_timestamp_seconds",
        "When a certificate of this host ends",
        labels=["certificate"],
    )
    for one in settings.CERTIFICATE_FILES:
        try:
            found = read_certificate(Path(one))
        except NoCertificate:
            continue  # the doctor names it
        ends.add_metric([found.file.stem], found.ends.timestamp())
    if ends.samples:
        yield ends


register("certificates", collect)
