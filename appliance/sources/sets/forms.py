"""What people may write when they keep a set."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib.auth.models import Group
from django.core.validators import ProhibitNullCharactersValidator
from django.db.models import QuerySet

from appliance.sources.models import SourceSet
from appliance.sources.narrowing.folders import path_of, source_of
from appliance.sources.sets.keeping import Wish
from indexer.models import Source

LONGEST_PATH = 1024


class SetForm(forms.Form):
    """A set; for admins also whose it is."""

    name = forms.CharField(
        max_length=60,
        error_messages={"required": "Give it a name."},
        help_text="Such as frontend, or everything for billing.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    sources = forms.ModelMultipleChoiceField(
        label="Sources",
        queryset=Source.objects.none(),
        required=False,
        to_field_name="name",
        help_text="All of each of these.",
        error_messages={"invalid_choice": "There is no source %(value)s that you may choose."},
        widget=forms.CheckboxSelectMultiple,
    )
    folders = forms.CharField(
        required=False,
        max_length=50_000,
        strip=False,
        validators=[ProhibitNullCharactersValidator()],
        help_text="One a line, as source:path, such as shop:src/billing.",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "class": "mono"}),
    )
    ref = forms.CharField(
        label="As of",
        required=False,
        max_length=250,
        help_text="A branch or tag, unless another one is asked for. Empty: each source's default.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    group = forms.ModelChoiceField(
        label="Whose it is",
        queryset=Group.objects.none(),
        required=False,
        empty_label="Mine alone",
        help_text="The members of a group may pick its set. It opens nothing to them.",
    )

    def __init__(
        self, *args: Any, sources: QuerySet[Source], is_admin: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.by_name = {source.name: source for source in sources.order_by("name")}
        cast(Any, self.fields["sources"]).queryset = sources.order_by("name")
        if is_admin:
            cast(Any, self.fields["group"]).queryset = Group.objects.order_by("name")
        else:
            del self.fields["group"]

    def clean_name(self) -> str:
        """Return the name on one line: it stands in pickers and addresses."""
        name = str(self.cleaned_data["name"])
        if not name.isprintable():
            raise forms.ValidationError("The name holds characters that cannot be seen.")
        return name

    def clean_folders(self) -> list[tuple[Source, str]]:
        folders = []
        for line in filter(None, map(str.strip, self.cleaned_data["folders"].splitlines())):
            source, path = self.by_name.get(source_of(line)), path_of(line)
            if source is None or not path or len(path) > LONGEST_PATH:
                raise forms.ValidationError(
                    f"{line[:80]} is no folder of a source that you may choose: write source:path."
                )
            folders.append((source, path))
        return folders

    def wish(self) -> Wish:
        given = self.cleaned_data
        return Wish(
            given["name"],
            list(given["sources"]),
            given["folders"],
            given["ref"],
            given.get("group"),
        )


def initial_of(kept: SourceSet, sources: QuerySet[Source]) -> dict[str, object]:
    """Return what the form of a set begins with: of sources that may not be chosen, nothing."""
    parts = list(kept.parts.filter(source__in=sources).select_related("source"))
    return {
        "name": kept.name,
        "ref": kept.ref,
        "group": kept.group,
        "sources": [part.source.name for part in parts if not part.path],
        "folders": "\n".join(str(part) for part in parts if part.path),
    }


def choosable_sources(readable: QuerySet[Source], *, is_admin: bool) -> QuerySet[Source]:
    """Return what a set may be made of: what one may read; for admins, who manage every source and
    make sets for others, all of them."""
    return Source.objects.all() if is_admin else readable
