"""The pages "what would they see?" and "who can read this file?", for admins: never content."""

from __future__ import annotations

from typing import cast

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from appliance.accounts.models import Role, User
from appliance.accounts.roles import role_required
from appliance.common.numbers import row_number
from appliance.sources import dryrun
from appliance.sources.changes import changes_of_person, sentence_of
from appliance.sources.grant_forms import GrantForm, PathsForm, SeenForm, WhoForm
from appliance.sources.models import Grant
from indexer.models import Source

PER_PAGE = 50
SHOWN_CHANGES = 30
SHOWN_PEOPLE = 500  # suggested while a name is typed

admins_only = role_required(Role.ADMIN)


def people_names() -> list[str]:
    """Return the names that the fields for a person suggest."""
    people = User.objects.filter(is_active=True).order_by("username")
    return list(people.values_list("username", flat=True)[:SHOWN_PEOPLE])


@admins_only
@require_safe
def seen_page(request: HttpRequest) -> HttpResponse:
    """Show which sources somebody may read, how much of each, and by which rules."""
    form = SeenForm(request.GET if "person" in request.GET else None)
    context: dict[str, object] = {"form": form, "people": people_names(), "who_form": WhoForm()}
    if form.is_valid():
        person = cast(User, form.cleaned_data["person"])
        sources = dryrun.sources_for(person, form.cleaned_data["contains"])
        page = Paginator(sources, PER_PAGE).get_page(request.GET.get("page"))
        changes = changes_of_person(person)[:SHOWN_CHANGES]
        context |= {
            "person": person,
            "page": page,
            "groups": person.groups.order_by("name"),
            "seen": dryrun.sources_seen_by(person, page.object_list),
            "changes": [(change, sentence_of(change)) for change in changes],
            "other_sources": Source.objects.order_by("name"),
        }
    status = 400 if form.is_bound and not form.is_valid() else 200
    return render(request, "sources/access_seen.html", context, status=status)


@admins_only
@require_safe
def browse_page(request: HttpRequest, username: str, name: str) -> HttpResponse:
    """Show the paths of a source as somebody sees them, also with a rule that is only proposed."""
    person = get_object_or_404(User, username=username.replace("\0", ""))
    source = get_object_or_404(Source, name=name.replace("\0", ""))
    form = PathsForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {"contains": "", "shown": ""}
    rules = dryrun.rules_of(person, source)
    proposal = GrantForm(request.GET if "allow" in request.GET else None)
    proposed = _proposed(request, rules, person, source, proposal)
    after = proposed or rules
    found = list(dryrun.paths_seen_by(after, source, contains=asked["contains"]))
    readable = sum(one.decision.allowed for one in found)
    if wanted := asked["shown"]:
        found = [one for one in found if one.decision.allowed is (wanted == "yes")]
    context = {
        "person": person,
        "source": source,
        "form": form,
        "grants": rules.grants,
        "readable": readable,
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "people": people_names(),
        "proposal": proposal,
        "difference": dryrun.difference(rules, proposed, source) if proposed else None,
    }
    return render(request, "sources/access_browse.html", context)


def _proposed(
    request: HttpRequest, rules: dryrun.Rules, person: User, source: Source, form: GrantForm
) -> dryrun.Rules | None:
    """Return the rules as proposed: with another grant, or without one that is named."""
    if removed := row_number(request.GET.get("without", "")):
        grant = Grant.objects.filter(pk=removed, source=source).first()
        return dryrun.without(rules, grant) if grant else None
    if not form.is_valid():
        return None
    return dryrun.with_proposal(person, rules, form.as_grant(source))


@admins_only
@require_safe
def who_page(request: HttpRequest) -> HttpResponse:
    """Show the people and groups that may read a file, each with the rule that lets them."""
    form = WhoForm(request.GET if "path" in request.GET else None)
    context: dict[str, object] = {"form": form}
    if form.is_valid():
        source, path = form.cleaned_data["source"], form.cleaned_data["path"].strip().strip("/")
        readers = dryrun.readers_of(source, path)
        context |= {
            "source": source,
            "path": path,
            "total": len(readers),
            "page": Paginator(readers, PER_PAGE).get_page(request.GET.get("page")),
            "groups": dryrun.groups_that_read(source, path),
        }
    status = 400 if form.is_bound and not form.is_valid() else 200
    return render(request, "sources/access_who.html", context, status=status)
