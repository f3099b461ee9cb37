"""Outreach events: planned, registered for, reminded of, attended."""
