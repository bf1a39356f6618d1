"""The page of the docs that lists the verbs, made from the grammar.

``python -m ari_notebook.magics.page > docs/magics.md`` writes it.
"""

from __future__ import annotations

import sys

from ari_notebook.magics.grammar import VERBS, Verb
from ari_notebook.magics.verbs import load_verbs

__all__ = ["page"]

_HEAD = """# The magics

<!-- Made by `python -m ari_notebook.magics.page`; a test compares it. -->

`%load_ext ari_notebook` gives `%ari` and `%%ari`. At the prompt, `%ari help VERB`,
`%ari VERB --help` and Tab tell the same. Every verb also takes `--on NAME`, where several servers
are connected. Beside these verbs, every operation of the connected server is one:
`%ari channels.play channelId=$channel media=sound:hello-world`.

`$name` and `{expression}` stand for the variables of the place where the line stands: a function's
own, then the notebook's. Quotes hold words together. A `;` at the end silences the result, and a
`#` that stands alone begins a comment. Verbs act on the channel that entered Stasis last, on the
one that `%ari select` chose, or in a handler on the channel of its event.

In the Python column, `channel`, `bridge`, `playback` are live objects, as the verbs return them.
"""


def page() -> str:
    """The page's text."""
    load_verbs()
    groups: dict[str, list[Verb]] = {}
    for verb in VERBS.values():
        groups.setdefault(verb.group, []).append(verb)
    parts = [_HEAD]
    for group, verbs in groups.items():
        parts.append(f"## {group}\n")
        parts.append("| verb | what it does | in Python | REST operation |\n|---|---|---|---|")
        parts += [_row(verb) for verb in verbs if verb.name != "overview"]
        parts.append("")
    return "\n".join(parts)


def _row(verb: Verb) -> str:
    cells = (_code(verb.usage), _text(verb.about), _code(verb.method), _code(verb.operation))
    return f"| {' | '.join(cells)} |"


def _text(text: str) -> str:
    return text.replace("|", r"\|").replace("<", "&lt;")


def _code(text: str) -> str:
    return f"`{text}`".replace("|", r"\|") if text else ""


if __name__ == "__main__":
    sys.stdout.write(page())
