"""Broadcasts and warnings: written, approved by a second person, tried, sent."""
