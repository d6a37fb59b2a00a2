"""Keep with each answer what its checks found; evidence that is near, but no answer."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0002_message_ref"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="checks",
            field=models.JSONField(default=dict),
        ),
        migrations.AlterField(
            model_name="messageevidence",
            name="role",
            field=models.CharField(
                choices=[
                    ("found", "Found, without a model"),
                    ("near", "Near, but no answer"),
                    ("in_prompt", "In the prompt"),
                    ("cited", "Cited"),
                    ("struck", "Struck"),
                ],
                max_length=10,
            ),
        ),
    ]
