"""How good answers are: golden questions asked of the whole flow, facts, citations, a judge."""
