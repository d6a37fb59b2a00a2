"""Pages of sets of sources: one's own, those of one's groups, and for admins those of all groups."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from appliance.accounts.models import Role
from appliance.accounts.requests import SignedInRequest
from appliance.accounts.roles import has_role
from appliance.sources.access import readable_sources, scope_of
from appliance.sources.models import SourceSet
from appliance.sources.sets import keeping
from appliance.sources.sets.access import changeable_sets, get_changeable_set, sets_of
from appliance.sources.sets.forms import SetForm, choosable_sources, initial_of
from indexer.scope import Scope


@dataclass(frozen=True, slots=True)
class Row:
    """A set as its page lists it."""

    kept: SourceSet
    parts: tuple[str, ...]
    may_change: bool


@require_safe
def set_list(request: SignedInRequest) -> HttpResponse:
    """List the sets that somebody may pick, and those that they may change."""
    changeable = set(changeable_sets(request.user).values_list("pk", flat=True))
    mine = list(sets_of(request.user).prefetch_related("parts__source"))
    others = changeable_sets(request.user).exclude(pk__in=[one.pk for one in mine])
    scope = scope_of(request.user)
    context = {
        "rows": _rows(mine, changeable, scope),
        "others": _rows(others.prefetch_related("parts__source"), changeable, scope),
    }
    return render(request, "sources/sets/list.html", context)


def _rows(sets: Iterable[SourceSet], changeable: set[int], scope: Scope) -> list[Row]:
    return [
        Row(one, _parts(one, one.pk in changeable, scope), one.pk in changeable) for one in sets
    ]


def _parts(kept: SourceSet, may_change: bool, scope: Scope) -> tuple[str, ...]:
    """Return what a set holds: to who made it as it was made; of a group's set, to its members, the
    sources that they may read. A folder's name may be one that is hidden from them."""
    if may_change and kept.group is not None:
        return tuple(sorted(str(part) for part in kept.parts.all()))
    shown = [part for part in kept.parts.all() if part.source_id in scope.source_ids]
    return tuple(sorted({str(part) if may_change else part.source.name for part in shown}))


@require_http_methods(["GET", "HEAD", "POST"])
def set_new(request: SignedInRequest) -> HttpResponse:
    """Make a set; an address may say of what: `?source=a`."""
    return _edited(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
def set_edit(request: SignedInRequest, set_id: int) -> HttpResponse:
    return _edited(request, get_changeable_set(request.user, set_id))


def _edited(request: SignedInRequest, kept: SourceSet | None) -> HttpResponse:
    is_admin = has_role(request.user, Role.ADMIN)
    sources = choosable_sources(readable_sources(request.user), is_admin=is_admin)
    if request.method != "POST":
        asked = {"sources": request.GET.getlist("source")}
        initial = initial_of(kept, sources) if kept else asked
        return _page(request, kept, SetForm(initial=initial, sources=sources, is_admin=is_admin))
    form = SetForm(request.POST, sources=sources, is_admin=is_admin)
    if form.is_valid():
        try:
            keeping.keep(kept, form.wish(), by=request.user)
        except keeping.SetNotKept as exc:
            form.add_error(None, str(exc))
    if form.errors:
        return _page(request, kept, form)
    messages.success(request, f"{form.cleaned_data['name']} is kept.")
    return redirect("source_sets")


def _page(request: SignedInRequest, kept: SourceSet | None, form: SetForm) -> HttpResponse:
    context = {"kept": kept, "form": form}
    status = 400 if form.is_bound else 200
    return render(request, "sources/sets/edit.html", context, status=status)


@require_POST
def set_delete(request: SignedInRequest, set_id: int) -> HttpResponse:
    kept = get_changeable_set(request.user, set_id)
    keeping.forget(kept, by=request.user)
    messages.success(request, f"{kept.name} is deleted.")
    return redirect("source_sets")
