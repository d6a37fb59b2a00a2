"""An index for pickers. Within the transaction of the upgrade, like every step."""

from django.contrib.postgres.indexes import OpClass
from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    dependencies = [("indexer", "0008_find_going_and_failed_jobs")]

    operations = [
        migrations.AddIndex(
            model_name="definition",
            index=models.Index(
                OpClass(Lower("name"), name="text_pattern_ops"), name="definition_by_beginning"
            ),
        ),
    ]
