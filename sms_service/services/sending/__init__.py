"""The way of a text to its gateway: claimed, handed over, recorded, reported on."""
