"""Addresses of sessions, people, groups and emergency access."""

from __future__ import annotations

from django.urls import path

from appliance.accounts.views import glass, groups, people, sessions

PERSON, GROUP = "people/<int:user_id>", "groups/<int:group_id>"

urlpatterns = [
    path("sessions/", sessions.session_list, name="sessions"),
    path("sessions/others/end/", sessions.sessions_end_others, name="sessions_end_others"),
    path("sessions/<int:session_id>/end/", sessions.session_end, name="session_end"),
    path("people/", people.people_list, name="people"),
    path(f"{PERSON}/", people.person_page, name="person"),
    path(f"{PERSON}/role/", people.person_role, name="person_role"),
    path(f"{PERSON}/disable/", people.person_disable, name="person_disable"),
    path(f"{PERSON}/enable/", people.person_enable, name="person_enable"),
    path(f"{PERSON}/sign-out/", people.person_sign_out, name="person_sign_out"),
    path("groups/", groups.group_list, name="groups"),
    path(f"{GROUP}/", groups.group_page, name="group"),
    path(f"{GROUP}/role/", groups.group_role, name="group_role"),
    path(f"{GROUP}/member/", groups.group_member, name="group_member"),
    path("emergency-access/", glass.glass_page, name="glass"),
    path("emergency-access/open/", glass.glass_open, name="glass_open"),
    path("emergency-access/<int:glass_id>/end/", glass.glass_close, name="glass_close"),
]
