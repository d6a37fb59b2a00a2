"""Named sets of sources: kept, picked, and the part of a scope that each of them is."""
