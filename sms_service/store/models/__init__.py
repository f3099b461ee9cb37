"""The tables, a module per noun. Import them from here: `from sms_service.store.models import Message`."""

from sms_service.store.models.base import Base
from sms_service.store.models.events import Event, Registration, Reminder
from sms_service.store.models.messages import ConsoleText, DeliveryReportRow, InboundMessage, Message
from sms_service.store.models.recruiters import Recruiter, RecruiterChange, RecruiterList, RecruiterMiss
from sms_service.store.models.staff import ApiToken, AuditEntry, IdempotentAnswer, Staff
from sms_service.store.models.subscribers import OptOut, Subscriber
from sms_service.store.models.system import (
    ClockShift,
    ContentItem,
    Effect,
    Heartbeat,
    Revision,
    TurnCount,
    UnknownWord,
    UssdSessionEnd,
)

__all__ = [
    "ApiToken",
    "AuditEntry",
    "Base",
    "ClockShift",
    "ConsoleText",
    "ContentItem",
    "DeliveryReportRow",
    "Effect",
    "Event",
    "Heartbeat",
    "IdempotentAnswer",
    "InboundMessage",
    "Message",
    "OptOut",
    "Recruiter",
    "RecruiterChange",
    "RecruiterList",
    "RecruiterMiss",
    "Registration",
    "Reminder",
    "Revision",
    "Staff",
    "Subscriber",
    "TurnCount",
    "UnknownWord",
    "UssdSessionEnd",
]
