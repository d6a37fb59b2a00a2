"""Addresses for identity providers that send people and groups."""

from __future__ import annotations

from django.urls import path

from appliance.accounts.scim import views

urlpatterns = [
    path("ServiceProviderConfig", views.service_provider_config),
    path("ResourceTypes", views.resource_types),
    path("ResourceTypes/<str:name>", views.resource_types),
    path("Schemas", views.schemas),
    path("Schemas/<str:name>", views.schemas),
    path("Users", views.user_list),
    path("Users/.search", views.user_search),
    path("Users/<str:scim_id>", views.user),
    path("Groups", views.group_list),
    path("Groups/.search", views.group_search),
    path("Groups/<str:scim_id>", views.group),
    path("<path:rest>", views.nothing),
]
