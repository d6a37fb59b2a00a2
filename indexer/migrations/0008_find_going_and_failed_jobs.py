"""Find the few jobs that wait, run or failed lately among all that ever were."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("indexer", "0007_evaluation"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("state__in", ["queued", "running"])),
                fields=["kind", "state"],
                name="jobs_going",
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("state", "failed")), fields=["ended_at"], name="jobs_failed"
            ),
        ),
    ]
