import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

# Statistics about thousands of numbers a row would cost much at each ANALYZE and tell nothing that
# the planner's default for "contains" does not: that the index is the way.
NO_STATISTICS = "ALTER TABLE indexer_trigramset ALTER COLUMN trigrams SET STATISTICS 0"


class Migration(migrations.Migration):
    dependencies = [
        ("indexer", "0002_the_corpus"),
    ]

    operations = [
        migrations.CreateModel(
            name="TrigramSet",
            fields=[
                (
                    "blob",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="trigram_set",
                        serialize=False,
                        to="indexer.blob",
                    ),
                ),
                (
                    "trigrams",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), size=None
                    ),
                ),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["trigrams"], name="trigram_set_by_trigram"
                    )
                ],
            },
        ),
        migrations.RunSQL(NO_STATISTICS, migrations.RunSQL.noop),
    ]
