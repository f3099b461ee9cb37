"""Texts in and out: stored, claimed, sent once, reported on."""
