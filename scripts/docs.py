"""Build the documentation site from pages, notebooks and code, and check its links.

    python -m scripts.docs [--site FOLDER]

The sources are copied in the layout of the repository, so that the same links work on a
code-hosting page and on the site. Prints one line per problem and exits with 1 if mkdocs reports a
warning or a link inside the site has no target.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from scripts.reference_pages import generated_pages

TOP = Path(__file__).resolve().parent.parent
COPIED = (
    "*.md",
    "docs/**/*.*",
    "LICENSE",
    "ari_notebook/simulator/sample_config/*.conf",
    "notebooks/pictures/*",
)


def lay_out(folder: Path) -> None:
    """Copy the sources to a folder and write the generated pages."""
    shutil.rmtree(folder, ignore_errors=True)
    for pattern in COPIED:
        for path in TOP.glob(pattern):
            copy = folder / path.relative_to(TOP)
            copy.parent.mkdir(parents=True, exist_ok=True)
            content = path.read_bytes()
            if path.suffix == ".md":  # GitHub needs \| in code in a table; Python-Markdown does not
                content = content.replace(rb"\|", b"|")
            copy.write_bytes(content)
    (folder / "notebooks").mkdir(exist_ok=True)
    for path in TOP.glob("notebooks/*.ipynb"):
        # mkdocs resolves links from pages to notebooks, but not those between notebooks.
        text = re.sub(r"(\]\([\w-]+)\.ipynb\)", r"\1.html)", path.read_text(encoding="utf-8"))
        (folder / "notebooks" / path.name).write_text(text, encoding="utf-8")
    for name, text in generated_pages().items():
        page = folder / "docs" / "reference" / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")


class _Links(HTMLParser):
    """The links of a page, and the anchors in it."""

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


def broken_links(site: Path) -> Iterator[str]:
    """Yield one line per link inside a site whose file or anchor does not exist."""
    pages: dict[Path, _Links] = {}
    for path in site.rglob("*.html"):
        pages[path] = _Links()
        pages[path].feed(path.read_text(encoding="utf-8"))
    for page, read in pages.items():
        if page.name == "404.html":  # its links are absolute: servers show it at any address
            continue
        for link in dict.fromkeys(read.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = page.parent / unquote(parts.path) if parts.path else page
            target = target.resolve()
            if target.is_dir():
                target = target / "index.html"
            anchor = unquote(parts.fragment)
            if not target.exists():
                yield f"{page.relative_to(site)}: {link}: no such file"
            elif anchor and target in pages and anchor not in pages[target].anchors:
                yield f"{page.relative_to(site)}: {link}: no such anchor"


def main() -> int:
    """Build the site and check its links; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--site", type=Path, default=TOP / "site", metavar="FOLDER")
    site = parser.parse_args().site.resolve()
    lay_out(TOP / "build" / "docs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--clean"]
    built = subprocess.run(
        [*command, "--site-dir", str(site)],
        cwd=TOP,
        env={**os.environ, "PYTHONPATH": str(TOP)},  # mkdocs.yml names scripts.mermaid
    )
    if built.returncode:
        return 1
    broken = list(broken_links(site))
    if broken:
        print(*broken, sep="\n")
        return 1
    pages = sum(1 for _ in site.rglob("*.html"))
    print(f"{pages} pages in {site}; every link between them has a target")
    return 0


if __name__ == "__main__":
    sys.exit(main())
