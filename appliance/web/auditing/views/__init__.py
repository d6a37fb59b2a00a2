"""Pages for auditors and admins: each look at the record is itself recorded."""
