"""What people may write in a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from django import forms

from appliance.conversations.answering.choosing import mode_of
from appliance.conversations.answering.flow import ANSWERINGS
from appliance.conversations.modes import AUTO, Mode, choices
from appliance.sources.asof import as_of
from indexer.scope import Scope

LONGEST_QUESTION = 20_000  # characters: a long stack trace, not a file


class QuestionForm(forms.Form):
    """A question, and what it is about: no source chosen means all that one may read, and no ref
    each source's default."""

    question = forms.CharField(
        max_length=LONGEST_QUESTION,
        error_messages={"required": "Write a question first."},
        widget=forms.Textarea(attrs={"rows": 1, "placeholder": "Ask about your code"}),
    )
    sources = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "One of these sources cannot be searched any more."},
    )

    ref = forms.CharField(required=False, max_length=250)
    mode = forms.ChoiceField(
        required=False,
        choices=[(choice.value, choice.label) for choice in choices(ANSWERINGS)],
        error_messages={"invalid_choice": "There is no such way to answer."},
    )

    def __init__(self, *args: object, names: Sequence[str], scope: Scope, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.scope = scope
        field = cast(forms.MultipleChoiceField, self.fields["sources"])
        field.choices = [(name, name) for name in names]

    def clean_mode(self) -> Mode:
        """Return the chosen mode, or the one that the question suggests."""
        return mode_of(self.cleaned_data["mode"] or AUTO, self.cleaned_data.get("question", ""))

    def clean(self) -> None:
        """Refuse a ref that none of the chosen sources has."""
        ref = self.cleaned_data.get("ref", "")
        narrowing = as_of(self.scope, self.cleaned_data.get("sources", []), ref)
        if narrowing.is_unknown:
            self.add_error("ref", narrowing.sentence)


class TitleForm(forms.Form):
    title = forms.CharField(
        max_length=200,
        error_messages={"required": "A thread needs a title."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
