"""How something is started here, in words: by make on one machine, by systemd on the hosts of a site."""

from __future__ import annotations

from django.conf import settings

# The programs of an appliance by their logs' names, and what runs them on the hosts of a site.
UNITS = {
    "postgres": "postgresql@17-main",
    "valkey": "valkey-server",
    "web": "plumbline-web",
    "worker": "plumbline-worker",
    "worker-embed": "plumbline-worker-embed",
    "worker-ask": "plumbline-worker-ask",
    "scheduler": "plumbline-scheduler",
    "model": "model-server-NAME",
}


def is_site() -> bool:
    """Return whether systemd runs the services: the playbook says so, `make run` does not."""
    return bool(settings.STARTED_BY == "systemd")


def start_again(what: str, program: str) -> str:
    """Return the sentence that tells how to start it, and where it says why it ended."""
    if is_site():
        unit = UNITS[program]
        return f"Start {what} on its host: systemctl restart {unit}; journalctl --unit={unit} says why it ended."
    return f"Start {what} (make up), or see {settings.PLUMBLINE_HOME / 'logs' / program}.log."


def database_is_away() -> str:
    """Return the sentence for whoever asked for something that needs the database."""
    if is_site():
        return f"The database does not answer. {start_again('PostgreSQL', 'postgres')}"
    return (
        "The database does not answer. Start the appliance with 'make up', or set "
        "PLUMBLINE_DATABASE_URL."
    )


def as_here(sentence: str) -> str:
    """Return the sentence with commands as they are called here: on hosts `plumbline` runs them."""
    return sentence.replace("manage.py ", "plumbline ") if is_site() else sentence
