"""What the supervisor and the child say to each other: JSON, one message per line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from indexer.errors import FetchError, FetchFailed, FetchRefused
from indexer.fetching.values import Credential, FetchedRefs, FetchLimits, FetchProgress, ResolvedRef

Report = FetchProgress | FetchedRefs | FetchError


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """Everything that the child needs; it decides nothing about what is allowed."""

    source: str  # what git gets as the repository: a URL, a git directory, a bundle
    mirror: str
    home: str  # private folder of this fetch
    protocols: str  # value of GIT_ALLOW_PROTOCOL
    limits: FetchLimits
    refs: tuple[str, ...] = ()
    kind: str = "remote"  # remote, path, bundle: git fetches; folder, archive: a snapshot is made
    is_local: bool = False
    host: str | None = None
    port: int | None = None
    pinned_address: str | None = None
    username: str | None = None
    secret: str | None = field(default=None, repr=False)
    key_file: str | None = None
    known_hosts: str = "/dev/null"
    ca_file: str | None = None

    @property
    def credential(self) -> Credential | None:
        if self.username is None or self.secret is None:
            return None
        return Credential(self.username, self.secret)


def request_to_json(request: FetchRequest) -> str:
    return json.dumps(asdict(request))


def request_from_json(line: str) -> FetchRequest:
    values = json.loads(line)
    return FetchRequest(
        **{
            **values,
            "limits": FetchLimits(**values["limits"]),
            "refs": tuple(values["refs"]),
        }
    )


def report_to_json(report: Report) -> str:
    body: dict[str, Any]
    if isinstance(report, FetchError):
        body = {
            "code": report.code,
            "message": report.message,
            "may_retry": isinstance(report, FetchFailed),
        }
        return json.dumps({"error": body})
    if isinstance(report, FetchProgress):
        return json.dumps({"progress": asdict(report)})
    body = {"refs": {name: asdict(ref) for name, ref in report.refs.items()}}
    return json.dumps({"fetched": {**body, "changed": report.changed, "notes": report.notes}})


def report_from_json(line: str) -> Report:
    ((kind, body),) = json.loads(line).items()
    if kind == "progress":
        return FetchProgress(**body)
    if kind == "fetched":
        refs = {name: ResolvedRef(**ref) for name, ref in body["refs"].items()}
        return FetchedRefs(refs, changed=body["changed"], notes=tuple(body["notes"]))
    leaf = FetchFailed if body["may_retry"] else FetchRefused
    return leaf(body["code"], body["message"])
