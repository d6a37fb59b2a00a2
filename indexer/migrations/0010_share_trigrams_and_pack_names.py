"""Versions of a file share their trigrams; the names that a blob uses are one row.

What is stored goes over as it is: each blob keeps a set of its own, and versions that come share.
"""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

MOVE_TRIGRAMS = """
ALTER TABLE indexer_trigramset RENAME TO old_trigramset;
ALTER INDEX trigram_set_by_trigram RENAME TO old_trigram_set_by_trigram;
"""
CONVERT = """
INSERT INTO indexer_trigramset (id, trigrams) SELECT blob_id, trigrams FROM old_trigramset;
INSERT INTO indexer_trigramuse (blob_id, trigram_set_id)
SELECT blob_id, blob_id FROM old_trigramset;
SELECT setval(pg_get_serial_sequence('indexer_trigramset', 'id'),
              (SELECT coalesce(max(blob_id), 0) + 1 FROM old_trigramset), false);
DROP TABLE old_trigramset;
INSERT INTO indexer_namesused (blob_id, names, lines)
SELECT blob_id, array_agg(name ORDER BY name),
       array_agg(array_to_string(lines, ',') ORDER BY name)
  FROM indexer_reference
 GROUP BY blob_id;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""
# As before: statistics about each element cost much and tell nothing that is not known.
NO_STATISTICS = """
ALTER TABLE indexer_trigramset ALTER COLUMN trigrams SET STATISTICS 0;
ALTER TABLE indexer_namesused ALTER COLUMN lines SET STATISTICS 0;
"""


class Migration(migrations.Migration):
    dependencies = [("indexer", "0009_find_names_by_their_beginning")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(MOVE_TRIGRAMS)],
            state_operations=[migrations.DeleteModel("TrigramSet")],
        ),
        migrations.CreateModel(
            name="TrigramSet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "trigrams",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), size=None
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TrigramUse",
            fields=[
                (
                    "blob",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="trigram_use",
                        serialize=False,
                        to="indexer.blob",
                    ),
                ),
                (
                    "trigram_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="uses",
                        to="indexer.trigramset",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="NamesUsed",
            fields=[
                (
                    "blob",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="names_used",
                        serialize=False,
                        to="indexer.blob",
                    ),
                ),
                (
                    "names",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200), size=None
                    ),
                ),
                (
                    "lines",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None
                    ),
                ),
            ],
        ),
        migrations.RunSQL(CONVERT),
        migrations.AddIndex(
            model_name="trigramset",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["trigrams"], name="trigram_set_by_trigram"
            ),
        ),
        migrations.AddIndex(
            model_name="namesused",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["names"], name="names_used_by_name"
            ),
        ),
        migrations.DeleteModel("Reference"),
        migrations.RunSQL(NO_STATISTICS, migrations.RunSQL.noop),
    ]
