"""Training pairs of an adapter, from the company's own commits and what its curators decided."""
