"""What people may write in a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib.auth.models import Group
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from appliance.accounts.models import User
from appliance.conversations.access import groups_to_share_with, people_to_share_with
from appliance.conversations.answering.choosing import mode_of
from appliance.conversations.answering.flow import ANSWERINGS
from appliance.conversations.attaching import Attachment, attach
from appliance.conversations.labelling import MOST as MOST_LABELS
from appliance.conversations.labelling import TooMany, labels_in
from appliance.conversations.mentions import mentioned_files
from appliance.conversations.modes import AUTO, Mode, choices
from appliance.conversations.narrowing import with_sources_of
from appliance.conversations.wanted import File, Wanted
from appliance.sources.asof import as_of
from appliance.sources.narrowing.folders import (
    MOST_FOLDERS,
    path_of,
    source_of,
    within_folders,
)
from appliance.sources.sets.picking import Picked, picked
from indexer.retrieval.completing import Completer
from indexer.scope import Scope

LONGEST_QUESTION = 20_000  # characters: a long stack trace, not a file
NO_FOLDER = "There is no {} that you may read. A folder is written source:path."

EMPTY_SET = "The set {} holds nothing that may be read."


class QuestionForm(forms.Form):
    """A question, and what it is about: no source chosen means all that one may read, and no ref
    each source's default."""

    question = forms.CharField(
        required=False,  # something attached is a question too: see clean_question
        widget=forms.Textarea(attrs={"rows": 1, "placeholder": "Ask about your code"}),
    )
    sources = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "One of these sources cannot be searched any more."},
    )

    folders = forms.Field(required=False, widget=forms.MultipleHiddenInput)
    set = forms.CharField(required=False, max_length=100)  # the name of a set of sources
    ref = forms.CharField(required=False, max_length=250)
    mode = forms.ChoiceField(
        required=False,
        choices=[(choice.value, choice.label) for choice in choices(ANSWERINGS)],
        error_messages={"invalid_choice": "There is no such way to answer."},
    )

    def __init__(
        self, *args: object, user: User, names: Sequence[str], scope: Scope, **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.user = user
        self.scope = scope
        field = cast(forms.MultipleChoiceField, self.fields["sources"])
        field.choices = [(name, name) for name in names]

    def clean_question(self) -> str:
        """Return the question with what is attached to it."""
        texts = cast(MultiValueDict[str, str], self.data).getlist("attached")
        names = cast(MultiValueDict[str, str], self.data).getlist("attached_name")
        pairs = zip(texts, names + [""] * len(texts), strict=False)
        # Of a dropped file with NUL, which PostgreSQL does not hold, the rest can be asked about.
        attached = [
            Attachment(name, text.replace("\r\n", "\n").replace("\0", "\N{REPLACEMENT CHARACTER}"))
            for text, name in pairs
            if text.strip()
        ]
        question = attach(self.cleaned_data["question"], attached)
        if not question.strip():
            raise forms.ValidationError("Write a question first.")
        if len(question) > LONGEST_QUESTION:
            raise forms.ValidationError(
                f"A question holds {LONGEST_QUESTION:,} characters with all that is attached to it; "
                f"this one has {len(question):,}. Leave out what is not needed."
            )
        return question

    def clean_folders(self) -> list[str]:
        """Return the chosen folders as `source:path`; sources that may not be read are not there."""
        names = {name for name, _ in cast(Any, self.fields["sources"]).choices}
        folders = []
        for given in self.cleaned_data["folders"] or []:
            source, path = source_of(given.strip()), path_of(given.strip())
            if not given.strip():
                continue
            if source not in names or not path or "\0" in path:
                raise forms.ValidationError(NO_FOLDER.format(given.strip()))
            folders.append(f"{source}:{path}")
        if len(folders) > MOST_FOLDERS:
            raise forms.ValidationError(f"Choose at most {MOST_FOLDERS} folders.")
        return folders

    def clean_mode(self) -> Mode:
        """Return the chosen mode, or the one that the question suggests."""
        return mode_of(self.cleaned_data["mode"] or AUTO, self.cleaned_data.get("question", ""))

    def clean(self) -> None:
        """Refuse a ref that none of the chosen sources has, and folders that are not there."""
        given = self.cleaned_data
        if name := given.get("set", ""):
            self._add_set(picked(self.user, self.scope, name))
        ref, folders = given.get("ref", ""), given.get("folders", [])
        sources = with_sources_of(given.get("sources", []), folders)
        narrowing = as_of(self.scope, sources, ref)
        if narrowing.is_unknown:
            self.add_error("ref", narrowing.sentence)
            return
        for folder in folders:
            if not self._is_there(folder, ref):
                self.add_error("folders", NO_FOLDER.format(folder))
        files = mentioned_files(given.get("question", ""), self.scope, ref)
        given["wanted"] = Wanted(add=files)
        given["folders"] = [*folders, *_beside(folders, files)]

    def _add_set(self, found: Picked) -> None:
        """Narrow the question to what a set holds beside what is chosen. Of a set of which nothing
        may be read nothing is left, which must not come to mean everything."""
        given = self.cleaned_data
        given["ref"] = ref = given.get("ref", "") or found.ref
        folders = [one for one in found.folders if self._is_there(one, ref)]
        if found.sentence or not (folders or found.sources):
            self.add_error("set", found.sentence or EMPTY_SET.format(found.name))
            return
        for name, more in (("sources", found.sources), ("folders", folders)):
            given[name] = list(dict.fromkeys([*given.get(name, []), *more]))

    def _is_there(self, folder: str, ref: str) -> bool:
        part = within_folders(self.scope, [folder])
        refs = (ref,) if ref else ()
        completer = Completer.over(part, source_names=[source_of(folder)], refs=refs, limit=1)
        return bool(completer.files(""))


def _beside(folders: Sequence[str], files: Sequence[File]) -> list[str]:
    """Return the named files that lie outside of the chosen folders: they are looked at as well."""
    named = [f"{file.source}:{file.path}" for file in files]
    sources = {source_of(folder) for folder in folders}
    return [
        one
        for one in dict.fromkeys(named)
        if source_of(one) in sources and not any(f"{one}/".startswith(f"{at}/") for at in folders)
    ]


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
        named = [*self.query.getlist("drop"), *self.query.getlist("add")]
        if len(named) > 2 * MOST_FILES:
            raise forms.ValidationError("These are too many files for one prompt.")
        if any("\0" in one for one in named):
            raise forms.ValidationError("There is no file of such a name.")

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


class LabelForm(forms.Form):
    labels = forms.CharField(
        max_length=400,
        required=False,
        help_text=f"With commas, at most {MOST_LABELS}. Only you see them.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_labels(self) -> list[str]:
        try:
            return labels_in(self.cleaned_data["labels"])
        except TooMany as why:
            raise forms.ValidationError(str(why)) from None


class FindForm(forms.Form):
    """What is looked for in the list of threads, or the label that it is narrowed to."""

    find = forms.CharField(max_length=200, required=False)
    label = forms.CharField(max_length=40, required=False)


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
