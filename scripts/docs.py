"""Build the docs site of the pages, the notebooks and the docstrings, and check its links.

    python scripts/docs.py [--site FOLDER]

The sources are laid out as they lie in the repository, so that the same links work here and there.
Exit status 1, with a line for each: a page that mkdocs complains of, or a link inside the site that
leads nowhere.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

TOP = Path(__file__).resolve().parent.parent
COPIED = ("*.md", "docs/**/*.*", "LICENSE", "ari_notebook/config/*.conf", "notebooks/pictures/*")
# Where a reader of the reference begins; each with what its module says.
REFERENCE = {
    "connecting": ["ari_notebook.connect"],
    "session": ["ari_notebook.Session"],
    "errors": ["ari_notebook.client.errors"],
    "captures": [
        "ari_notebook.captures.capture.Capture",
        "ari_notebook.captures.opened",
        "ari_notebook.captures.replaying",
        "ari_notebook.captures.pictures.Pictures",
    ],
    "calls": ["ari_notebook.calls.Calls"],
    "simulator": [
        "ari_notebook.simulator.start",
        "ari_notebook.simulator.running.RunningSimulator",
        "ari_notebook.simulator.virtual.VirtualSimulator",
        "ari_notebook.simulator.faults.Faults",
    ],
    "testing": ["ari_notebook.testing"],
}


def lay_out(folder: Path) -> None:
    """Copy the sources into a folder, and write the pages that are only made of docstrings."""
    shutil.rmtree(folder, ignore_errors=True)
    for pattern in COPIED:
        for path in TOP.glob(pattern):
            copy = folder / path.relative_to(TOP)
            copy.parent.mkdir(parents=True, exist_ok=True)
            content = path.read_bytes()
            if path.suffix == ".md":  # elsewhere a table's | is escaped in code, too; not here
                content = content.replace(rb"\|", b"|")
            copy.write_bytes(content)
    (folder / "notebooks").mkdir(exist_ok=True)  # there where pictures are
    for path in TOP.glob("notebooks/*.ipynb"):
        # mkdocs follows the links of pages to notebooks, not those between notebooks.
        text = re.sub(r"(\]\([\w-]+)\.ipynb\)", r"\1.html)", path.read_text(encoding="utf-8"))
        (folder / "notebooks" / path.name).write_text(text, encoding="utf-8")
    (folder / "reference").mkdir()
    for name, objects in REFERENCE.items():
        text = "\n\n".join(f"::: {each}" for each in objects)
        page = f"# {name.capitalize()}\n\n{text}\n"
        (folder / "reference" / f"{name}.md").write_text(page, encoding="utf-8")


class _Links(HTMLParser):
    """The links of a page, and what it can be linked to by."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value and tag != "base":
                self.links.append(value)
            elif name == "srcset" and value:
                self.links += [each.split()[0] for each in value.split(",") if each.strip()]
            elif value and (name == "id" or (name == "name" and tag == "a")):
                self.anchors.add(value)


def broken(site: Path) -> Iterator[str]:
    """The links of a site that lead to no file, or to no place in it; a line for each."""
    pages: dict[Path, _Links] = {}
    for path in site.rglob("*.html"):
        pages[path] = _Links()
        pages[path].feed(path.read_text(encoding="utf-8"))
    for page, read in pages.items():
        if page.name == "404.html":  # its links are absolute: the server puts it anywhere
            continue
        for link in dict.fromkeys(read.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            where = page.parent / unquote(parts.path) if parts.path else page
            where = where.resolve()
            if where.is_dir():
                where = where / "index.html"
            anchor = unquote(parts.fragment)
            if not where.exists():
                yield f"{page.relative_to(site)}: {link}: there is no such file"
            elif anchor and where in pages and anchor not in pages[where].anchors:
                yield f"{page.relative_to(site)}: {link}: there is no such place in it"


def main() -> int:
    """Build and check; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--site", type=Path, default=TOP / "site", metavar="FOLDER")
    site = parser.parse_args().site.resolve()
    lay_out(TOP / "build" / "docs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--clean"]
    built = subprocess.run([*command, "--site-dir", str(site)], cwd=TOP)
    if built.returncode:
        return 1
    wrong = list(broken(site))
    print(*wrong, sep="\n", end="\n" if wrong else "")
    if not wrong:
        pages = sum(1 for _ in site.rglob("*.html"))
        print(f"{pages} pages in {site}, and no link between them leads nowhere")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
