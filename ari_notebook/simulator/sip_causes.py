"""How SIP's statuses and Q.850's causes stand for each other in Asterisk, as measured on 22.10."""

from __future__ import annotations

__all__ = ["cause_of_status", "condition_of_cause", "status_of_cause"]

INTERWORKING = 127

# A phone answered a call with this status: the cause the channel ends with.
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

# The exchange hangs up with this cause: the status it tells the phone. Others have none.
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
    """The Q.850 cause of a SIP status, 400 and above."""
    return _CAUSES.get(status, INTERWORKING)


def status_of_cause(cause: int) -> int | None:
    """The SIP status that the exchange hangs up with for a Q.850 cause; None for no special one."""
    return _STATUSES.get(cause)


def condition_of_cause(cause: int) -> str:
    """What is heard of a call that a phone refused with this cause: `Channel.control_frame`."""
    return {17: "BUSY", 34: "CONGESTION"}.get(cause, "HANGUP")
