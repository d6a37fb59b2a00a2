"""An index for pickers, built beside running syncs."""

from django.contrib.postgres.indexes import OpClass
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("indexer", "0008_find_going_and_failed_jobs")]

    operations = [
        AddIndexConcurrently(
            model_name="definition",
            index=models.Index(
                OpClass(Lower("name"), name="text_pattern_ops"), name="definition_by_beginning"
            ),
        ),
    ]
