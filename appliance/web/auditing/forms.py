"""What auditors narrow the record by, and what they say when they set or lift a legal hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms

from appliance.audit.actions import Action, Outcome
from appliance.audit.exporting import FORMATS
from appliance.audit.models import Hold

LONGEST_NAME = 500
DAY = timedelta(days=1)


def _day(label: str, **more: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"})
    return forms.DateField(label=label, required=False, widget=widget, **more)


def _text(label: str, **more: Any) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=LONGEST_NAME, **more)


def start_of(day: date | None) -> datetime | None:
    """Return when a day begins, in UTC as the record has it."""
    return datetime.combine(day, time.min, UTC) if day else None


class SpanForm(forms.Form):
    """From a day to a day, both included."""

    since = _day("From")
    until = _day("To")

    @property
    def span(self) -> tuple[datetime | None, datetime | None]:
        until: date | None = self.cleaned_data.get("until")
        last = until + DAY if until and until < date.max else None
        return start_of(self.cleaned_data.get("since")), start_of(last)

    @property
    def told(self) -> dict[str, str]:
        """Return what was asked for, for the record of the look itself."""
        return {name: str(value) for name, value in self.cleaned_data.items() if value}


class FilterForm(SpanForm):
    person = _text("Person")
    action = forms.ChoiceField(required=False, choices=[("", "Any action"), *Action.choices])
    outcome = forms.ChoiceField(required=False, choices=[("", "Any outcome"), *Outcome.choices])
    object = _text("Object", help_text="The name or id of what it was done to.")


class LinesForm(SpanForm):
    """Lines of a file; without a path nothing was asked yet."""

    source = _text("Source")
    path = _text("Path")
    first = forms.IntegerField(label="First line", required=False, min_value=1)
    last = forms.IntegerField(label="Last line", required=False, min_value=1)
    field_order = ("source", "path", "first", "last", "since", "until")

    def clean(self) -> None:
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if first and last and last < first:
            self.add_error("last", "The last line stands before the first.")
        if bool(self.cleaned_data.get("source")) != bool(self.cleaned_data.get("path")):
            self.add_error("path", "Give the source and the path.")

    @property
    def lines(self) -> tuple[int, int] | None:
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if first is None and last is None:
            return None
        return (first or 1, last or first or 1)


class PersonForm(SpanForm):
    person = _text("Person", help_text="The name that they sign in with.")
    field_order = ("person", "since", "until")


class ExportForm(SpanForm):
    format = forms.ChoiceField(
        choices=[(name, {"ocsf": "OCSF 1.5.0", "jsonl": "As stored"}[name]) for name in FORMATS],
        initial="ocsf",
    )
    field_order = ("since", "until", "format")


class HoldForm(forms.Form):
    """What is held, and why."""

    kind = forms.ChoiceField(label="What", choices=Hold.Kind.choices)
    name = forms.CharField(
        max_length=200, help_text="Of a person the user name, of a thread its id."
    )
    reason = forms.CharField(max_length=500, help_text="Such as the number of the case.")


class LiftForm(forms.Form):
    reason = forms.CharField(max_length=500, label="Why it is lifted")
