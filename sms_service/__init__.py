"""Jalur Aman: an SMS and USSD information service for people who may leave to work abroad."""
