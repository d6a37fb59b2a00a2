import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("indexer", "0007_evaluation"),
        ("sources", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="grant",
            options={"ordering": ["source__name", "group__name", "user__username", "path_pattern"]},
        ),
        migrations.RemoveConstraint(
            model_name="grant",
            name="one_grant_per_pattern",
        ),
        migrations.AddField(
            model_name="grant",
            name="created_by",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name="grant",
            name="expires_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="grant",
            name="reason",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="grant",
            name="user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="grants",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="grant",
            name="group",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="grants",
                to="auth.group",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(("user", None), ("group", None), _connector="XOR"),
                name="grant_of_one_holder",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.UniqueConstraint(
                fields=("group", "user", "source", "path_pattern"),
                name="one_grant_per_pattern",
                nulls_distinct=False,
            ),
        ),
    ]
