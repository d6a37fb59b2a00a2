"""Addresses of search, files and sources."""

from __future__ import annotations

from django.urls import include, path

from appliance.sources.views import (
    bulk,
    code,
    credentials,
    dryrun,
    evaluating,
    explaining,
    exporting,
    findings,
    granting,
    hooks,
    managing,
    searching,
    steering,
    symbols,
    tokens,
)

urlpatterns = [
    path("search/", searching.search_page, name="search"),
    path("search/code/", code.code_page, name="code"),
    path("search/export.<slug:ending>", exporting.search_export, name="search_export"),
    path("search/code/export.<slug:ending>", exporting.code_export, name="code_export"),
    path("", include("appliance.sources.saved.urls")),
    path("", include("appliance.sources.sets.urls")),
    path("symbols/", symbols.symbol_page, name="symbols"),
    path("", include("appliance.sources.browsing.urls")),
    path("sources/", managing.source_list, name="sources"),
    path("sources/connect/", managing.source_connect, name="source_connect"),
    path("sources/connect/list/", bulk.connect_list, name="connect_list"),
    path("sources/connect/host/", bulk.connect_host, name="connect_host"),
    path("sources/connect/chosen/", bulk.connect_chosen, name="connect_chosen"),
    path("credentials/", credentials.credential_list, name="credentials"),
    path("credentials/<int:credential_id>/", credentials.credential_page, name="credential"),
    path(
        "credentials/<int:credential_id>/remove/",
        credentials.credential_remove,
        name="credential_remove",
    ),
    path(
        "credentials/<int:credential_id>/hook/", hooks.shared_hook_renew, name="shared_hook_renew"
    ),
    path("sources/connect/several/", steering.steer_sources, name="steer_sources"),
    path("sources/upload/", managing.source_upload, name="source_upload"),
    path("sources/<str:name>/", managing.source_page, name="source"),
    path("sources/<str:name>/settings/", managing.source_settings, name="source_settings"),
    path("sources/<str:name>/replace/", managing.source_replace, name="source_replace"),
    path("sources/<str:name>/why/", explaining.why_page, name="source_why"),
    path("sources/<str:name>/findings/", findings.findings_page, name="source_findings"),
    path("sources/<str:name>/sync/", managing.source_sync, name="source_sync"),
    path("sources/<str:name>/remove/", managing.source_remove, name="source_remove"),
    path("sources/<str:name>/credential/", steering.source_credential, name="source_credential"),
    path("sources/<str:name>/pause/", managing.source_pause, name="source_pause"),
    path("sources/<str:name>/resume/", managing.source_resume, name="source_resume"),
    path("sources/<str:name>/reindex/", managing.source_reindex, name="source_reindex"),
    path("sources/<str:name>/hook/", hooks.hook_renew, name="hook_renew"),
    path("tokens/", tokens.token_list, name="tokens"),
    path("tokens/<int:token_id>/revoke/", tokens.token_revoke, name="token_revoke"),
    path("tokens/all/", tokens.all_tokens, name="all_tokens"),
    path("tokens/all/<int:token_id>/revoke/", tokens.any_token_revoke, name="any_token_revoke"),
    path("evaluation/", evaluating.evaluation_page, name="evaluation"),
    path("evaluation/start/", evaluating.evaluation_start, name="evaluation_start"),
    path("evaluation/runs.csv", evaluating.evaluation_csv, name="evaluation_csv"),
    path("evaluation/runs/<int:run_id>/", evaluating.run_page, name="evaluation_run"),
    path("evaluation/runs/<int:run_id>/accept/", evaluating.run_accept, name="run_accept"),
    path("evaluation/sets/", evaluating.golden_import, name="golden_import"),
    path("evaluation/sets/<int:set_id>/remove/", evaluating.golden_remove, name="golden_remove"),
    path(
        "evaluation/proposals/<int:entry_id>/", evaluating.proposal_decide, name="proposal_decide"
    ),
    path("evaluation/answers/", evaluating.answer_save, name="answer_save"),
    path("hooks/<uuid:hook_id>/", hooks.notice, name="hook"),
    path("hooks/shared/<int:credential_id>/", hooks.shared_notice, name="shared_hook"),
    path("sources/<str:name>/grants/", granting.grant_add, name="grant_add"),
    path(
        "sources/<str:name>/grants/<int:grant_id>/revoke/",
        granting.grant_revoke,
        name="grant_revoke",
    ),
    path("access/", dryrun.seen_page, name="access"),
    path("access/who/", dryrun.who_page, name="access_who"),
    path("access/<str:username>/<str:name>/", dryrun.browse_page, name="access_browse"),
]
