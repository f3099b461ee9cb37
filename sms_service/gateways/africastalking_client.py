"""Africa's Talking's SDK, with its one request function replaced. Imported on the first send: it is slow.

The SDK builds the request (address, headers, form) and hands it to `_make_request`, which on a refusal keeps
the body but drops the status, retries nothing, follows redirects with the key in a header of its own, and
waits for ever on an answer that drips. Ours has the same signature and answers with status and text, so
that 401, 429 and 504 can be told apart and every call ends in time. tests/gateways hold the SDK to this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from africastalking.Application import ApplicationService
from africastalking.SMS import SMSService

from sms_service.gateways.calls import Answer, Limits, get, post


class BoundedSMSService(SMSService):  # type: ignore[misc]  # the SDK is not typed
    """`send(...)` returns an Answer and raises what calls.post raises."""

    def __init__(self, username: str, api_key: str, base_url: str, total: float) -> None:
        super().__init__(username, api_key)
        self._total = total
        if base_url:
            self._baseUrl = self._contentUrl = base_url.rstrip("/")

    def _make_request(
        self,
        url: str,
        method: str,
        headers: Mapping[str, str],
        data: Mapping[str, Any],
        params: None,
        callback: None = None,
        timeout: tuple[float, float] = (Limits.connect, Limits.read),
    ) -> Answer:
        return post(url, data, headers, Limits(*timeout, total=self._total))


class BoundedApplicationService(ApplicationService):  # type: ignore[misc]  # the SDK is not typed
    """`fetch_application_data()` returns an Answer and raises what calls.get raises."""

    def __init__(self, username: str, api_key: str, base_url: str, total: float) -> None:
        super().__init__(username, api_key)
        self._total = total
        if base_url:
            self._baseUrl = base_url.rstrip("/")

    def _make_request(
        self,
        url: str,
        method: str,
        headers: Mapping[str, str],
        data: None,
        params: Mapping[str, str],
        callback: None = None,
        timeout: tuple[float, float] = (Limits.connect, Limits.read),
    ) -> Answer:
        return get(url, params, headers, Limits(*timeout, total=self._total))
