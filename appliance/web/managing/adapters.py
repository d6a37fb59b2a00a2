"""The page on which admins say whose questions an adapter of the chat model answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from appliance.accounts.freshness import fresh_sign_in_required
from appliance.accounts.models import Role
from appliance.accounts.roles import role_required
from appliance.conversations import chatservers
from appliance.conversations.adapters.choosing import forget_served
from appliance.conversations.adapters.setting import learned_from_of, remove_adapter, set_adapter
from appliance.conversations.chatservers import ServerState
from appliance.conversations.models import ModelAdapter
from indexer.models import Source
from inference.serving.adapters import ADAPTER_NAME


@dataclass(frozen=True, slots=True)
class Row:
    """An adapter that is set, with whether the servers serve it."""

    adapter: ModelAdapter
    is_served: bool


class AdapterForm(forms.Form):
    """Which groups an adapter answers, and what it learned from."""

    name = forms.RegexField(
        rf"\A{ADAPTER_NAME.pattern}\Z",
        label="Adapter",
        help_text="As <code>launch --adapter NAME=FOLDER</code> names it.",
        error_messages={"invalid": "A name has small letters, digits, dots and dashes."},
    )
    groups = forms.ModelMultipleChoiceField(
        Group.objects.order_by("name"),
        widget=forms.CheckboxSelectMultiple,
        help_text="Their members are answered by it.",
        error_messages={"required": "Choose at least one group."},
    )
    sources = forms.ModelMultipleChoiceField(
        Source.objects.order_by("name"),
        label="Learned from",
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="Who may not read all of these is answered by the model alone: an adapter can repeat what it learned.",
    )

    def __init__(self, *args: Any, servers: Sequence[ServerState] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.servers = servers

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        told = learned_from_of(self.servers, cleaned.get("name", ""))
        chosen = {source.name for source in cleaned.get("sources", ())}
        if missing := sorted(told - chosen):
            self.add_error(
                "sources",
                f"Its manifest says that it learned from {', '.join(missing)} too: choose all of them."
                " A source that was removed since keeps the adapter closed for everybody: train it anew.",
            )
        return cleaned


@role_required(Role.ADMIN)
@require_safe
def adapters_page(request: HttpRequest) -> HttpResponse:
    """Show what is served and who is answered by it."""
    return render(request, "web/managing/adapters.html", _context(AdapterForm(), _servers()))


@role_required(Role.ADMIN)
@require_POST
@fresh_sign_in_required
def adapter_set(request: HttpRequest) -> HttpResponse:
    """Say whose questions an adapter answers, in place of what was said before."""
    servers = _servers()
    form = AdapterForm(request.POST, servers=servers)
    if not form.is_valid():
        return render(request, "web/managing/adapters.html", _context(form, servers), status=400)
    adapter = set_adapter(
        form.cleaned_data["name"],
        groups=list(form.cleaned_data["groups"]),
        sources=list(form.cleaned_data["sources"]),
        by=request.user,
    )
    forget_served()
    messages.success(request, f"{adapter.name} answers these groups from the next question on.")
    return redirect("adapters")


@role_required(Role.ADMIN)
@require_POST
@fresh_sign_in_required
def adapter_remove(request: HttpRequest, adapter_id: int) -> HttpResponse:
    """Let the model alone answer again whom an adapter answered."""
    adapter = get_object_or_404(ModelAdapter, pk=adapter_id)
    remove_adapter(adapter, by=request.user)
    messages.success(request, f"{adapter.name} answers nobody any more.")
    return redirect("adapters")


def _servers() -> tuple[ServerState, ...]:
    try:
        return chatservers.describe()
    except ValueError:  # the status page says what is wrong with the settings
        return ()


def _context(form: AdapterForm, servers: Sequence[ServerState]) -> dict[str, object]:
    served = [frozenset(state.adapters) for state in servers if state.is_up]
    everywhere = frozenset.intersection(*served) if served else frozenset()
    rows = [
        Row(adapter, adapter.name in everywhere)
        for adapter in ModelAdapter.objects.prefetch_related("groups")
    ]
    known = {row.adapter.name for row in rows}
    return {"form": form, "rows": rows, "unset": sorted(everywhere - known)}
