"""The list of sources when there are hundreds: counted, narrowed, sorted and cut into pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django import forms

from appliance.sources.forms import PLAIN_ATTRIBUTES
from appliance.sources.overview import SourceOverview
from indexer.models import Source

PER_PAGE = 50
LONG_AGO = datetime.min.replace(tzinfo=UTC)

# A state that can be asked for, in the order of worry, and what the summary calls it.
STATES = {
    "failed": "failed",
    "warning": "with a warning",
    "busy": "syncing",
    "paused": "paused",
    "off": "not synced yet",
    "ok": "ready",
}
SORTS: dict[str, Callable[[SourceOverview], Any]] = {
    "name": lambda overview: overview.name.lower(),
    "state": lambda overview: (list(STATES).index(state_of(overview)), overview.name.lower()),
    # The longest since it was compared with its origin first.
    "lag": lambda overview: (overview.checked_at or LONG_AGO, overview.name.lower()),
}


class ListFilterForm(forms.Form):
    q = forms.CharField(
        label="Name or address contains",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={**PLAIN_ATTRIBUTES, "placeholder": "Name or address"}),
    )
    state = forms.ChoiceField(
        required=False,
        choices=[("", "Every state"), *((key, word.capitalize()) for key, word in STATES.items())],
    )
    kind = forms.ChoiceField(required=False, choices=[("", "Every kind"), *Source.Kind.choices])
    sort = forms.ChoiceField(
        label="Sort by",
        required=False,
        choices=[("name", "by name"), ("state", "by state"), ("lag", "by age of last look")],
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """Which sources are asked for, in which order; a wish that makes no sense is none."""

    text: str = ""
    state: str = ""
    kind: str = ""
    sort: str = "name"

    @classmethod
    def from_form(cls, form: ListFilterForm) -> Wish:
        form.is_valid()
        given = form.cleaned_data
        return cls(
            given.get("q", ""),
            given.get("state", ""),
            given.get("kind", ""),
            given.get("sort") or "name",
        )

    @property
    def is_narrow(self) -> bool:
        return bool(self.text or self.state or self.kind)

    def of(
        self, overviews: Iterable[SourceOverview], *, managed_names: Collection[str]
    ) -> list[SourceOverview]:
        """Return those that are asked for, sorted; locations count only of sources that whoever
        asks manages."""
        text = self.text.lower()
        kind = dict(Source.Kind.choices).get(self.kind, "")
        found = [
            overview
            for overview in overviews
            if (not self.state or state_of(overview) == self.state)
            and (not kind or overview.kind == kind)
            and (
                text in overview.name.lower()
                or (overview.name in managed_names and text in overview.location.lower())
            )
        ]
        return sorted(found, key=SORTS[self.sort])


def state_of(overview: SourceOverview) -> str:
    return "paused" if overview.is_paused else overview.state


def summary_of(overviews: Sequence[SourceOverview]) -> str:
    """Return one line such as "482 ready, 12 syncing, 6 failed"."""
    counts = Counter(state_of(overview) for overview in overviews)
    present = [f"{counts[state]} {STATES[state]}" for state in reversed(STATES) if counts[state]]
    return ", ".join(present)
