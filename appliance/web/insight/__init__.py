"""Insight for admins: how the appliance is used, how fresh, how whole and how good it is."""
