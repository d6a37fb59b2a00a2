"""Patterns that no path can match are refused; rules that are there stay."""

from django.db import migrations, models

import appliance.sources.models.grant


class Migration(migrations.Migration):
    dependencies = [("sources", "0007_webhooks_of_answers")]

    operations = [
        migrations.AlterField(
            model_name="grant",
            name="path_pattern",
            field=models.CharField(
                blank=True,
                max_length=500,
                validators=[appliance.sources.models.grant.check_pattern],
            ),
        ),
    ]
