"""How often a worker took an answer: one that died in the middle may be taken up again."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversations", "0005_what_prompts_are_made_of")]

    operations = [
        migrations.AddField(
            model_name="message", name="attempts", field=models.SmallIntegerField(default=0)
        ),
    ]
