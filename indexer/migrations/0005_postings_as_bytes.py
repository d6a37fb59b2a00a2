import uuid

import django.db.models.deletion
from django.db import migrations, models

# Entries of a few thousand chunks stay in the row as they are: packing them would cost each search
# more than it saves on disk.
IN_THE_ROW = """
ALTER TABLE indexer_posting ALTER COLUMN entries SET STORAGE EXTERNAL,
                            SET (toast_tuple_target = 8160);
ALTER TABLE indexer_commitposting ALTER COLUMN entries SET STORAGE EXTERNAL,
                                  SET (toast_tuple_target = 8160);
"""
CONVERT_POSTINGS = """
INSERT INTO indexer_posting (batch, term, entries)
SELECT posting.batch + (entry.chunk_offset >> 16 << 16), posting.term,
       string_agg(substr(int4send(entry.chunk_offset & 65535), 3)
                  || substr(int2send(least(entry.frequency, 255::smallint)), 2), ''::bytea
                  ORDER BY entry.chunk_offset)
  FROM old_posting AS posting
 CROSS JOIN LATERAL unnest(posting.offsets, posting.frequencies) AS entry(chunk_offset, frequency)
 GROUP BY 1, 2
 ORDER BY 1, 2;
INSERT INTO indexer_batch (first, last, chunks, offsets, written_for)
SELECT batch, max(chunk_id), count(*),
       string_agg(substr(int4send((chunk_id - batch)::int), 3), ''::bytea ORDER BY chunk_id), 0
  FROM (SELECT DISTINCT posting.batch + (entry.chunk_offset >> 16 << 16) AS batch,
               posting.batch + entry.chunk_offset AS chunk_id
          FROM old_posting AS posting
         CROSS JOIN LATERAL unnest(posting.offsets) AS entry(chunk_offset)) AS held
 GROUP BY batch;
DROP TABLE old_posting;
"""
CONVERT_COMMIT_POSTINGS = """
INSERT INTO indexer_commitposting (source_id, batch, term, entries)
SELECT posting.source_id, posting.batch + (entry.commit_offset >> 16 << 16), posting.term,
       string_agg(substr(int4send(entry.commit_offset & 65535), 3)
                  || substr(int2send(least(entry.frequency, 255::smallint)), 2), ''::bytea
                  ORDER BY entry.commit_offset)
  FROM old_commitposting AS posting
 CROSS JOIN LATERAL unnest(posting.offsets, posting.frequencies) AS entry(commit_offset, frequency)
 GROUP BY 1, 2, 3;
DROP TABLE old_commitposting;
"""
# One value for all rows would be wrong: each ref is another one.
NEW_EDITIONS = """
UPDATE indexer_ref SET edition = gen_random_uuid();
UPDATE indexer_source SET history_edition = gen_random_uuid();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("indexer", "0004_history"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE indexer_posting RENAME TO old_posting;"
                    "ALTER TABLE indexer_commitposting RENAME TO old_commitposting;"
                    "ALTER INDEX indexer_posting_pkey RENAME TO old_posting_pkey;"
                    "ALTER INDEX indexer_commitposting_pkey RENAME TO old_commitposting_pkey;"
                )
            ],
            state_operations=[
                migrations.DeleteModel("Posting"),
                migrations.DeleteModel("CommitPosting"),
            ],
        ),
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("first", models.BigIntegerField(primary_key=True, serialize=False)),
                ("last", models.BigIntegerField()),
                ("chunks", models.IntegerField()),
                ("offsets", models.BinaryField()),
                ("written_for", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["written_for", "first"], name="batch_by_writer")],
            },
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "batch",
                        "term",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("batch", models.BigIntegerField()),
                ("term", models.BigIntegerField()),
                ("entries", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="CommitPosting",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "source_id",
                        "batch",
                        "term",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("batch", models.BigIntegerField()),
                ("term", models.BigIntegerField()),
                ("entries", models.BinaryField()),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="indexer.source",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(
            IN_THE_ROW + CONVERT_POSTINGS + CONVERT_COMMIT_POSTINGS, migrations.RunSQL.noop
        ),
        migrations.AddField(
            model_name="ref",
            name="edition",
            field=models.UUIDField(default=uuid.uuid4, editable=False),
        ),
        migrations.AddField(
            model_name="source",
            name="history_edition",
            field=models.UUIDField(default=uuid.uuid4, editable=False),
        ),
        migrations.RunSQL(NEW_EDITIONS, migrations.RunSQL.noop),
        migrations.RemoveIndex(model_name="definition", name="definition_by_name"),
        migrations.AddIndex(
            model_name="definition",
            index=models.Index(fields=["name", "blob"], name="definition_by_name"),
        ),
    ]
