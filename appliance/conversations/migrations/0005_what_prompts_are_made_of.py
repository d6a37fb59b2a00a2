"""What an answer came to, for later prompts; evidence that was found and left out of one."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0004_message_trees"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="note",
            field=models.TextField(blank=True, default=""),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="messageevidence",
            name="role",
            field=models.CharField(
                choices=[
                    ("found", "Found, without a model"),
                    ("near", "Near, but no answer"),
                    ("in_prompt", "In the prompt"),
                    ("left_out", "Found, but left out of the prompt"),
                    ("cited", "Cited"),
                    ("struck", "Struck"),
                ],
                max_length=10,
            ),
        ),
    ]
