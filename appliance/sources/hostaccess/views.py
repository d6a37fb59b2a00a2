"""Pages over code hosts, for admins; and over what a source takes from its host, for who runs it."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from appliance.accounts.models import Role
from appliance.accounts.requests import SignedInRequest
from appliance.accounts.roles import role_required
from appliance.sources.access import get_administered_source
from appliance.sources.hostaccess import managing
from appliance.sources.hostaccess.asking import WHILE_SOMEBODY_WAITS, ask
from appliance.sources.hostaccess.forms import AssignForm, CodeHostForm
from appliance.sources.hostaccess.places import sources_of
from appliance.sources.hostaccess.planning import plan
from appliance.sources.hostaccess.state import state_of
from appliance.sources.hostaccess.syncing import Report, lapse_at, sync_access
from appliance.sources.models import CodeHost, HostAccess, HostMember, HostPerson
from appliance.sources.views.dryrun import people_names
from indexer.errors import FetchError
from indexer.models import Source

PER_PAGE = 50


@role_required(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def code_hosts(request: HttpRequest) -> HttpResponse:
    """List the hosts; take another one."""
    form = CodeHostForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        host = managing.store(None, form.wanted)
        messages.success(request, f"{host} is set up. Choose the sources that take its word.")
        return redirect("code_host", host.pk)
    hosts = CodeHost.objects.annotate(source_count=Count("accesses")).select_related("credential")
    context = {"hosts": hosts, "form": form}
    return render(request, "sources/hostaccess/hosts.html", context, status=_status(form.is_bound))


@role_required(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def code_host(request: HttpRequest, host_id: int) -> HttpResponse:
    """Show a host with its sources and the accounts that nobody is recognised in."""
    host = get_object_or_404(CodeHost, pk=host_id)
    form = CodeHostForm(request.POST if request.method == "POST" else None, host=host)
    if request.method == "POST" and form.is_valid():
        managing.store(host, form.wanted)
        messages.success(request, "Saved. What depends on it is synced in the next minute.")
        return redirect("code_host", host.pk)
    return _host_page(request, host, form)


def _host_page(
    request: HttpRequest, host: CodeHost, form: CodeHostForm, *, wrong: AssignForm | None = None
) -> HttpResponse:
    unmatched = HostMember.objects.filter(access__host=host, user=None)
    accounts = unmatched.order_by("user_name", "account_id").distinct("user_name", "account_id")
    context = {
        "host": host,
        "form": form,
        "wrong": wrong,
        "sources": Paginator(sources_of(host), PER_PAGE).get_page(request.GET.get("page")),
        "unmatched": Paginator(accounts, PER_PAGE).get_page(request.GET.get("accounts")),
        "assigned": host.people.filter(by_hand=True).select_related("user"),
        "people": people_names(),
    }
    is_wrong = wrong is not None or form.is_bound
    return render(request, "sources/hostaccess/host.html", context, status=_status(is_wrong))


@role_required(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def code_host_remove(request: HttpRequest, host_id: int) -> HttpResponse:
    """Ask, then forget a host and what it brought."""
    host = get_object_or_404(CodeHost, pk=host_id)
    if request.method == "POST":
        managing.remove(host)
        messages.success(request, f"{host} was removed, with every rule that it brought.")
        return redirect("code_hosts")
    context = {"host": host, "sources": host.accesses.count()}
    return render(request, "sources/hostaccess/host_remove.html", context)


@role_required(Role.ADMIN)
@require_POST
def code_host_assign(request: HttpRequest, host_id: int) -> HttpResponse:
    """Say who an account is."""
    host = get_object_or_404(CodeHost, pk=host_id)
    form = AssignForm(request.POST, host=host)
    if not form.is_valid() or form.account is None:
        return _host_page(request, host, CodeHostForm(host=host), wrong=form)
    name = form.account.user_name
    managing.assign(host, form.account.account_id, name, form.user)
    messages.success(
        request, f"{name} is {form.user.get_username()}, in the next minute everywhere."
    )
    return redirect("code_host", host.pk)


@role_required(Role.ADMIN)
@require_POST
def code_host_forget(request: HttpRequest, host_id: int, person_id: int) -> HttpResponse:
    person = get_object_or_404(HostPerson, pk=person_id, host=host_id, by_hand=True)
    managing.forget(person)
    messages.success(request, f"{person.user_name} is nobody by hand from the next minute on.")
    return redirect("code_host", host_id)


@role_required(Role.SOURCE_ADMIN, Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def host_access(request: SignedInRequest, name: str) -> HttpResponse:
    """Show what a source takes from its host; when asked, what a sync would change."""
    source = get_administered_source(request.user, name)
    state = state_of(source)
    context: dict[str, object] = {"source": source, "state": state, "lapses_at": lapse_at()}
    if state.access is not None:
        members = state.access.members.select_related("user").order_by("user_name", "pk")
        context["members"] = Paginator(members, PER_PAGE).get_page(request.GET.get("page"))
    status = 200
    if request.method == "POST" and state.host is not None:
        try:
            told = ask(state.host, source, limits=WHILE_SOMEBODY_WAITS)
            context["plan"] = plan(source, state.host, told)
        except FetchError as exc:
            context["error"], status = str(exc), 400
    return render(request, "sources/hostaccess/source.html", context, status=status)


@role_required(Role.SOURCE_ADMIN, Role.ADMIN)
@require_POST
def host_access_on(request: SignedInRequest, name: str) -> HttpResponse:
    source = get_administered_source(request.user, name)
    host = state_of(source).host
    if host is None:
        raise Http404
    access = managing.switch_on(source, host)
    _tell(request, sync_access(access, by=request.user, limits=WHILE_SOMEBODY_WAITS))
    return redirect("host_access", source.name)


@role_required(Role.SOURCE_ADMIN, Role.ADMIN)
@require_POST
def host_access_sync(request: SignedInRequest, name: str) -> HttpResponse:
    """Sync now; with `go_on` also when that shuts out many."""
    access = _access_of(get_administered_source(request.user, name))
    go_on = "go_on" in request.POST
    report = sync_access(access, by=request.user, go_on=go_on, limits=WHILE_SOMEBODY_WAITS)
    _tell(request, report)
    return redirect("host_access", name)


@role_required(Role.SOURCE_ADMIN, Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def host_access_off(request: SignedInRequest, name: str) -> HttpResponse:
    """Ask, then take the host's permissions no longer."""
    source = get_administered_source(request.user, name)
    access = _access_of(source)
    if request.method != "POST":
        context = {"source": source, "access": access, "grants": access.grants.count()}
        return render(request, "sources/hostaccess/off.html", context)
    managing.switch_off(access)
    messages.success(request, f"{source.name} takes the permissions of {access.host} no longer.")
    return redirect("source", source.name)


def _access_of(source: Source) -> HostAccess:
    return get_object_or_404(HostAccess.objects.select_related("host", "source"), source=source)


def _tell(request: HttpRequest, report: Report) -> None:
    if report.is_busy:
        messages.info(request, "A sync of these permissions runs already.")
    elif report.error:
        messages.error(request, report.error)
    else:
        messages.success(
            request,
            f"Synced. People who read by the host's word: {report.people}. Accounts that are nobody "
            f"here: {report.unmatched}. Rules that came: {report.gained}, that went: {report.lost}.",
        )


def _status(is_wrong: bool) -> int:
    return 400 if is_wrong else 200
