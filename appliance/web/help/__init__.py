"""The documentation as pages of the appliance: the same files as in `docs/`, without internet."""
