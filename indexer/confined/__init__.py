"""Documents are read in child processes that may be killed: parsers meet hostile files there."""
