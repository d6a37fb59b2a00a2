"""The corpus: embeddings by content, symbols, findings, jobs of two kinds, freshness."""

import uuid

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.utils.timezone
import pgvector.django
from django.db import migrations, models

# What the first version stored stays searchable until the next sync reads it again.
FILL = r"""
UPDATE indexer_source SET hook_id = gen_random_uuid();
UPDATE indexer_chunk AS chunk
   SET digest = encode(substr(sha256(convert_to(chunk.context || E'\n' || array_to_string(
           (string_to_array(blob.text, E'\n'))[chunk.start_line:chunk.end_line], E'\n'), 'UTF8'
       )), 1, 16), 'hex')::uuid
  FROM indexer_blob AS blob
 WHERE blob.id = chunk.blob_id;
UPDATE indexer_embedding AS embedding SET digest = chunk.digest
  FROM indexer_chunk AS chunk
 WHERE chunk.id = embedding.chunk_id;
DELETE FROM indexer_embedding AS embedding
 USING indexer_embedding AS earlier
 WHERE earlier.digest = embedding.digest AND earlier.model = embedding.model
   AND earlier.id < embedding.id;
UPDATE indexer_posting
   SET offsets = ARRAY(SELECT (entry.id - batch)::int
                         FROM unnest(chunk_ids) WITH ORDINALITY AS entry(id, place)
                        ORDER BY entry.place);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("indexer", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Definition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("qualified", models.CharField(max_length=200)),
                ("kind", models.CharField(max_length=40)),
                ("start_line", models.IntegerField()),
                ("end_line", models.IntegerField()),
                ("signature", models.CharField(blank=True, max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("secret", "Secret"), ("invisible", "Invisible characters")],
                        max_length=10,
                    ),
                ),
                ("rule", models.CharField(max_length=80)),
                ("line", models.IntegerField()),
            ],
            options={
                "ordering": ["blob_id", "line", "rule"],
            },
        ),
        migrations.CreateModel(
            name="Reference",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                (
                    "lines",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), size=None
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SharedCredential",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
                ("sealed", models.BinaryField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="embedding",
            name="one_embedding_per_model",
        ),
        migrations.RemoveConstraint(
            model_name="job",
            name="one_queued_job_per_source",
        ),
        migrations.RemoveConstraint(
            model_name="job",
            name="one_running_job_per_source",
        ),
        migrations.AddField(
            model_name="blob",
            name="format",
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AddField(
            model_name="blob",
            name="note",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name="blob",
            name="places",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="blob",
            name="reader_version",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="blob",
            name="stored_by",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="chunk",
            name="digest",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="embedding",
            name="digest",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="failures",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[("sync", "Sync"), ("embed", "Embedding")], default="sync", max_length=10
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="phase_started_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="reason",
            field=models.CharField(
                choices=[("asked", "asked for"), ("push", "a push"), ("poll", "the schedule")],
                default="asked",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="posting",
            name="offsets",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.IntegerField(), default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="ref",
            name="kind",
            field=models.CharField(default="branch", max_length=10),
        ),
        migrations.AddField(
            model_name="ref",
            name="plan_key",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="revision",
            name="seconds_fresh",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="source",
            name="checked_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="source",
            name="exclude_patterns",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=500), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="hook_id",
            field=models.UUIDField(default=uuid.uuid4, editable=False),
        ),
        migrations.AddField(
            model_name="source",
            name="hook_secret",
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name="source",
            name="notes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(), blank=True, default=list, editable=False, size=None
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="is_paused",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="source",
            name="next_poll_at",
            field=models.DateTimeField(db_index=True, default=django.utils.timezone.now),
        ),
        migrations.AddField(
            model_name="source",
            name="poll_s",
            field=models.IntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="source",
            name="pushed_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="source",
            name="kind",
            field=models.CharField(
                choices=[
                    ("remote", "Git address"),
                    ("path", "Git repository on this machine"),
                    ("bundle", "Git bundle on this machine"),
                    ("folder", "Watched folder"),
                    ("archive", "Uploaded archive"),
                ],
                max_length=10,
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name="embedding",
            name="chunk",
        ),
        migrations.RemoveField(
            model_name="posting",
            name="chunk_ids",
        ),
        migrations.AlterField(
            "source", "hook_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
        ),
        migrations.AlterField("embedding", "vector", pgvector.django.HalfVectorField(null=True)),
        migrations.AlterField("chunk", "digest", models.UUIDField()),
        migrations.AlterField("embedding", "digest", models.UUIDField()),
        migrations.AlterField(
            "posting",
            "offsets",
            django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None),
        ),
        migrations.AddIndex(
            model_name="chunk",
            index=models.Index(fields=["digest"], name="chunk_by_digest"),
        ),
        migrations.AddIndex(
            model_name="posting",
            index=django.contrib.postgres.indexes.BrinIndex(
                fields=["batch"], name="posting_by_batch"
            ),
        ),
        migrations.AddConstraint(
            model_name="embedding",
            constraint=models.UniqueConstraint(
                fields=("digest", "model"), name="one_embedding_per_model"
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "queued")),
                fields=("source", "kind"),
                name="one_queued_job_per_source",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "running")),
                fields=("source", "kind"),
                name="one_running_job_per_source",
            ),
        ),
        migrations.AddField(
            model_name="definition",
            name="blob",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="definitions",
                to="indexer.blob",
            ),
        ),
        migrations.AddField(
            model_name="finding",
            name="blob",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="findings",
                to="indexer.blob",
            ),
        ),
        migrations.AddField(
            model_name="reference",
            name="blob",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="references",
                to="indexer.blob",
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="shared_credential",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sources",
                to="indexer.sharedcredential",
            ),
        ),
        migrations.AddIndex(
            model_name="definition",
            index=models.Index(fields=["name"], name="definition_by_name"),
        ),
        migrations.AddConstraint(
            model_name="reference",
            constraint=models.UniqueConstraint(
                fields=("name", "blob"), name="one_reference_per_name"
            ),
        ),
        migrations.AlterField(
            model_name="blob",
            name="skip_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("binary", "Not text: it holds bytes that no text file has."),
                    ("empty", "Nothing to read: the file has no text."),
                    ("encoding", "Its text encoding could not be recognised."),
                    ("generated", "Written by a program: its first lines say so."),
                    ("lfs", "A Git LFS pointer: the content is kept outside the repository."),
                    ("lock_file", "A dependency lock file: exact versions, nothing to read."),
                    ("minified", "Minified: its lines are too long to cite."),
                    ("path", "Its path is not valid text or too long."),
                    ("submodule", "A submodule: connect that repository as a source of its own."),
                    (
                        "symlink",
                        "A symbolic link: what it points to is indexed under its own path.",
                    ),
                    ("too_large", "Larger than the limit for one file."),
                    ("broken", "Reading or splitting it failed."),
                    ("quarantined", "Reading it ended its reader again and again: it is kept out."),
                    ("rejected", "It exceeds a limit: see the detail."),
                    ("encrypted", "Protected by a password."),
                    (
                        "excluded",
                        "Excluded by a pattern of the administrators or of .plumblineignore.",
                    ),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="skippedfile",
            name="reason",
            field=models.CharField(
                choices=[
                    ("binary", "Not text: it holds bytes that no text file has."),
                    ("empty", "Nothing to read: the file has no text."),
                    ("encoding", "Its text encoding could not be recognised."),
                    ("generated", "Written by a program: its first lines say so."),
                    ("lfs", "A Git LFS pointer: the content is kept outside the repository."),
                    ("lock_file", "A dependency lock file: exact versions, nothing to read."),
                    ("minified", "Minified: its lines are too long to cite."),
                    ("path", "Its path is not valid text or too long."),
                    ("submodule", "A submodule: connect that repository as a source of its own."),
                    (
                        "symlink",
                        "A symbolic link: what it points to is indexed under its own path.",
                    ),
                    ("too_large", "Larger than the limit for one file."),
                    ("broken", "Reading or splitting it failed."),
                    ("quarantined", "Reading it ended its reader again and again: it is kept out."),
                    ("rejected", "It exceeds a limit: see the detail."),
                    ("encrypted", "Protected by a password."),
                    (
                        "excluded",
                        "Excluded by a pattern of the administrators or of .plumblineignore.",
                    ),
                ],
                max_length=20,
            ),
        ),
    ]
