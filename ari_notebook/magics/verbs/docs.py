"""Verbs that show help and the reference."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ari_notebook import sessions
from ari_notebook.client.errors import UsageProblem
from ari_notebook.client.tracebacks import last_traceback
from ari_notebook.magics.context import Context
from ari_notebook.magics.grammar import VERBS, Argument, ParsedLine, Verb, verb
from ari_notebook.schema import Declaration, UnknownName, builtin, diff, reference
from ari_notebook.schema.suggest import suggest
from ari_notebook.views import shows_pages

if TYPE_CHECKING:
    from ari_notebook.views.display.reference import HelpEntry, ReferencePages

_GROUP = "Reference"


class DocsText(str):
    """A text to read, shown as it is."""

    def __repr__(self) -> str:
        return str(self)


@verb(
    "traceback",
    "the full traceback of the last error",
    connected=False,
    group=_GROUP,
    method="ari_notebook.client.tracebacks.last_traceback()",
    examples=("%ari traceback",),
)
def traceback_(context: Context, given: ParsedLine) -> str:
    """Return the last error with all its frames."""
    return last_traceback()


@verb("overview", "the current state, and what to type next", connected=False, group=_GROUP)
def overview(context: Context, given: ParsedLine) -> DocsText:
    """Return the text of ``%ari`` alone."""
    if not sessions.opened():
        return DocsText(
            "Not connected.\n"
            "  %ari connect                         the embedded exchange: no Asterisk needed\n"
            "  %ari connect http://HOST:8088 --app hello-world --user asterisk\n"
            "  %ari help                            all verbs"
        )
    session = context.session
    status = session.status
    counts = [(status.channels, "channel"), (status.bridges, "bridge"), (status.events, "event")]
    lines = [
        f"{session.name}: {status.state}, {', '.join(session.apps)} on {status.asterisk} "
        f"at {session.url}",
        ", ".join(f"{number} {noun}{'' if number == 1 else 's'}" for number, noun in counts),
    ]
    ours = [row for row in session.tables.channels.values() if row.get("in_stasis")]
    if ours:
        lines += [f"In Stasis: {row.get('name', '')} {row.get('state', '')}" for row in ours[-5:]]
        first = "" if ours[-1].get("state") == "Up" else "%ari answer, "
        lines.append(f"Next: {first}%ari play hello-world, %ari record greeting, %ari hangup")
    else:
        lines.append("Next: %ari call 1000, then %ari wait StasisStart")
    lines.append("%ari help lists all verbs; %ari events shows what has happened.")
    return DocsText("\n".join(lines))


@verb(
    "help",
    "list the verbs; or explain one",
    Argument("VERB", required=False, many=True, kind="verb"),
    group=_GROUP,
    connected=False,
    examples=("%ari help play",),
)
def help_(context: Context, given: ParsedLine) -> str:
    """Explain the verbs."""
    words = [str(word) for word in given["VERB"] or ()]
    if not words:
        return _page(context, _all_verbs(), "help")
    name = " ".join(words)
    if name in VERBS:
        return _page(context, _one_verb(VERBS[name]), f"help {name}")
    family = [each for each in VERBS.values() if each.name.startswith(f"{words[0]} ")]
    if family and len(words) == 1:
        return _page(context, "\n\n".join(_one_verb(each) for each in family), f"help {name}")
    if "." in name:
        return docs_page(context, name)
    raise UsageProblem(f"unknown verb: {name!r}", suggest(name, VERBS) or "%ari help lists them.")


def _all_verbs() -> str:
    groups: dict[str, list[Verb]] = {}
    for each in VERBS.values():
        groups.setdefault(each.group, []).append(each)
    lines = []
    for group, verbs in groups.items():
        lines.append(group)
        lines += [f"  {each.name:<18} {each.about}" for each in verbs]
        lines.append("")
    lines += [
        "Operations",
        "  RESOURCE.OPERATION name=value …   every operation of the server: Tab completes them,",
        "                                    %ari docs channels.play explains one",
        "",
        "%ari help VERB explains a verb. A ; at the end of a line suppresses its output.",
    ]
    return "\n".join(lines)


def _one_verb(verb: Verb) -> str:
    lines = [verb.usage, "", f"{verb.about[0].upper()}{verb.about[1:]}."]
    options = [(f"{o.name} {o.value}".strip(), o.about) for o in verb.all_options()]
    if options:
        width = max(len(name) for name, _ in options) + 2
        lines += ["", *(f"  {name:<{width}}{about}" for name, about in options)]
    if verb.method:
        lines += ["", f"In Python: {verb.method}"]
    if verb.operation:
        lines.append(f"In ARI:    {verb.operation}")
    if verb.examples:
        lines += ["", *(f"  {line}" for each in verb.examples for line in each.splitlines())]
    return "\n".join(lines)


def _index() -> str:
    """Return all names of the reference."""
    known = declaration()
    lines = []
    for name, operations in known.resources.items():
        lines += [name, *(f"  {each.qualified_name}" for each in operations.values())]
    lines += ["Events", *(f"  {name}" for name in sorted(known.events))]
    lines += ["Models", *(f"  {name}" for name in sorted({*known.models} - {*known.events}))]
    return "\n".join([*lines, "", "%ari docs NAME explains one."])


def declaration() -> Declaration:
    """Return the connected server's declaration, or the built-in one."""
    return sessions.current().declaration if sessions.opened() else builtin()


def _page(context: Context, text: str, name: str) -> str:
    """Return a text of the reference; in a notebook with its page."""
    if not shows_pages(context.shell):
        return DocsText(text)
    from ari_notebook.views.pages.reference import Reference  # noqa: PLC0415  80 ms

    return Reference(text, name, _pages)


def _pages(live: bool) -> ReferencePages:
    from ari_notebook.simulator import (  # noqa: PLC0415  takes 70 ms
        dialplan_names,
        dialplan_reference,
    )
    from ari_notebook.views.display.reference import ReferencePages  # noqa: PLC0415  for a page

    entries = [_entry(each) for each in VERBS.values() if each.name != "overview"]
    return ReferencePages(declaration(), entries, dialplan_reference, dialplan_names(), live=live)


def _entry(verb: Verb) -> HelpEntry:
    from ari_notebook.views.display.reference import HelpEntry  # noqa: PLC0415  for a page

    return HelpEntry(
        verb.name,
        verb.usage,
        verb.about,
        verb.group,
        tuple((f"{o.name} {o.value}".strip(), o.about) for o in verb.all_options()),
        verb.method,
        verb.operation,
        verb.examples,
    )


def docs_page(context: Context, name: str) -> str:
    """Return the reference of an operation, an event, a model or a resource.

    Raises:
        UsageProblem: unknown name.
    """
    try:
        return _page(context, reference(declaration(), name), f"docs {name}")
    except UnknownName as error:
        if "." in name:
            raise UsageProblem(str(error)) from None
        raise UsageProblem(
            str(error),
            "The dialplan's words described here are those of the simulator; Asterisk's command"
            f" line describes all: core show application {name}, core show function {name}.",
        ) from None


@verb(
    "docs",
    "the reference of an operation, an event, a model, or a word of the dialplan; alone: all of it",
    Argument(
        "NAME",
        "the name of an operation, event or model, as channels.play",
        required=False,
        kind="docs",
    ),
    group=_GROUP,
    method="help(ari.channels.play)",
    connected=False,
    examples=("%ari docs channels.play", "%ari docs StasisStart", "%ari docs Stasis"),
)
def docs(context: Context, given: ParsedLine) -> str:
    """Return the reference."""
    from ari_notebook.simulator import dialplan_reference  # noqa: PLC0415  takes 70 ms

    if given["NAME"] is None:
        return _page(context, _index(), "docs")
    name = str(given["NAME"])
    if name not in declaration().names:
        if name in VERBS:
            return _page(context, _one_verb(VERBS[name]), f"help {name}")
        if text := dialplan_reference(name):
            return _page(context, text, f"docs {name}")
    return docs_page(context, name)


@verb(
    "diff",
    "what the connected server's API has that the built-in declaration lacks, and the reverse",
    group=_GROUP,
    method="ari_notebook.schema.diff(ari_notebook.schema.builtin(), ari.declaration)",
    examples=("%ari diff",),
)
def diff_(context: Context, given: ParsedLine) -> Any:
    """Compare declarations: one row per item that only one of them has."""
    import pandas as pd  # noqa: PLC0415  takes 0.4 s

    difference = diff(builtin(), context.session.declaration)
    rows = [
        (where, change.kind, change.name)
        for where, changes in (
            ("the server", difference.added),
            ("the built-in declaration", difference.removed),
        )
        for change in changes
    ]
    if not rows:
        sys.stdout.write("The server's declaration equals the built-in one.\n")
    return pd.DataFrame(rows, columns=["only in", "kind", "name"])
