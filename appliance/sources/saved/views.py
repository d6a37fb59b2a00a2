"""Pages of saved searches and notifications: each person's own."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from appliance.accounts.models import User
from appliance.accounts.requests import SignedInRequest
from appliance.common.numbers import row_number
from appliance.sources.access import granted_scope_of, readable_sources
from appliance.sources.models import Delivery, Notification, SavedSearch, WebhookTarget
from appliance.sources.narrowing.narrowing import Narrowing
from appliance.sources.saved import keeping
from appliance.sources.saved.access import (
    get_search_for_user,
    notifications_of,
    searches_of,
)
from appliance.sources.saved.forms import AnswersForm, SearchForm, TargetForm
from appliance.sources.saved.outgoing import NotPosted, is_open
from appliance.sources.saved.places import LinkedPlace, linked, readable
from appliance.sources.saved.targets import remove_target, set_target, tell_of_answers

PER_PAGE = 20


@dataclass(frozen=True, slots=True)
class SearchRow:
    search: SavedSearch
    url: str
    narrowing: tuple[str, ...]
    trouble: str  # of the last delivery; empty: none


@dataclass(frozen=True, slots=True)
class NotificationRow:
    """What a notification tells its owner now: of places that they may not read any more, nothing."""

    notification: Notification
    places: tuple[LinkedPlace, ...]
    count: int
    search_url: str

    @property
    def is_closed(self) -> bool:
        return not self.places


@require_safe
def search_list(request: SignedInRequest) -> HttpResponse:
    """List the person's saved searches."""
    return _list(request, TargetForm())


def _list(
    request: SignedInRequest, form: TargetForm, *, secret: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "rows": [_row(search) for search in searches_of(request.user)],
        "most": keeping.MOST_SAVED,
        "target": WebhookTarget.objects.filter(owner=request.user).first(),
        "target_form": form,
        "secret": secret,
        "may_post": is_open(),
        "hosts": settings.WEBHOOK_HOSTS,
        "may_mail": bool(settings.EMAIL_HOST),
    }
    return render(request, "sources/saved/list.html", context, status=status)


def _row(search: SavedSearch) -> SearchRow:
    by = Narrowing.from_json(search.narrowing)
    failed = Delivery.objects.filter(notification__search=search).order_by("-pk").first()
    return SearchRow(
        search, url_of(search), tuple(value for _, value in by.pairs()),
        failed.error if failed else "",
    )  # fmt: skip


def url_of(search: SavedSearch) -> str:
    """Return the address that makes the search."""
    by = Narrowing.from_json(search.narrowing)
    pairs = [("q", search.query), *by.pairs(), *([("ref", search.ref)] if search.ref else [])]
    page = "code" if search.page == SavedSearch.Page.CODE else "search"
    return f"{reverse(page)}?{urlencode(pairs)}"


@require_POST
def search_save(request: SignedInRequest) -> HttpResponse:
    """Keep the search of a page."""
    form = SearchForm(request.POST)
    names = list(readable_sources(request.user).values_list("name", flat=True))
    by = Narrowing.read(request.POST, names)
    if not form.is_valid():
        return _edit(request, None, form, by, status=400)
    try:
        search = keeping.save(request.user, form.wish(by))
    except keeping.NotSaved as exc:
        form.add_error(None, str(exc))
        return _edit(request, None, form, by, status=400)
    messages.success(request, f"Saved as {search.name}.")
    return redirect("saved_searches")


@require_http_methods(["GET", "HEAD", "POST"])
def search_edit(request: SignedInRequest, search_id: int) -> HttpResponse:
    """Change a search of the person's own; what it is narrowed to stays."""
    search = get_search_for_user(request.user, search_id)
    by = Narrowing.from_json(search.narrowing)
    if request.method != "POST":
        fields = ("name", "page", "ref", "is_alert", "by_mail", "by_webhook")
        initial = {name: getattr(search, name) for name in fields}
        return _edit(request, search, SearchForm(initial=initial | {"q": search.query}), by)
    form = SearchForm(request.POST)
    if form.is_valid():
        try:
            keeping.change(search, form.wish(by))
        except keeping.NotSaved as exc:
            form.add_error(None, str(exc))
    if form.errors:
        return _edit(request, search, form, by, status=400)
    messages.success(request, f"{search.name} is changed.")
    return redirect("saved_searches")


def _edit(
    request: SignedInRequest,
    search: SavedSearch | None,
    form: SearchForm,
    by: Narrowing,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "search_id": search.pk if search else None,
        "form": form,
        "pairs": by.pairs(),
        "has_target": WebhookTarget.objects.filter(owner=request.user).exists() and is_open(),
        "may_mail": bool(settings.EMAIL_HOST and request.user.email),
    }
    return render(request, "sources/saved/edit.html", context, status=status)


@require_POST
def search_delete(request: SignedInRequest, search_id: int) -> HttpResponse:
    search = get_search_for_user(request.user, search_id)
    keeping.forget(search)
    messages.success(request, f"{search.name} is deleted.")
    return redirect("saved_searches")


@require_POST
def target_set(request: SignedInRequest) -> HttpResponse:
    """Set the person's own webhook; its secret is shown this once."""
    form = TargetForm(request.POST)
    if form.is_valid():
        try:
            secret = set_target(request.user, form.cleaned_data["url"])
        except NotPosted as exc:
            form.add_error("url", str(exc))
        else:
            return _list(request, TargetForm(), secret=secret)
    return _list(request, form, status=400)


@require_POST
def target_answers(request: SignedInRequest) -> HttpResponse:
    """Say what of the person's answers is posted to their webhook."""
    form = AnswersForm(request.POST)
    form.is_valid()  # boxes alone: whatever is sent, they are ticked or not
    if tell_of_answers(request.user, **form.cleaned_data):
        messages.success(request, "What is posted of your answers is changed.")
    return redirect("saved_searches")


@require_POST
def target_remove(request: SignedInRequest) -> HttpResponse:
    if remove_target(request.user):
        messages.success(request, "Nothing is posted to your webhook any more.")
    return redirect("saved_searches")


@require_safe
def notification_list(request: SignedInRequest) -> HttpResponse:
    """List what the person was told, newest first, as far as they may read it now."""
    page = Paginator(notifications_of(request.user), PER_PAGE).get_page(request.GET.get("page"))
    scope = granted_scope_of(request.user)
    rows = []
    for one in page:
        places = tuple(linked(readable(one.places, scope)))
        count = one.count if len(places) == len(one.places) else _counted(places)
        rows.append(NotificationRow(one, places, count, url_of(one.search)))
    return render(request, "sources/saved/notifications.html", {"page": page, "rows": rows})


def _counted(places: tuple[LinkedPlace, ...]) -> int:
    return sum(one.place.count for one in places)


@require_POST
def notification_read(request: SignedInRequest) -> HttpResponse:
    """Mark one notification as read, or all of them."""
    mine = Notification.objects.filter(owner=request.user, read_at=None)
    if chosen := request.POST.get("notification", ""):
        mine = mine.filter(pk=row_number(chosen))
    mine.update(read_at=timezone.now())
    return redirect("notifications")


def unread_count(request: HttpRequest) -> dict[str, object]:
    """Give every page how many notifications its reader has not read; counted when shown."""
    return {"notifications_unread": SimpleLazyObject(lambda: _unread(request))}


def _unread(request: HttpRequest) -> int:
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_authenticated:
        return 0
    return Notification.objects.filter(owner=user, read_at=None).count()
