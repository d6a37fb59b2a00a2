"""The mode "fix": what was pasted is found in the code; a patch is written and checked."""
