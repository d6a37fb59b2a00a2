from django.db import migrations

# Pruning by retention says within its own transaction that it is at work; whoever else says so
# leaves no signed marker, which `manage.py audit verify` misses.
FORWARD = """
CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('plumbline.audit_pruning', true) = 'on' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'the audit is append-only: % of % is refused', TG_OP, TG_TABLE_NAME;
END
$$;
"""
TABLES = {
    "audit_event": "UPDATE OR DELETE",
    "audit_exposure": "UPDATE OR DELETE",
    "audit_head": "UPDATE OR DELETE",
    "audit_pruning": "UPDATE OR DELETE",
}


def forward() -> str:
    triggers = [
        f"CREATE TRIGGER append_only_rows BEFORE {what} ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION audit_append_only();\n"
        f"CREATE TRIGGER append_only_table BEFORE TRUNCATE ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();\n"
        for table, what in TABLES.items()
    ]
    return FORWARD + "".join(triggers)


def backward() -> str:
    triggers = [
        f"DROP TRIGGER append_only_rows ON {table}; DROP TRIGGER append_only_table ON {table};\n"
        for table in TABLES
    ]
    return "".join(triggers) + "DROP FUNCTION audit_append_only();"


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_signed_heads_and_exposures")]

    operations = [migrations.RunSQL(forward(), backward())]
