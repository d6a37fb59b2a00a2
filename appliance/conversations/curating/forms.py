"""What people write of answers, and what curators decide."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone

from appliance.conversations.curating.models import LONGEST_COMMENT, LONGEST_NOTE, Feedback
from appliance.conversations.curating.places import Place, PlaceUnknown, find_place
from appliance.sources.access import names_in
from indexer.scope import Scope

LONGEST_QUESTION = 2000
MOST_LINES = 80  # of curated lines: as many as a hit of the search has


class FeedbackForm(forms.Form):
    """A thumb, up or down, and why."""

    verdict = forms.ChoiceField(choices=[("good", "Helpful"), ("bad", "Not helpful")])
    reasons = forms.MultipleChoiceField(
        required=False,
        choices=Feedback.Reason.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Choose from the reasons that are offered."},
    )
    comment = forms.CharField(
        required=False,
        max_length=LONGEST_COMMENT,
        error_messages={"max_length": f"A comment has at most {LONGEST_COMMENT:,} characters."},
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": LONGEST_COMMENT}),
    )


class DecisionForm(forms.Form):
    """A right answer, the right lines, a note: at least one of them."""

    question = forms.CharField(
        max_length=LONGEST_QUESTION,
        help_text="In words that give away nothing private: it is kept with the lines.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    source = forms.ChoiceField(required=False)
    path = forms.CharField(required=False, max_length=4000)
    first = forms.IntegerField(required=False, min_value=1, label="First line")
    last = forms.IntegerField(required=False, min_value=1, label="Last line")
    answer = forms.CharField(
        required=False,
        max_length=LONGEST_NOTE,
        label="Right answer",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    note = forms.CharField(
        required=False,
        max_length=LONGEST_NOTE,
        help_text="Shown with the answer to everybody who may read it.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    expires_on = forms.DateField(
        required=False,
        label="Until",
        help_text="The last day on which the lines come first. They stop anyway when they change.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    place: Place | None = None

    def __init__(self, *args: Any, scope: Scope, ref: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope, self.ref = scope, ref
        names = names_in(scope)
        choices = [("", "No lines"), *((name, name) for name in names)]
        self.fields["source"].choices = choices  # type: ignore[attr-defined]

    def clean_expires_on(self) -> date | None:
        day: date | None = self.cleaned_data["expires_on"]
        if day is not None and day < timezone.localdate():
            raise forms.ValidationError("This day has passed.")
        return day

    def clean(self) -> None:
        given = self.cleaned_data
        if given.get("source") or given.get("path"):
            self._find_place(given)
        elif not (given.get("answer") or given.get("note")):
            raise forms.ValidationError("Give the right answer, the right lines or a note.")

    def _find_place(self, given: dict[str, Any]) -> None:
        first: int = given.get("first") or 0
        last: int = given.get("last") or first
        if not (given.get("source") and given.get("path") and first):
            raise forms.ValidationError("Lines need a source, a path and a first line.")
        if not first <= last < first + MOST_LINES:
            self.add_error("last", f"From 1 to {MOST_LINES} lines, the first before the last.")
            return
        try:
            self.place = find_place(
                self.scope, given["source"], given["path"], (first, last), ref=self.ref
            )
        except PlaceUnknown as exc:
            self.add_error("path", str(exc))
