"""Repeatable loads on loopback, each with a reference measured in the same run. `make bench`."""
