"""Where the record is sent beside the database: a collector that speaks syslog, and files."""
