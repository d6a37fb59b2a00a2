"""Pages over the record for auditors and admins, and what every request has to do with it."""
