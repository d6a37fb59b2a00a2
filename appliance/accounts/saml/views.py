"""The addresses of a sign-in with SAML: away, back by a form of the provider, and our metadata."""

from __future__ import annotations

from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.sessions import LoginSession
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST, require_safe

from appliance.accounts.directories.provider import enabled_directory, next_of
from appliance.accounts.directories.refusing import refuse
from appliance.accounts.models import Directory
from appliance.accounts.saml.config import sp_metadata
from appliance.accounts.saml.metadata import BadMetadata
from appliance.accounts.saml.provider import SamlProvider
from appliance.accounts.saml.responses import LARGEST_CHARACTERS, read_response
from appliance.accounts.saml.structure import ResponseRefused

COOKIE = "saml-acs-session"
WAIT_S = 120  # between the provider's form and our own redirect


@login_not_required
@never_cache
@require_GET
def login(request: HttpRequest, slug: str) -> HttpResponse:
    """Send the browser to the provider."""
    directory = _directory(slug)
    try:
        return SamlProvider.of(request, directory).send_away(request, next_of(request))
    except BadMetadata as exc:
        return refuse(request, directory, str(exc), status=502)


@csrf_exempt  # the form comes from the provider; `finish` sees whether this browser asked for it
@login_not_required
@never_cache
@require_POST
def acs(request: HttpRequest, slug: str) -> HttpResponse:
    """Take the provider's form, and have the browser come again with its session.

    The session's cookie does not travel with a form from elsewhere (SameSite).
    """
    directory = _directory(slug)
    given = request.POST.get("SAMLResponse", "")
    if not given or len(given) > LARGEST_CHARACTERS:
        return refuse(request, directory, "the response is missing or too long")
    response = HttpResponseRedirect(reverse("saml_finish_acs", args=[slug]))
    session = LoginSession(request, "saml_acs_session", COOKIE)
    session.store["response"] = given
    session.store.set_expiry(WAIT_S)
    session.save(response)
    response.cookies[COOKIE]["httponly"] = True
    return response


@login_not_required
@never_cache
@require_GET
def finish(request: HttpRequest, slug: str) -> HttpResponse:
    """Sign in whom the response vouches for, or refuse."""
    directory = _directory(slug)
    session = LoginSession(request, "saml_acs_session", COOKIE)
    given = session.store.get("response", "")
    session.delete()
    if not given:
        return refuse(request, directory, "the response is gone or was used before")
    provider = SamlProvider.of(request, directory)
    try:
        state_id, vouched = read_response(request, directory, given)
        login = provider.sociallogin_from_response(request, vouched)
        login.state = provider.unstash_redirect_state(request, state_id)
    except (ResponseRefused, BadMetadata) as exc:
        return refuse(request, directory, str(exc))
    except PermissionDenied:
        return refuse(request, directory, "this browser asked for no such response (InResponseTo)")
    response: HttpResponse = complete_social_login(request, login)
    return response


@login_not_required
@require_safe
def metadata(request: HttpRequest, slug: str) -> HttpResponse:
    """Describe this appliance to the provider; also while the directory is not enabled yet."""
    directory = Directory.objects.filter(kind=Directory.Kind.SAML, slug=slug).first()
    if directory is None:
        raise Http404
    try:
        described = sp_metadata(request, directory)
    except BadMetadata as exc:
        raise Http404 from exc
    response = HttpResponse(described, "application/samlmetadata+xml")
    response["Content-Disposition"] = f'attachment; filename="plumbline-{slug}.xml"'
    return response


def _directory(slug: str) -> Directory:
    directory = enabled_directory(Directory.Kind.SAML, slug)
    if directory is None:
        raise Http404
    return directory
