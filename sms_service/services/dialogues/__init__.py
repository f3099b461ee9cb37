"""Calls and menus by SMS: what a caller types, and what answers."""
