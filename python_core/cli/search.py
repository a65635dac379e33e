"""``smrthub search``: find what was captured by words."""

from __future__ import annotations

from typing import Any

import click

from python_core.cli.options import json_option, limit_option, list_items, reach_hub, scope_options
from python_core.cli.terminal import local_time, make_console, marked, note, say_json

KINDS = ("clip", "visit", "output")
_MARK = "bold yellow"


class _Search(click.Command):
    """A command whose words may begin with a dash: ``-h`` and ``-v`` alone are options, ``-house`` is a word."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the words with a dash behind all else, where nothing is an option."""
        words = [each for each in args if each[:1] == "-" and each[1:2] not in ("", "-") and each not in ("-h", "-v")]
        rest = [each for each in args if each not in words]
        return super().parse_args(ctx, [*rest, *(() if "--" in rest else ("--",)), *words])


@click.command(cls=_Search)
@click.argument("words", metavar="WORDS…", nargs=-1, required=True)
@click.option("--kind", type=click.Choice(KINDS), multiple=True, help="Of this kind; can be given again.")
@scope_options
@limit_option(10)
@click.option("--verbose", "-v", is_flag=True, help="Say why each is found, and how well it fits.")
@json_option
def search(
    words: tuple[str, ...],
    kind: tuple[str, ...],
    limit: int,
    verbose: bool,
    as_json: bool,
    **scope: str | None,
) -> None:
    """Find clips, visited pages and outputs, best first.

    All WORDS must be there; also '"a phrase"', begin* and -without.

    For example: smrthub search 'light* -house' --kind visit --from 7d
    """
    query: dict[str, object] = {
        "q": " ".join(words),
        "kind": ",".join(dict.fromkeys(kind)) or None,
        "site": scope["site"],
        "app": scope["app"],
        "from": scope["from_time"],
        "to": scope["to_time"],
    }
    with reach_hub() as hub:
        page = list_items(hub, "/search", limit, query)
    if as_json:
        say_json(page)
        return
    if not page["items"]:
        note("Nothing was found.")
    show_hits(page["items"], verbose=verbose)
    if page["nextCursor"] is not None:
        note("There are more: --limit N")


def show_hits(hits: list[dict[str, Any]], *, verbose: bool = False) -> None:
    """Show hits of a search, with the words that were looked for marked; ``verbose``: with the reasons too."""
    from rich.padding import Padding

    console = make_console()
    for n, hit in enumerate(hits):
        if n:
            console.print()
        console.print(f"{hit['kind']} ", style="cyan", end="")
        console.print(f"{hit['id']}  {local_time(hit['at'])}")
        if hit["title"]:
            console.print("  ", marked(hit["title"], [], ""), sep="", overflow="ellipsis", no_wrap=True)
        if hit["snippet"]:
            console.print(Padding(marked(hit["snippet"], hit["marks"], _MARK), (0, 0, 0, 2), expand=False))
        origin = "  ".join(hit.get("source", {}).get(name, "") for name in ("app", "url")).strip()
        if origin:
            console.print(
                "  ", marked(f"from {origin}", [], ""), sep="", style="dim", overflow="ellipsis", no_wrap=True
            )
        if hit.get("folded"):
            console.print(f"  and {hit['folded']} more that say the same", style="dim")
        if verbose:
            console.print(f"  {', '.join(hit['why'])}; score {hit['score']:.2f}", style="dim")
