"""Verbs that explain."""

from __future__ import annotations

import sys
from typing import Any

from ari_notebook import sessions
from ari_notebook.client.errors import UsageProblem
from ari_notebook.magics.context import Context
from ari_notebook.magics.grammar import VERBS, Argument, Given, Verb, verb
from ari_notebook.magics.suggest import suggest
from ari_notebook.spec import Declaration, UnknownName, builtin

_GROUP = "Reference"


class Page(str):
    """A text to read, shown as it is."""

    def __repr__(self) -> str:
        return str(self)


@verb("overview", "where things stand, and what to type next", connected=False, group=_GROUP)
def overview(context: Context, given: Given) -> Page:
    """What ``%ari`` alone says."""
    if not sessions.opened():
        return Page(
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
    return Page("\n".join(lines))


@verb(
    "help",
    "the verbs; or what one of them does",
    Argument("VERB", required=False, many=True, kind="verb"),
    group=_GROUP,
    connected=False,
    examples=("%ari help play",),
)
def help_(context: Context, given: Given) -> Page:
    """Explain the verbs."""
    words = [str(word) for word in given["VERB"] or ()]
    if not words:
        return Page(_all_verbs())
    name = " ".join(words)
    if name in VERBS:
        return Page(_one_verb(VERBS[name]))
    family = [each for each in VERBS.values() if each.name.startswith(f"{words[0]} ")]
    if family and len(words) == 1:
        return Page("\n\n".join(_one_verb(each) for each in family))
    if "." in name:
        return docs_page(name)
    raise UsageProblem(
        f"no verb is called {name!r}", suggest(name, VERBS) or "%ari help lists them."
    )


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
        "%ari help VERB explains a verb. A ; at the end of a line silences it.",
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


def declaration() -> Declaration:
    """The connected server's declaration, or the built-in one."""
    return sessions.current().declaration if sessions.opened() else builtin()


def docs_page(name: str) -> Page:
    """The reference of an operation, an event, a model or a resource.

    Raises:
        UsageProblem: there is none of that name.
    """
    try:
        return Page(declaration().docstring(name))
    except UnknownName as error:
        raise UsageProblem(str(error)) from None


@verb(
    "docs",
    "the reference of an operation, an event, a model, or a word of the dialplan",
    Argument("NAME", "the name of an operation, event or model, as channels.play", kind="docs"),
    group=_GROUP,
    method="help(ari.channels.play)",
    connected=False,
    examples=("%ari docs channels.play", "%ari docs StasisStart", "%ari docs Stasis"),
)
def docs(context: Context, given: Given) -> Page:
    """The reference."""
    from ari_notebook.simulator.dialplan.reference import describe

    name = str(given["NAME"])
    if name not in declaration().names:
        if name in VERBS:
            return Page(_one_verb(VERBS[name]))
        if text := describe(name):
            return Page(text)
    return docs_page(name)


@verb(
    "diff",
    "what the connected server's API has that the built-in declaration lacks, and the reverse",
    group=_GROUP,
    method="ari_notebook.spec.diff(ari_notebook.spec.builtin(), ari.declaration)",
    examples=("%ari diff",),
)
def diff_(context: Context, given: Given) -> Any:
    """Compare declarations: a row for everything that only one of them has."""
    import pandas as pd

    from ari_notebook.spec import diff

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
        sys.stdout.write("The server declares what the built-in declaration does.\n")
    return pd.DataFrame(rows, columns=["only in", "kind", "name"])
