"""The web process: gateways' webhooks, the API, health."""
