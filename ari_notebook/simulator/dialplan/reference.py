"""Reference of dialplan applications and functions, shown by ``%ari docs``."""

from __future__ import annotations

import inspect
import re
from importlib.resources import files

from ari_notebook.simulator.dialplan.applications import APPLICATIONS

__all__ = ["FUNCTIONS", "describe", "names"]

# Function → syntax and value.
FUNCTIONS = {
    "CHANNEL": ("(name)", "channel item: name, state, language …; language, "
                "accountcode, tenantid and musicclass can be set"),
    "CALLERID": ("(num)", "caller ID: num, name or all, or rdnis for the redirecting number "
                 "of a diverted call; can be set"),
    "CONNECTEDLINE": ("(num)", "connected line: num, name or all; can be set"),
    "TIMEOUT": ("(absolute)", "seconds of the digit, response or absolute timeout; can be set"),
    "EXCEPTION": ("(reason)", "in extension e: reason, and the context, exten and "
                  "priority where the exception occurred"),
    "HOLD_INTERCEPT": ("(set)", "set it, and putting the channel on hold publishes an ARI event "
                       "(ChannelHold) and is not passed on; HOLD_INTERCEPT(remove) stops it"),
    "TALK_DETECT": ("(set)", "set it, and ARI events report when talking starts and ends on the "
                    "channel (ChannelTalkingStarted); TALK_DETECT(remove) stops it"),
    "TONE_DETECT": ("(440)", "can be set; an ARI event then reports a tone of that frequency in Hz "
                    "on the channel (ChannelToneDetected); TONE_DETECT(rx) is the count"),
    "PJSIP_TRANSFER_HANDLING": ("()", "set it to ari-only, and a transfer by the phone is left "
                                "to ARI applications (ChannelTransfer)"),
    "GLOBAL": ("(NAME)", "a global variable; can be set"),
    "DEVICE_STATE": ("(PJSIP/alice)", "state of a device, such as NOT_INUSE"),
    "DIALPLAN_EXISTS": ("(context,extension)", "1 if the extension exists"),
    "VALID_EXTEN": ("(context,extension)", "1 if the extension exists"),
    "CHANNEL_EXISTS": ("(name)", "1 if a channel of that name or id exists"),
    "HANGUPCAUSE_KEYS": ("()", "channels with a hangup cause of their own; always empty"),
    "CHANNELS": ("(expression)", "names of all channels that match the regular expression"),
    "EXTENSION_STATE": ("(extension@context)", "state of an extension's hint"),
    "HINT": ("(extension@context)", "devices of an extension's hint"),
    "CDR": ("(src)", "call detail record: src, dst, clid, channel …; can be set"),
    "VERSION": ("()", "Asterisk's version"),
    "REDIRECTING": ("(from-num)", "parties of a redirection, from, to or orig: num, name, all; "
                    "also reason and count; can be set"),
    "CALLERPRES": ("()", "deprecated; always empty"),
    "SHARED": ("(NAME,channel)", "variable that other channels can read; can be set"),
    "MASTER_CHANNEL": ("(NAME)", "variable of the channel that the call began with; can be set"),
    "GROUP": ("(category)", "the channel's group in a category; can be set"),
    "GROUP_LIST": ("()", "all groups of the channel"),
    "GROUP_COUNT": ("(group@category)", "number of channels in a group"),
    "GROUP_MATCH_COUNT": ("(expression@category)", "number of channels in groups that match the "
                          "regular expression"),
    "LOCK": ("(name)", "1 if the lock was free or is the channel's, else 0"),
    "TRYLOCK": ("(name)", "1 if the lock was free or is the channel's, else 0"),
    "UNLOCK": ("(name)", "1 if the channel held the lock, else 0"),
    "DIALGROUP": ("(name,add)", "list of devices to dial; can be set, added to and deleted from"),
    "FEATURE": ("(featuredigittimeout)", "option of features.conf; can be set for the channel"),
    "FEATUREMAP": ("(atxfer)", "keys of a feature; can be set for the channel"),
    "PRESENCE_STATE": ("(CustomPresence:name,value)", "presence state; always not_set"),
    "ODBC_FETCH": ("(id)", "always empty: there is no database"),
    "IFTIME": ("(times,weekdays,days,months?then:else)", "one of two texts, by the time"),
    "IFMODULE": ("(app_echo.so)", "1 if the module is loaded"),
    "SYSINFO": ("(numcalls)", "number of calls"),
    "QUEUE_EXISTS": ("(name)", "0: the simulator has no queues"),
    "QUEUE_MEMBER": ("(name,free)", "0: the simulator has no queues"),
    "QUEUE_MEMBER_COUNT": ("(name)", "0: the simulator has no queues"),
    "QUEUE_WAITING_COUNT": ("(name)", "0: the simulator has no queues"),
    "BLACKLIST": ("()", "0: the simulator has no blacklist"),
    "CONFBRIDGE_INFO": ("(parties,name)", "0: the simulator has no ConfBridge"),
    "VMCOUNT": ("(mailbox)", "0: the simulator has no voicemail"),
    "LOCAL_PEEK": ("(1,NAME)", "variable as an outer subroutine sees it"),
    "STACK_PEEK": ("(1,l)", "where a subroutine returns to"),
    "EVAL_EXTEN": ("(context,extension,priority)", "data of a priority, its variables substituted"),
    "ICONV": ("(utf-8,latin1,text)", "text in another encoding"),
    "JSON_DECODE": ("(NAME,a.b)", "item of the JSON in a variable"),
    "SAYFILES": ("(42,number)", "sounds that say a value; also as alpha, digits, money, ordinal or "
                 "phonetic"),
    "IF": ("(condition?then:else)", "one of two texts"),
    "ISNULL": ("(text)", "1 if the text is empty"),
    "EXISTS": ("(text)", "1 if the text is not empty"),
    "SET": ("(NAME=value)", "sets a variable and returns its value"),
    "VARIABLE_EXISTS": ("(NAME)", "1 if the variable exists, else 0"),
    "DIGIT_SUM": ("(123)", "sum of a number's digits"),
    "RAND": ("(1,6)", "random number"),
    "MATH": ("(1+2,i)", "result of an arithmetic operation; i gives an integer"),
    "MIN": ("(1,2)", "smallest of the numbers"),
    "MAX": ("(1,2)", "largest of the numbers"),
    "ABS": ("(-1)", "absolute value"),
    "STRFTIME": ("(,,%H:%M)", "formatted time; default: now"),
    "STRPTIME": ("(12:30,,%H:%M)", "epoch seconds of a formatted time"),
    "BASENAME": ("(/a/b.c)", "the last part of a path"),
    "DIRNAME": ("(/a/b.c)", "a path without its last part"),
    "UUID": ("()", "random UUID"),
    "SORT": ("(a:2,b:1)", "names sorted by their numbers"),
    "DB": ("(family/key)", "AstDB entry; can be set"),
    "DB_EXISTS": ("(family/key)", "1 if the AstDB entry exists"),
    "DB_DELETE": ("(family/key)", "deletes an AstDB entry and returns its value"),
    "DB_KEYS": ("(family)", "keys of an AstDB family"),
    "ENV": ("(NAME)", "value set before; the host's environment is not exposed; can be set"),
    "HASH": ("(name,key)", "a value of a hash; can be set"),
    "HASHKEYS": ("(name)", "the keys of a hash"),
    "SHIFT": ("(NAME)", "removes and returns the first value of a list"),
    "POP": ("(NAME)", "removes and returns the last value of a list"),
    "PUSH": ("(NAME)", "set it to append the value to a list"),
    "UNSHIFT": ("(NAME)", "set it to insert the value at the start of a list"),
    "ARRAY": ("(A,B)", "set it to assign one value to each variable"),
    "INC": ("(NAME)", "increments the variable and returns its value"),
    "DEC": ("(NAME)", "decrements the variable and returns its value"),
    "LOCAL": ("(NAME)", "variable local to the subroutine; can be set"),
    "LEN": ("(text)", "length of a text"),
    "TOUPPER": ("(text)", "text in upper case"),
    "TOLOWER": ("(text)", "text in lower case"),
    "QUOTE": ("(text)", "a text in quotes"),
    "FILTER": ("(0-9,text)", "text without characters that are not allowed"),
    "REPLACE": ("(NAME,chars,by)", "variable's value with those characters replaced"),
    "STRREPLACE": ("(NAME,find,by,most)", "variable's value with a text replaced"),
    "FIELDNUM": ("(NAME,-,field)", "index of the field in a variable; 0 if absent"),
    "LISTFILTER": ("(NAME,-,field)", "variable's value without the fields of that value"),
    "EVAL": ("(text)", "text with its variables substituted again"),
    "CSV_QUOTE": ("(text)", "quoted text, its quotes doubled"),
    "CUT": ("(NAME,-,2)", "fields of a variable between delimiters"),
    "FIELDQTY": ("(NAME,-)", "number of fields of a variable"),
    "REGEX": ('("expression" text)', "1 if the regular expression matches the text"),
    "TRIM": ("(text)", "text without spaces at both ends"),
    "LTRIM": ("(text)", "text without leading spaces"),
    "RTRIM": ("(text)", "text without trailing spaces"),
    "URIENCODE": ("(text)", "text encoded for a URI"),
    "URIDECODE": ("(text)", "text decoded from a URI"),
    "MD5": ("(text)", "the MD5 of a text"),
    "SHA1": ("(text)", "the SHA-1 of a text"),
    "AES_ENCRYPT": ("(key,text)", "text encrypted with AES-128, as base64; the key has 16 octets"),
    "AES_DECRYPT": ("(key,base64)", "text decrypted with AES-128"),
    "BASE64_ENCODE": ("(text)", "a text as base64"),
    "BASE64_DECODE": ("(text)", "the text of base64"),
    "SPRINTF": ("(%03d,7)", "values formatted as by printf"),
    "KEYPADHASH": ("(text)", "phone keys that spell a text"),
    "SHELL": ("(echo -n text)", "output of a program; only echo is available"),
    "PASSTHRU": ("(text)", "the text itself"),
}  # fmt: skip


def names() -> list[str]:
    """Return the names of applications, then functions, as Asterisk spells them."""
    return [*(each.name for each in APPLICATIONS.values()), *FUNCTIONS]


def describe(name: str) -> str:
    """Return the reference of an application or function, or "" for an unknown name.

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
    """Return the lines of the simulator's default dialplan."""
    text = (files("ari_notebook.simulator") / "sample_config" / "extensions.conf").read_text(
        encoding="utf-8"
    )
    return [line.strip() for line in text.splitlines()]
