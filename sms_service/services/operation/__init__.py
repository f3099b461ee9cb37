"""Keeping the service at work: signs of life, alarms, rehearsals, requests made twice."""
