"""Django's backend for PostgreSQL, which keeps connections for whoever comes next."""
