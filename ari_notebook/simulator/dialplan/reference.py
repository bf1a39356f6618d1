"""What the dialplan's applications and functions do, for whoever reads an extensions.conf."""

from __future__ import annotations

import inspect
import re
from importlib.resources import files

from ari_notebook.simulator.dialplan.applications import APPLICATIONS

__all__ = ["FUNCTIONS", "describe", "names"]

# Function → how it is written, and what it gives.
FUNCTIONS = {
    "CHANNEL": ("(name)", "what the channel is: its name, state, language …; language, "
                "accountcode, tenantid and musicclass can be set"),
    "CALLERID": ("(num)", "who calls: num, name or all, or rdnis, from whom the call was "
                 "diverted; can be set"),
    "CONNECTEDLINE": ("(num)", "who is at the other end: num, name or all; can be set"),
    "TIMEOUT": ("(absolute)", "seconds until digit, response or absolute is over; can be set"),
    "EXCEPTION": ("(reason)", "in the extension e: why it runs, and the context, exten and "
                  "priority that it was called from"),
    "HOLD_INTERCEPT": ("(set)", "set it, and putting the channel on hold is told to ARI "
                       "(ChannelHold) and not passed on; HOLD_INTERCEPT(remove) ends that"),
    "TALK_DETECT": ("(set)", "set it, and ARI is told when talking begins and ends on the "
                    "channel (ChannelTalkingStarted); TALK_DETECT(remove) ends that"),
    "TONE_DETECT": ("(440)", "can be set, and ARI is told when a tone of that many Hz is heard on "
                    "the channel (ChannelToneDetected); TONE_DETECT(rx) says how often"),
    "PJSIP_TRANSFER_HANDLING": ("()", "set it to ari-only, and a transfer by the phone is left "
                                "to ARI's programs (ChannelTransfer)"),
    "GLOBAL": ("(NAME)", "a variable of the whole exchange; can be set"),
    "DEVICE_STATE": ("(PJSIP/alice)", "a device's state, as NOT_INUSE"),
    "DIALPLAN_EXISTS": ("(context,extension)", "1 where there is such an extension"),
    "VALID_EXTEN": ("(context,extension)", "1 where there is such an extension"),
    "CHANNEL_EXISTS": ("(name)", "1 where there is a channel of that name or id"),
    "CHANNELS": ("(expression)", "the names of all channels in which the expression is found"),
    "EXTENSION_STATE": ("(extension@context)", "the state of an extension's hint"),
    "HINT": ("(extension@context)", "the devices of an extension's hint"),
    "CDR": ("(src)", "of the call's record: src, dst, clid, channel …; can be set"),
    "VERSION": ("()", "Asterisk's version"),
    "IF": ("(condition?then:else)", "one of two texts"),
    "ISNULL": ("(text)", "1 where the text is empty"),
    "EXISTS": ("(text)", "1 where the text is not empty"),
    "SET": ("(NAME=value)", "sets a variable, and is its value"),
    "VARIABLE_EXISTS": ("(NAME)", "1 where there is such a variable, else 0"),
    "DIGIT_SUM": ("(123)", "the sum of a number's digits"),
    "RAND": ("(1,6)", "a random number"),
    "MATH": ("(1+2,i)", "a sum; with i a whole number"),
    "MIN": ("(1,2)", "the least of the numbers"),
    "MAX": ("(1,2)", "the greatest of the numbers"),
    "ABS": ("(-1)", "a number without its sign"),
    "STRFTIME": ("(,,%H:%M)", "a time as text; the present where none is given"),
    "STRPTIME": ("(12:30,,%H:%M)", "the seconds since 1970 of a time that stands as text"),
    "BASENAME": ("(/a/b.c)", "the last part of a path"),
    "DIRNAME": ("(/a/b.c)", "a path without its last part"),
    "UUID": ("()", "a new identifier that nobody else has"),
    "SORT": ("(a:2,b:1)", "names in the order of their numbers"),
    "DB": ("(family/key)", "an entry of the database; can be set"),
    "DB_EXISTS": ("(family/key)", "1 where there is such an entry"),
    "DB_DELETE": ("(family/key)", "takes an entry out, and gives it"),
    "DB_KEYS": ("(family)", "the keys below a family"),
    "ENV": ("(NAME)", "what was set as it before, nothing of the machine's own; can be set"),
    "HASH": ("(name,key)", "a value of a hash; can be set"),
    "HASHKEYS": ("(name)", "the keys of a hash"),
    "SHIFT": ("(NAME)", "takes the first value of a list out, and gives it"),
    "POP": ("(NAME)", "takes the last value of a list out, and gives it"),
    "PUSH": ("(NAME)", "set it, and the value comes to the end of a list"),
    "UNSHIFT": ("(NAME)", "set it, and the value comes to the beginning of a list"),
    "ARRAY": ("(A,B)", "set it, and each variable has one of the values"),
    "INC": ("(NAME)", "one more than the variable, which becomes it"),
    "DEC": ("(NAME)", "one less than the variable, which becomes it"),
    "LOCAL": ("(NAME)", "a variable of the subroutine; can be set"),
    "LEN": ("(text)", "how many characters a text has"),
    "TOUPPER": ("(text)", "a text in capitals"),
    "TOLOWER": ("(text)", "a text in small letters"),
    "QUOTE": ("(text)", "a text in quotes"),
    "FILTER": ("(0-9,text)", "what of a text is among the allowed characters"),
    "REPLACE": ("(NAME,chars,by)", "a variable with those characters replaced"),
    "STRREPLACE": ("(NAME,find,by,most)", "a variable with a text replaced"),
    "FIELDNUM": ("(NAME,-,field)", "which of a variable's fields it is; 0 where none is"),
    "LISTFILTER": ("(NAME,-,field)", "a variable without its fields of that value"),
    "EVAL": ("(text)", "a text with its variables replaced once more"),
    "CSV_QUOTE": ("(text)", "a text in quotes, those in it doubled"),
    "CUT": ("(NAME,-,2)", "a part of a variable between delimiters"),
    "FIELDQTY": ("(NAME,-)", "how many parts a variable has between delimiters"),
    "REGEX": ('("expression" text)', "1 where the expression is found in the text"),
    "TRIM": ("(text)", "a text without spaces at its ends"),
    "LTRIM": ("(text)", "a text without spaces at its beginning"),
    "RTRIM": ("(text)", "a text without spaces at its end"),
    "URIENCODE": ("(text)", "a text as it may stand in a URI"),
    "URIDECODE": ("(text)", "the text that stands in a URI"),
    "MD5": ("(text)", "the MD5 of a text"),
    "SHA1": ("(text)", "the SHA-1 of a text"),
    "BASE64_ENCODE": ("(text)", "a text as base64"),
    "BASE64_DECODE": ("(text)", "the text of base64"),
    "SPRINTF": ("(%03d,7)", "values in a form"),
    "KEYPADHASH": ("(text)", "the keys of a telephone that spell a text"),
    "SHELL": ("(echo -n text)", "what a program says; there is none but echo"),
    "PASSTHRU": ("(text)", "the text itself"),
}  # fmt: skip


def names() -> list[str]:
    """The applications, then the functions, as Asterisk spells them."""
    return [*(each.name for each in APPLICATIONS.values()), *FUNCTIONS]


def describe(name: str) -> str:
    """The reference of an application or a function; empty where there is none of that name.

    Args:
        name: as Asterisk spells it: ``Stasis``, ``CALLERID``.
    """
    application = APPLICATIONS.get(name.lower())
    if application is not None and application.name == name:
        about = (inspect.getdoc(application.program) or "").replace("``", "")
        used = [f"    {line}" for line in _demonstration() if re.search(rf"\b{name}\(", line)]
        used = list(dict.fromkeys(used))
        return "\n".join(
            [f"Dialplan application {name}", "", about, *(["", "As in:", *used] if used else [])]
        )
    if name in FUNCTIONS:
        form, about = FUNCTIONS[name]
        return f"Dialplan function {name}\n\n${{{name}{form}}}: {about}."
    return ""


def _demonstration() -> list[str]:
    """The dialplan that the simulator begins with, line by line."""
    text = (files("ari_notebook") / "config" / "extensions.conf").read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines()]
