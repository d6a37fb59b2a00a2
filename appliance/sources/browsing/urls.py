"""Addresses of the code view. What follows the commit is a path, and a folder's ends with a slash."""

from __future__ import annotations

from django.urls import path

from appliance.sources.browsing.views import comparing, folders, parts, past
from appliance.sources.views import files

urlpatterns = [
    path("files/<str:source>/", folders.source_files, name="source_files"),
    path("files/<str:source>/<str:commit>/", folders.root_page, name="folder"),
    path("files/<str:source>/<str:commit>/<path:path>", files.file_page, name="file"),
    path("blame/<str:source>/<str:commit>/<path:path>", past.blame_page, name="file_blame"),
    path("history/<str:source>/<str:commit>/<path:path>", past.history_page, name="file_history"),
    path("change/<str:source>/<str:commit>/<path:path>", past.change_page, name="file_change"),
    path("compare/<str:source>/", comparing.compare_page, name="compare"),
    path("compare/<str:source>/<path:path>", comparing.compare_file, name="compare_file"),
    path("raw/<str:source>/<str:commit>/<path:path>", parts.raw_file, name="file_raw"),
    path("colours/<str:source>/<str:commit>/<path:path>", parts.rest_of_file, name="file_rest"),
    path("tree/<str:source>/<str:commit>/", parts.tree, name="tree_root"),
    path("tree/<str:source>/<str:commit>/<path:path>", parts.tree, name="tree"),
    path("symbols/card/", parts.symbol_card, name="symbol_card"),
]
