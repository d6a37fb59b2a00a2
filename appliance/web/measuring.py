"""The appliance itself, as Prometheus sees it: pages, workers, disk, and the model servers."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric

from appliance.common.metrics import SECONDS, gauge, gauges, register
from appliance.conversations.chatservers import ServerState, look
from appliance.web.models import Heartbeat

logger = logging.getLogger(__name__)

REQUESTS = Counter("plumbline_http_requests", "Answered requests.", ["route", "method", "status"])
REQUEST_SECONDS = Histogram(
    "plumbline_http_request_seconds", "Until the answer begins.", ["route"], buckets=SECONDS
)
METHODS = {"GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"}

Respond = Callable[[HttpRequest], HttpResponseBase]
RespondLater = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class MeasuredRequests:
    """Counts every request by the name of its route, never by its path: paths hold names."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Respond | RespondLater) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        started = time.perf_counter()
        response = self.get_response(request)
        if isinstance(response, HttpResponseBase):
            _count(request, response, started)
            return response
        return self._later(request, response, started)

    async def _later(
        self, request: HttpRequest, response: Awaitable[HttpResponseBase], started: float
    ) -> HttpResponseBase:
        answered = await response
        _count(request, answered, started)
        return answered


def _count(request: HttpRequest, response: HttpResponseBase, started: float) -> None:
    route = request.resolver_match.view_name if request.resolver_match else "none"
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(route, method, str(response.status_code)).inc()
    REQUEST_SECONDS.labels(route).observe(time.perf_counter() - started)


def collect() -> Iterator[Metric]:
    now = timezone.now()
    beats = Heartbeat.objects.values_list("name", "at")
    yield gauges(
        "plumbline_heartbeat_age_seconds",
        "Since the last sign of life of each queue's worker.",
        "queue",
        [(name, (now - at).total_seconds()) for name, at in beats],
    )
    home = settings.PLUMBLINE_HOME
    if home.exists():
        free = shutil.disk_usage(home).free
        yield gauge("plumbline_disk_free_bytes", "Free where the data folder is.", free)
    try:
        yield from _nodes(look())
    except ValueError as exc:
        logger.warning("the chat servers cannot be looked at: %s", exc)


def _nodes(nodes: Sequence[ServerState]) -> Iterator[Metric]:
    up = GaugeMetricFamily(
        "plumbline_model_node_up", "Whether a chat server answers.", labels=["node"]
    )
    busy = GaugeMetricFamily(
        "plumbline_model_node_requests", "As the server tells.", labels=["node", "state"]
    )
    cache = GaugeMetricFamily(
        "plumbline_model_node_cache_use", "Of its cache, between 0 and 1.", labels=["node"]
    )
    for node in nodes:
        up.add_metric([node.address], float(node.is_up))
        if node.reading:
            busy.add_metric([node.address, "running"], node.reading.running)
            busy.add_metric([node.address, "waiting"], node.reading.waiting)
            cache.add_metric([node.address], node.reading.cache_use)
    yield from (up, busy, cache)


register("web", collect)
