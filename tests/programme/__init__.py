"""The test programme as one command for each gate, with a report: `python -m tests.programme`."""
