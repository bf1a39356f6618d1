"""Hangup causes: Asterisk's texts, and the names allowed in a dialplan."""

from __future__ import annotations

from ari_notebook.simulator.numbers import natural

__all__ = [
    "CAUSES",
    "cause_number",
    "cause_of_status",
    "cause_text",
    "condition_of_cause",
    "status_of_cause",
]

# Q.850 causes and Asterisk's texts.
CAUSES = {
    0: "Unknown",
    1: "Unallocated (unassigned) number",
    2: "No route to specified transmit network",
    3: "No route to destination",
    6: "Channel unacceptable",
    16: "Normal Clearing",
    17: "User busy",
    18: "No user responding",
    19: "User alerting, no answer",
    20: "Subscriber absent",
    21: "Call Rejected",
    22: "Number changed",
    26: "Answered elsewhere",
    27: "Destination out of order",
    28: "Invalid number format",
    29: "Facility rejected",
    31: "Normal, unspecified",
    34: "Circuit/channel congestion",
    38: "Network out of order",
    41: "Temporary failure",
    42: "Switching equipment congestion",
    44: "Requested channel not available",
    50: "Facility not subscribed",
    52: "Outgoing call barred",
    58: "Bearer capability not available",
    65: "Bearer capability not implemented",
    66: "Channel not implemented",
    69: "Facility not implemented",
    88: "Incompatible destination",
    95: "Invalid message unspecified",
    101: "Message not compatible with call state",
    102: "Recover on timer expiry",
    127: "Interworking, unspecified",
}


def cause_text(cause: int) -> str:
    """Return Asterisk's text of a cause."""
    return CAUSES.get(cause, "Unknown")


_NUMBERS = {
    "UNALLOCATED": 1,
    "NO_ROUTE_TRANSIT_NET": 2,
    "NO_ROUTE_DESTINATION": 3,
    "MISDIALLED_TRUNK_PREFIX": 5,
    "CHANNEL_UNACCEPTABLE": 6,
    "CALL_AWARDED_DELIVERED": 7,
    "PRE_EMPTED": 8,
    "NUMBER_PORTED_NOT_HERE": 14,
    "NORMAL_CLEARING": 16,
    "USER_BUSY": 17,
    "NO_USER_RESPONSE": 18,
    "NO_ANSWER": 19,
    "SUBSCRIBER_ABSENT": 20,
    "CALL_REJECTED": 21,
    "NUMBER_CHANGED": 22,
    "REDIRECTED_TO_NEW_DESTINATION": 23,
    "ANSWERED_ELSEWHERE": 26,
    "DESTINATION_OUT_OF_ORDER": 27,
    "INVALID_NUMBER_FORMAT": 28,
    "FACILITY_REJECTED": 29,
    "RESPONSE_TO_STATUS_ENQUIRY": 30,
    "NORMAL_UNSPECIFIED": 31,
    "NORMAL_CIRCUIT_CONGESTION": 34,
    "NETWORK_OUT_OF_ORDER": 38,
    "NORMAL_TEMPORARY_FAILURE": 41,
    "SWITCH_CONGESTION": 42,
    "ACCESS_INFO_DISCARDED": 43,
    "REQUESTED_CHAN_UNAVAIL": 44,
    "FACILITY_NOT_SUBSCRIBED": 50,
    "OUTGOING_CALL_BARRED": 52,
    "INCOMING_CALL_BARRED": 54,
    "BEARERCAPABILITY_NOTAUTH": 57,
    "BEARERCAPABILITY_NOTAVAIL": 58,
    "BEARERCAPABILITY_NOTIMPL": 65,
    "CHAN_NOT_IMPLEMENTED": 66,
    "FACILITY_NOT_IMPLEMENTED": 69,
    "INVALID_CALL_REFERENCE": 81,
    "INCOMPATIBLE_DESTINATION": 88,
    "INVALID_MSG_UNSPECIFIED": 95,
    "MANDATORY_IE_MISSING": 96,
    "MESSAGE_TYPE_NONEXIST": 97,
    "WRONG_MESSAGE": 98,
    "IE_NONEXIST": 99,
    "INVALID_IE_CONTENTS": 100,
    "WRONG_CALL_STATE": 101,
    "RECOVERY_ON_TIMER_EXPIRE": 102,
    "MANDATORY_IE_LENGTH_ERROR": 103,
    "PROTOCOL_ERROR": 111,
    "INTERWORKING": 127,
}


def cause_number(text: str) -> int:
    """Return the cause of a name or number, or 0."""
    return _NUMBERS.get(text.strip().upper(), 0) or natural(text)


INTERWORKING = 127

# SIP status of a phone's response → cause of the channel's hangup.
_CAUSES = {
    401: 21,
    403: 21,
    404: 1,
    407: 21,
    408: 18,
    409: 41,
    410: 22,
    420: 3,
    480: 19,
    483: 19,
    484: 28,
    485: 1,
    486: 17,
    488: 58,
    500: 38,
    501: 29,
    502: 27,
    503: 34,
    504: 102,
    580: 34,
    600: 17,
    603: 21,
    604: 1,
    606: 58,
}

# Hangup cause → SIP status that the exchange sends; others have none.
_STATUSES = {
    1: 404,
    2: 404,
    3: 404,
    17: 486,
    18: 408,
    19: 480,
    20: 480,
    21: 403,
    22: 410,
    27: 502,
    28: 484,
    29: 501,
    31: 480,
    34: 503,
    38: 500,
    42: 503,
    58: 488,
    66: 503,
    127: 500,
}


def cause_of_status(status: int) -> int:
    """Return the Q.850 cause of a SIP status, 400 and above."""
    return _CAUSES.get(status, INTERWORKING)


def status_of_cause(cause: int) -> int | None:
    """Return the SIP status of a Q.850 cause, or None."""
    return _STATUSES.get(cause)


def condition_of_cause(cause: int) -> str:
    """Return the control frame of a call that a phone refused with this cause."""
    return {17: "BUSY", 34: "CONGESTION"}.get(cause, "HANGUP")
