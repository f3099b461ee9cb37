"""What gateways post, one form a kind of webhook."""

from __future__ import annotations

from sqlalchemy import func, select

from sms_service.runtime import Runtime

NUMBER = "+6281200000001"
SMS = {
    "date": "2026-11-21T02:00:00Z",
    "from": NUMBER,
    "id": "at-1",
    "linkId": "",
    "text": "CEK PT CONTOH",
    "to": "12362",
}
DELIVERY = {"id": "ATXid_1", "status": "Success", "phoneNumber": NUMBER, "networkCode": "51010"}
TURN = {
    "sessionId": "ATUid_1",
    "phoneNumber": NUMBER,
    "networkCode": "51010",
    "serviceCode": "*123*62#",
    "text": "1*2",
}
END = {
    "sessionId": "ATUid_1",
    "phoneNumber": NUMBER,
    "status": "Success",
    "durationInMillis": "900",
    "hopsCount": "3",
}
OPT_OUT = {"senderId": "12362", "phoneNumber": NUMBER}
SUBSCRIPTION = {"phoneNumber": NUMBER, "shortCode": "12362", "keyword": "INFO", "updateType": "Deletion"}
FORMS = {
    "sms": SMS,
    "delivery": DELIVERY,
    "ussd": TURN,
    "ussd-events": END,
    "opt-out": OPT_OUT,
    "subscription": SUBSCRIPTION,
}


def count(runtime: Runtime, table: type) -> int:
    """How many rows a table has."""
    with runtime.store.read() as tx:
        return tx.scalar(select(func.count()).select_from(table)) or 0
