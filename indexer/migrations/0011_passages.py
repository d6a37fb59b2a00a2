"""What is found of a chunk belongs to its passage, which versions of a file share.

What is stored goes over as it is: each chunk has a passage of its own, under its own number, by
which its postings already know it. Chunks that come share.
"""

import django.db.models.deletion
from django.contrib.postgres.indexes import OpClass
from django.db import migrations, models
from django.db.models.functions import Lower

POINT = """
INSERT INTO indexer_passage (id, identity) SELECT id, gen_random_uuid() FROM indexer_chunk;
SELECT setval(pg_get_serial_sequence('indexer_passage', 'id'),
              (SELECT coalesce(max(id), 0) + 1 FROM indexer_chunk), false);
ALTER TABLE indexer_chunk ADD COLUMN passage_id bigint;
UPDATE indexer_chunk SET passage_id = id;
ALTER TABLE indexer_chunk
  ALTER COLUMN passage_id SET NOT NULL,
  ADD CONSTRAINT chunk_has_passage FOREIGN KEY (passage_id) REFERENCES indexer_passage
      DEFERRABLE INITIALLY DEFERRED;
"""
# A definition goes to the chunk that it begins in; the end of the pending checks lets indexes be
# made within the same transaction.
MOVE_DEFINITIONS = """
INSERT INTO indexer_passagedefinition
       (passage_id, name, qualified, kind, start, "end", signature)
SELECT chunk.passage_id, definition.name, definition.qualified, definition.kind,
       definition.start_line - chunk.start_line, definition.end_line - chunk.start_line,
       definition.signature
  FROM indexer_definition AS definition
 CROSS JOIN LATERAL (
    SELECT candidate.passage_id, candidate.start_line
      FROM indexer_chunk AS candidate
     WHERE candidate.blob_id = definition.blob_id
     ORDER BY candidate.start_line > definition.start_line,
              abs(candidate.start_line - definition.start_line)
     LIMIT 1
 ) AS chunk
 ORDER BY definition.id;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""
VIEW = """
CREATE VIEW indexer_definition WITH (security_invoker = true) AS
SELECT definition.id, chunk.blob_id, definition.name, definition.qualified, definition.kind,
       chunk.start_line + definition.start AS start_line,
       chunk.start_line + definition."end" AS end_line, definition.signature
  FROM indexer_passagedefinition AS definition
  JOIN indexer_chunk AS chunk ON chunk.passage_id = definition.passage_id;
"""


def _id() -> models.BigAutoField:
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


class Migration(migrations.Migration):
    dependencies = [("indexer", "0010_share_trigrams_and_pack_names")]

    operations = [
        migrations.CreateModel(
            name="Passage",
            fields=[("id", _id()), ("identity", models.UUIDField(unique=True))],
        ),
        migrations.CreateModel(
            name="PassageDefinition",
            fields=[
                ("id", _id()),
                ("name", models.CharField(max_length=200)),
                ("qualified", models.CharField(max_length=200)),
                ("kind", models.CharField(max_length=40)),
                ("start", models.IntegerField()),
                ("end", models.IntegerField()),
                ("signature", models.CharField(blank=True, max_length=200)),
                (
                    "passage",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="definitions",
                        to="indexer.passage",
                    ),
                ),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(POINT)],
            state_operations=[
                migrations.AddField(
                    model_name="chunk",
                    name="passage",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="chunks",
                        to="indexer.passage",
                    ),
                    preserve_default=False,
                ),
            ],
        ),
        migrations.RunSQL(MOVE_DEFINITIONS),
        migrations.DeleteModel("Definition"),
        migrations.RunSQL(VIEW),
        migrations.CreateModel(
            name="Definition",
            fields=[
                ("id", _id()),
                ("name", models.CharField(max_length=200)),
                ("qualified", models.CharField(max_length=200)),
                ("kind", models.CharField(max_length=40)),
                ("start_line", models.IntegerField()),
                ("end_line", models.IntegerField()),
                ("signature", models.CharField(blank=True, max_length=200)),
            ],
            options={"managed": False},
        ),
        migrations.AddIndex(
            model_name="passagedefinition",
            index=models.Index(fields=["name", "passage"], name="definition_by_name"),
        ),
        migrations.AddIndex(
            model_name="passagedefinition",
            index=models.Index(
                OpClass(Lower("name"), name="text_pattern_ops"), name="definition_by_beginning"
            ),
        ),
        migrations.AlterField(
            model_name="chunk",
            name="blob",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="chunks",
                to="indexer.blob",
            ),
        ),
        migrations.AddIndex(
            model_name="chunk",
            index=models.Index(fields=["passage", "blob"], name="chunk_by_passage"),
        ),
        migrations.RenameField(model_name="batch", old_name="chunks", new_name="passages"),
    ]
