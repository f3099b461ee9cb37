"""Gateways carry texts and USSD between the operators and us: one file a provider, one shape (base.py)."""
