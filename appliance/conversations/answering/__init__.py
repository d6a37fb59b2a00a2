"""From a question to an answer: values in, events out. Nothing is stored here."""
