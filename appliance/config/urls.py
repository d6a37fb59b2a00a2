"""Every address of the product."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("scim/v2/<slug:slug>/", include("appliance.accounts.scim.urls")),
    path("", include("appliance.accounts.urls")),
    path("", include("appliance.conversations.urls")),
    path("", include("appliance.sources.hostaccess.urls")),
    path("", include("appliance.sources.urls")),
    path("", include("appliance.web.urls")),
]
handler404 = "appliance.web.errors.not_found"
handler500 = "appliance.web.errors.server_error"
