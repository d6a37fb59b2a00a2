"""What people may write in a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from django import forms

LONGEST_QUESTION = 20_000  # characters: a long stack trace, not a file


class QuestionForm(forms.Form):
    """A question, and the sources it is about: none chosen means all that one may read."""

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

    def __init__(self, *args: object, names: Sequence[str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = cast(forms.MultipleChoiceField, self.fields["sources"])
        field.choices = [(name, name) for name in names]


class TitleForm(forms.Form):
    title = forms.CharField(
        max_length=200,
        error_messages={"required": "A thread needs a title."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
