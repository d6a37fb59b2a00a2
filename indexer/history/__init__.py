"""The history of a source: past commits vote for the files that they touched."""
