"""The addresses that `run` prints when the service is ready."""

from __future__ import annotations

from sms_service.settings import Settings

_KINDS = ("ussd", "ussd-events", "sms", "delivery", "opt-out", "subscription")


def addresses(settings: Settings) -> list[str]:
    """Lines for a person: where to look, and what to enter at the gateway. Holds the webhook token."""
    base = settings.base_url
    token = settings.webhook_token[0]
    gateway = next((name for name in settings.sms_gateway if name != "console"), "africastalking")
    return [
        "",
        f"  console    {base}/console/",
        f"  API        {base}/api/v1/openapi.json",
        f"  health     {base}/readyz",
        f"  phone      make phone, or {base}/console/phone",
        "",
        f"  webhooks to enter at the gateway (this is {gateway}; their token is a secret):",
        *(f"  {kind:<13}{base}/webhooks/{gateway}/{token}/{kind}" for kind in _KINDS),
        "",
    ]
