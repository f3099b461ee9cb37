"""Live dialogues, for USSD and the walk by SMS: read from Redis, written to it a few milliseconds behind.

Kept per session: how many inputs it has taken, a hash of them, the State and the reply, so that a
repeated request gets the same reply; and per caller the place to go on from after a dropped call.
Everything here may be lost at any time: the dialogue is then recomputed from the gateway's cumulative
text. A write with fewer inputs than the stored one is ignored, so a late duplicate moves nothing back.
"""

from sms_service.ussd_sessions.behind import LEFT, PLACED, TURN_COUNTS, Count
from sms_service.ussd_sessions.records import Found, Place, Session, hash_inputs, pack_state, unpack_state
from sms_service.ussd_sessions.sessions import MISSES, PLACE_SECONDS, UssdSessions

__all__ = [
    "LEFT",
    "MISSES",
    "PLACED",
    "PLACE_SECONDS",
    "TURN_COUNTS",
    "Count",
    "Found",
    "Place",
    "Session",
    "UssdSessions",
    "hash_inputs",
    "pack_state",
    "unpack_state",
]
