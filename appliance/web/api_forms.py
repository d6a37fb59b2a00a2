"""What requests of the API may say, and the sentence when they say something else."""

from __future__ import annotations

from django import forms

DEFAULT_LIMIT = 20
MOST_HITS = 100


class SearchForm(forms.Form):
    q = forms.CharField(max_length=2000)
    ref = forms.CharField(max_length=300, required=False)
    limit = forms.IntegerField(min_value=1, max_value=MOST_HITS, required=False)

    def clean_limit(self) -> int:
        return self.cleaned_data["limit"] or DEFAULT_LIMIT

    def sentence(self) -> str:
        """Say what is wrong with each parameter."""
        return " ".join(
            f"{name}: {error}" for name, errors in self.errors.items() for error in errors
        )
