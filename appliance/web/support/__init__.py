"""The support bundle: what helps somebody else to help, without code, questions or names."""
