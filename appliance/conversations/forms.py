"""What people may write in a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from django import forms
from django.contrib.auth.models import Group

from appliance.accounts.models import User
from appliance.conversations.access import groups_to_share_with, people_to_share_with
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

    def __init__(self, *args: object, names: Sequence[str], scope: Scope, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.scope = scope
        field = cast(forms.MultipleChoiceField, self.fields["sources"])
        field.choices = [(name, name) for name in names]

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


class FindForm(forms.Form):
    """What is looked for in the list of threads."""

    find = forms.CharField(max_length=200, required=False)


class PlaceForm(forms.Form):
    """Messages of a thread that an address or a form names; what is no id names none."""

    at = forms.UUIDField(required=False)  # the path through this message
    after = forms.UUIDField(required=False)  # the path to this answer, and a question after it
    edit = forms.UUIDField(required=False)  # the path before this question, and another beside it

    def named(self, name: str) -> UUID | None:
        self.is_valid()
        return cast(UUID | None, self.cleaned_data.get(name))


class WhoForm(forms.Form):
    """Whom to share with, by a part of their name."""

    who = forms.CharField(min_length=2, max_length=150, required=False)


class ShareForm(forms.Form):
    """One person, or one group of the one who shares."""

    user = forms.ModelChoiceField(queryset=User.objects.none(), required=False)
    group = forms.ModelChoiceField(queryset=Group.objects.none(), required=False)

    def __init__(self, *args: object, sharer: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        cast("forms.ModelChoiceField[User]", self.fields["user"]).queryset = people_to_share_with(
            sharer
        )
        cast("forms.ModelChoiceField[Group]", self.fields["group"]).queryset = groups_to_share_with(
            sharer
        )

    def clean(self) -> None:
        """Refuse both, and neither."""
        given = [self.cleaned_data.get(name) for name in ("user", "group")]
        if sum(one is not None for one in given) != 1:
            raise forms.ValidationError("Choose a person, or a group that you are in.")
