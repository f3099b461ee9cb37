"""People known by number: language, district, consent, STOP."""
