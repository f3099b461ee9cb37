"""The tables, a module per noun. Import them from here: `from sms_service.store.models import Message`."""

from sms_service.store.models.base import Base
from sms_service.store.models.broadcasts import Broadcast, Community, CommunityMember
from sms_service.store.models.events import Event, EventGroup, EventNotice, Registration, Reminder
from sms_service.store.models.messages import ConsoleText, DeliveryReportRow, InboundMessage, Message
from sms_service.store.models.recruiters import Recruiter, RecruiterChange, RecruiterList, RecruiterMiss
from sms_service.store.models.reports import (
    PinFailure,
    Report,
    ReportCluster,
    ReportDraft,
    ReportLink,
    ReportNote,
    Surge,
)
from sms_service.store.models.staff import (
    ApiToken,
    AuditEntry,
    IdempotentAnswer,
    RecoveryCode,
    Staff,
    StaffSession,
)
from sms_service.store.models.subscribers import OptOut, Subscriber, SubscriberTopic
from sms_service.store.models.system import (
    ClockShift,
    ContentItem,
    DistrictCount,
    Effect,
    Heartbeat,
    KnownDataKey,
    Revision,
    TurnCount,
    UnknownWord,
    UssdSessionEnd,
)

__all__ = [
    "ApiToken",
    "AuditEntry",
    "Base",
    "Broadcast",
    "ClockShift",
    "Community",
    "CommunityMember",
    "ConsoleText",
    "ContentItem",
    "DeliveryReportRow",
    "DistrictCount",
    "Effect",
    "Event",
    "EventGroup",
    "EventNotice",
    "Heartbeat",
    "IdempotentAnswer",
    "InboundMessage",
    "KnownDataKey",
    "Message",
    "OptOut",
    "PinFailure",
    "RecoveryCode",
    "Recruiter",
    "RecruiterChange",
    "RecruiterList",
    "RecruiterMiss",
    "Registration",
    "Reminder",
    "Report",
    "ReportCluster",
    "ReportDraft",
    "ReportLink",
    "ReportNote",
    "Revision",
    "Staff",
    "StaffSession",
    "Subscriber",
    "SubscriberTopic",
    "Surge",
    "TurnCount",
    "UnknownWord",
    "UssdSessionEnd",
]
