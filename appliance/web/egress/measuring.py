"""What Prometheus is told of the looks."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from appliance.common.metrics import register
from appliance.web.egress.looking import newest_runs
from appliance.web.models import EgressRun

LABELS = ["host", "service"]


def collect() -> Iterator[Metric]:
    is_open = GaugeMetricFamily(
        "plumbline_egress_open",
        "Whether the newest look found a way out: 1 yes, 0 no, -1 not known.",
        labels=LABELS,
    )
    at = GaugeMetricFamily(
        "plumbline_egress_checked_timestamp_seconds", "When it looked.", labels=LABELS
    )
    attempts = GaugeMetricFamily(
        "plumbline_egress_attempts", "How its attempts ended.", labels=[*LABELS, "outcome"]
    )
    values = {EgressRun.Verdict.OPEN: 1.0, EgressRun.Verdict.UNKNOWN: -1.0}
    for run in newest_runs():
        of = [run.host, run.service]
        is_open.add_metric(of, values.get(EgressRun.Verdict(run.verdict), 0.0))
        at.add_metric(of, run.at.timestamp())
        for outcome in ("open", "closed", "untried"):
            count = sum(one["outcome"] == outcome for one in run.attempts)
            attempts.add_metric([*of, outcome], count)
    yield from (is_open, at, attempts)


register("egress", collect)
