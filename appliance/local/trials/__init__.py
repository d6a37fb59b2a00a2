"""Trials of a whole appliance: load and faults on one that is started for nothing else."""
