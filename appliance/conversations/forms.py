"""What people may write in a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from django import forms
from django.contrib.auth.models import Group
from django.http import QueryDict

from appliance.accounts.models import User
from appliance.conversations.access import groups_to_share_with, people_to_share_with
from appliance.conversations.answering.choosing import mode_of
from appliance.conversations.answering.flow import ANSWERINGS
from appliance.conversations.modes import AUTO, Mode, choices
from appliance.conversations.wanted import File, Wanted
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


MOST_FILES = 20


class AgainForm(forms.Form):
    """Which files to leave out of the next prompt, and which to put in: `source:path` each."""

    drop = forms.CharField(required=False)
    add = forms.CharField(required=False)
    add_source = forms.CharField(required=False, max_length=200)
    add_path = forms.CharField(required=False, max_length=4096)

    def __init__(self, query: QueryDict, *, before: Wanted) -> None:
        super().__init__(query)
        self.query = query
        self.before = before

    def clean(self) -> None:
        """Refuse a path without a source, and more files than a prompt could hold."""
        if self.cleaned_data.get("add_path", "").strip() and not self.cleaned_data["add_source"]:
            raise forms.ValidationError("Choose the source of the file that you want to add.")
        if len(self.query.getlist("drop")) + len(self.query.getlist("add")) > 2 * MOST_FILES:
            raise forms.ValidationError("These are too many files for one prompt.")

    def wanted(self) -> Wanted:
        """Return what was chosen; what was chosen for the answer before goes on to hold, unless
        it is chosen otherwise."""
        drop = self._files("drop")
        add = self._files("add")
        if path := self.cleaned_data["add_path"].strip().strip("/"):
            add.append(File(self.cleaned_data["add_source"], path))
        added = [*self.before.add, *add]
        return Wanted(
            frozenset(file for file in self.before.drop | set(drop) if file not in add),
            tuple(dict.fromkeys(file for file in added if file not in drop)),
        )

    def _files(self, name: str) -> list[File]:
        pairs = (value.partition(":") for value in self.query.getlist(name))
        return [File(source, path) for source, colon, path in pairs if colon and path]

    def error_list(self) -> list[str]:
        return [str(error) for errors in self.errors.values() for error in errors]


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
