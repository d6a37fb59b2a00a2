"""Mirrors and uploads on their way between hosts are the appliance's own reading, and nobody else's."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

TABLES = ("indexer_mirrorpack", "indexer_mirrorpart", "indexer_archivepart")
UP = "".join(
    f"""
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY wall ON {table} USING ((SELECT wall_is_open()));
"""
    for table in TABLES
)
DOWN = "".join(
    f"""
DROP POLICY wall ON {table};
ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
"""
    for table in TABLES
)


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("web", "0005_path_rules_behind_the_wall"),
        ("indexer", "0017_mirrors_of_several_hosts"),
    ]
    operations: ClassVar = [migrations.RunSQL(UP, DOWN)]
