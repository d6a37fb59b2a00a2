"""Threads become trees; a message knows its mode, its steps and what its prompt was made of."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def chain(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let each message of the threads so far follow on the one before it."""
    before: dict[object, object] = {}
    messages = apps.get_model("conversations", "Message").objects
    for message in messages.order_by("thread_id", "created_at", "pk").only("thread_id").iterator():
        parent_id = before.get(message.thread_id)
        if parent_id:
            messages.filter(pk=message.pk).update(parent_id=parent_id)
        before = {message.thread_id: message.pk}


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0003_citation_checks"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="is_pinned",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="message",
            name="mode",
            field=models.CharField(
                choices=[("answer", "answer"), ("pair", "pair"), ("fix", "fix")],
                default="answer",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="parent",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=models.deletion.CASCADE,
                related_name="children",
                to="conversations.message",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="patches",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="message",
            name="prompt",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="message",
            name="steps",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="message",
            name="wanted",
            field=models.JSONField(default=dict),
        ),
        migrations.RunPython(chain, migrations.RunPython.noop, elidable=True),
    ]
