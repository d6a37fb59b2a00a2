"""What hosts hand each other of the mirrors, and uploads on their way to a worker."""

from __future__ import annotations

import uuid
from typing import ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("indexer", "0016_notices_for_a_shared_credential"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="ArchivePart",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "source_id",
                        "name",
                        "position",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("position", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
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
        migrations.CreateModel(
            name="MirrorPack",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("refs", models.BinaryField()),
                ("size_bytes", models.BigIntegerField(default=0)),
                ("key", models.UUIDField(default=uuid.uuid4)),
                (
                    "merged_keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), default=list, size=None
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mirror_packs",
                        to="indexer.source",
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="MirrorPart",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "pack_id",
                        "position",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
                (
                    "pack",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="indexer.mirrorpack",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="mirrorpack",
            constraint=models.UniqueConstraint(
                fields=("source", "number"), name="one_pack_for_each_state"
            ),
        ),
    ]
