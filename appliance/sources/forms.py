"""What people may write about sources, checked before a flow sees it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import RegexValidator

from indexer.errors import LocationRefused
from indexer.fetching.location import check_ref
from indexer.fetching.paths import ARCHIVE_ENDINGS
from indexer.models import SharedCredential
from indexer.models.source import NAME_PATTERN
from indexer.reading.exclusions import (
    MAX_PATTERN,
    MAX_PATTERNS,
    MAX_WILDCARDS,
    is_acceptable,
)
from indexer.skips import EXPLANATIONS, SkipReason

MAX_GOLDEN_BYTES = 10_000_000
PLAIN_ATTRIBUTES = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}


EXCLUDE: dict[str, Any] = {
    "label": "Leave out",
    "required": False,
    "max_length": 20_000,
    "help_text": "Patterns as in .gitignore, one a line, such as docs/archive/ or *.min.js. "
    "A file .plumblineignore in the repository does the same. Vendored code such as node_modules "
    "is left out by itself; !node_modules/ takes it in.",
    "widget": forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "mono"}),
}


def shared_credential_field(**options: Any) -> forms.ModelChoiceField[SharedCredential]:
    return forms.ModelChoiceField(
        SharedCredential.objects.all(),
        required=False,
        label="Shared credential",
        empty_label="None",
        **options,
    )


def name_field(help_text: str) -> forms.CharField:
    return forms.CharField(
        max_length=100,
        help_text=help_text,
        validators=[
            RegexValidator(
                NAME_PATTERN,
                "Letters, digits, dot, dash and underscore; begin with a letter or digit.",
            )
        ],
        widget=forms.TextInput(attrs=PLAIN_ATTRIBUTES),
    )


def username_field(help_text: str) -> forms.CharField:
    return forms.CharField(
        label="User name",
        required=False,
        max_length=200,
        help_text=help_text,
        widget=forms.TextInput(attrs=PLAIN_ATTRIBUTES),
    )


def secret_field() -> forms.CharField:
    return forms.CharField(
        label="Access token",
        required=False,
        max_length=4000,
        help_text="Read access is enough. Stored sealed, never shown again.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


def checked_refs(text: str) -> list[str]:
    try:
        return [check_ref(name) for name in text.replace(",", " ").split()]
    except LocationRefused as exc:
        raise forms.ValidationError(str(exc)) from exc


def checked_patterns(text: str) -> list[str]:
    patterns = [line.strip() for line in text.splitlines() if line.strip()]
    if wrong := [pattern for pattern in patterns if not is_acceptable(pattern)]:
        raise forms.ValidationError(
            f"{wrong[0][:60]} is no pattern that can be matched quickly: at most {MAX_PATTERN} "
            f"characters and {MAX_WILDCARDS} stars."
        )
    if len(patterns) > MAX_PATTERNS:
        raise forms.ValidationError(f"At most {MAX_PATTERNS} patterns.")
    return patterns


class ConnectForm(forms.Form):
    location = forms.CharField(
        label="Git address",
        max_length=2000,
        help_text="As for git clone: https://git.example.com/team/project.git or "
        "ssh://git@git.example.com/team/project.git. No name or password in it.",
        widget=forms.TextInput(attrs={**PLAIN_ATTRIBUTES, "autofocus": True}),
    )
    name = name_field("Short; people see it in every citation.")
    ref_names = forms.CharField(
        label="Branches or tags",
        required=False,
        max_length=2000,
        help_text="Names or patterns, separated by spaces: main release/* tags/v*. Search uses the "
        "first name by itself. Empty: the repository's default branch.",
        widget=forms.TextInput(attrs=PLAIN_ATTRIBUTES),
    )
    username = username_field("Only for a private repository.")
    secret = secret_field()
    shared_credential = shared_credential_field(help_text="In the place of a name and token.")

    def clean_shared_credential(self) -> SharedCredential | None:
        shared: SharedCredential | None = self.cleaned_data["shared_credential"]
        if shared and self.cleaned_data.get("secret"):
            raise forms.ValidationError("Choose a credential or enter a token, not both.")
        return shared

    def clean_ref_names(self) -> list[str]:
        return checked_refs(self.cleaned_data["ref_names"])

    exclude_patterns = forms.CharField(**EXCLUDE)

    def clean_exclude_patterns(self) -> list[str]:
        return checked_patterns(self.cleaned_data["exclude_patterns"])


class UploadForm(forms.Form):
    """An archive of documents; with a name when it becomes a new source."""

    file = forms.FileField(
        label="Archive",
        help_text="A .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz file, such as the export of a wiki.",
    )

    def clean_file(self) -> UploadedFile[bytes]:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if not (file.name or "").lower().endswith(ARCHIVE_ENDINGS) or file.size is None:
            raise forms.ValidationError("Choose a .zip or .tar file.")
        most = settings.UPLOAD_LIMIT_MB * 1024 * 1024
        if file.size > most:
            raise forms.ValidationError(
                f"The file has {file.size / 1e6:.0f} MB; the limit is {settings.UPLOAD_LIMIT_MB} MB."
            )
        return file


class NewUploadForm(UploadForm):
    name = forms.CharField(
        max_length=100,
        help_text="Short; people see it in every citation.",
        widget=forms.TextInput(attrs=PLAIN_ATTRIBUTES),
    )
    field_order = ("name", "file")


class SettingsForm(forms.Form):
    """What may be changed about a source after it was connected."""

    ref_names = forms.CharField(
        label="Branches or tags",
        required=False,
        max_length=2000,
        help_text="Names or patterns, separated by spaces. Empty: the default branch.",
        widget=forms.TextInput(attrs=PLAIN_ATTRIBUTES),
    )
    poll_minutes = forms.IntegerField(
        label="Look at the origin every",
        required=False,
        min_value=0,
        max_value=7 * 24 * 60,
        help_text="Minutes. Empty: as the appliance does; 0: only when a push is noticed.",
    )
    exclude_patterns = forms.CharField(**EXCLUDE)
    is_open = forms.BooleanField(
        label="Anybody may write here",
        required=False,
        help_text="Such as a wiki or a scratch repository that nobody reviews. An answer that also "
        "finds something elsewhere takes at most two passages from here, and says who wrote them.",
    )

    def clean_ref_names(self) -> list[str]:
        return checked_refs(self.cleaned_data["ref_names"])

    def clean_exclude_patterns(self) -> list[str]:
        return checked_patterns(self.cleaned_data["exclude_patterns"])


class RemoveForm(forms.Form):
    """Typing the name is the confirmation."""

    confirmation = forms.CharField(
        label="Name of the source", widget=forms.TextInput(attrs=PLAIN_ATTRIBUTES)
    )

    def __init__(self, *args: object, name: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.name = name

    def clean_confirmation(self) -> str:
        if self.cleaned_data["confirmation"] != self.name:
            raise forms.ValidationError(f"Type {self.name} to confirm.")
        return self.name


class SkippedFilterForm(forms.Form):
    reason = forms.ChoiceField(
        required=False,
        choices=[
            ("", "All reasons"),
            *((reason.value, EXPLANATIONS[reason]) for reason in SkipReason),
        ],
    )
    path = forms.CharField(
        label="Path contains",
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={**PLAIN_ATTRIBUTES, "placeholder": "Path contains"}),
    )


class GoldenSetForm(forms.Form):
    """A file of golden questions under a name."""

    name = forms.CharField(max_length=100, widget=forms.TextInput(attrs=PLAIN_ATTRIBUTES))
    file = forms.FileField(
        label="Questions",
        help_text='JSON lines: {"id": "1", "query": "where is the tax rounded", "source": "shop", '
        '"gold": [{"path": "tax.py", "start": 5, "end": 9}]}',
        widget=forms.ClearableFileInput(attrs={"accept": ".jsonl,.json"}),
    )

    def clean_file(self) -> UploadedFile[bytes]:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if file.size is None or file.size > MAX_GOLDEN_BYTES:
            raise forms.ValidationError(
                f"A golden set has at most {MAX_GOLDEN_BYTES // 1_000_000} MB."
            )
        return file


class AnswerForm(forms.Form):
    """A place that is the right answer to a query."""

    query = forms.CharField(max_length=2000)
    source = forms.CharField(max_length=100)
    path = forms.CharField(max_length=4000)
    start = forms.IntegerField(min_value=1)
    end = forms.IntegerField(min_value=1)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("start", 0) > given.get("end", 0):
            raise forms.ValidationError("The last line stands before the first.")
        return given
