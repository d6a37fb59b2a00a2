"""The stock client of the protocol against a served appliance."""
