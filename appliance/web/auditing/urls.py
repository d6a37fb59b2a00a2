"""Addresses of the audit."""

from __future__ import annotations

from django.urls import path

from appliance.web.auditing.views import exposure, holds, records

urlpatterns = [
    path("audit/", records.audit_list, name="audit"),
    path("audit/records/<int:sequence>/", records.audit_record, name="audit_record"),
    path("audit/verify/", records.audit_verify, name="audit_verify"),
    path("audit/export/", records.audit_export, name="audit_export"),
    path("audit/lines/", exposure.lines_page, name="audit_lines"),
    path("audit/people/", exposure.person_page, name="audit_person"),
    path("audit/holds/", holds.hold_list, name="audit_holds"),
    path("audit/holds/<int:hold_id>/lift/", holds.hold_lift, name="audit_hold_lift"),
]
