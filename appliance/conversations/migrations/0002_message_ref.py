"""Note with each message which branch or tag was asked about."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="ref",
            field=models.CharField(blank=True, default="", max_length=250),
            preserve_default=False,
        ),
    ]
