"""Bitbucket Data Center is a kind of code host too."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

KINDS = [
    ("gitlab", "GitLab"),
    ("github", "GitHub"),
    ("gitea", "Gitea or Forgejo"),
    ("bitbucket", "Bitbucket Data Center"),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("sources", "0004_saved_searches")]
    operations: ClassVar = [
        migrations.AlterField(
            model_name="codehost", name="kind", field=models.CharField(choices=KINDS, max_length=10)
        ),
    ]
