"""Write the parts of ``docs/`` that follow from the code; a test fails while they differ."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"(<!-- begin: (?P<name>[a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> int:
    """Write what has changed, or say it; 1 when ``--check`` finds something."""
    options = parse(sys.argv[1:])
    sys.path.insert(0, str(ROOT))
    stale = {path: text for path, text in wanted(publish=options.publish).items() if read(path) != text}
    for path, text in stale.items():
        print(
            f"{'not current' if options.dry_run or options.check else 'written'}: {path.relative_to(ROOT).as_posix()}"
        )
        if not (options.dry_run or options.check):
            path.write_text(text, encoding="utf-8", newline="\n")
    return 1 if options.check and stale else 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="Tools/docs.py",
        description="Write the generated parts of docs/: routes, error codes, scopes, shapes, settings, events and "
        "commands, between the marks <!-- begin: … --> and <!-- end -->. Run it with .venv's Python.",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be written and change nothing")
    parser.add_argument("--check", action="store_true", help="as --dry-run, and end with 1 when there is something")
    parser.add_argument(
        "--publish",
        action="store_true",
        help="also write down the API as published: at a release, or before the first one",
    )
    return parser.parse_args(arguments)


def wanted(*, publish: bool) -> dict[Path, str]:
    """Build each page's text as it should be, by its path."""
    from docs_api import document
    from docs_blocks import BLOCKS
    from published_api import PUBLISHED, promise_of, text_of

    def fill(found: re.Match[str]) -> str:
        return f"{found[1]}\n{BLOCKS[found['name']]()}\n\n{found[3]}"

    pages = {path: BLOCK.sub(fill, path.read_text(encoding="utf-8")) for path in sorted((ROOT / "docs").glob("*.md"))}
    return pages | ({PUBLISHED: text_of(promise_of(document()))} if publish else {})


def read(path: Path) -> str | None:
    """Return what is there."""
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
