"""``smrthub export`` and ``import``: take what was captured elsewhere, check it there, and take it in again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from python_core.cli.options import EXIT_FAILED, json_option, time_options
from python_core.cli.progress import progress_bar
from python_core.cli.terminal import note, say, say_json, shown
from python_core.utils.timestamps import from_rfc3339

if TYPE_CHECKING:
    from python_core.support.export_format import Manifest
    from python_core.support.importing import Imported

KINDS: tuple[Literal["clip", "visit", "output"], ...] = ("clip", "visit", "output")
#: Faults that are shown one by one; --json tells more.
FAULTS_SHOWN = 20


@click.command("export")
@click.argument("words", metavar="[verify] FILE", nargs=-1, required=True)
@click.option("--kind", type=click.Choice(KINDS), multiple=True, help="Of this kind; can be given again.")
@click.option("--site", help="From this site, such as example.org; outputs that cite something from it.")
@time_options
@click.option(
    "--backup", is_flag=True, help="Write a backup: the whole store, with tokens and log, to be restored as it is."
)
@json_option
def export(
    words: tuple[str, ...],
    kind: tuple[Literal["clip", "visit", "output"], ...],
    site: str | None,
    from_time: str | None,
    to_time: str | None,
    backup: bool,
    as_json: bool,
) -> None:
    """Write all that was captured to FILE, or verify one.

    A name that ends in .zip makes one file, any other a folder. The hub may run meanwhile. `smrthub export verify history.zip`
    checks every hash, count and line of an export.
    """
    if len(words) == 2 and words[0] == "verify":
        _verify(Path(words[1]), as_json)
        return
    if len(words) != 1 or words[0] == "verify":
        raise click.UsageError("Give one name of a file or folder, or verify and one.")
    if backup:
        if kind or site or from_time or to_time:
            raise click.UsageError("A backup is whole: --kind, --site, --from and --to are for exports.")
        _back_up(Path(words[0]), as_json)
        return
    from python_core.support.exporting import Wanted, export_items

    times_ms = [None if text is None else from_rfc3339(text) for text in (from_time, to_time)]
    target = Path(words[0])
    with progress_bar("Exporting") as progress:
        manifest = export_items(_stored(), target, Wanted(site, *times_ms), kind or KINDS, progress)
    if as_json:
        say_json({"path": str(target.absolute()), "counts": manifest.counts})
    else:
        say(f"Exported {_counted(manifest)} to {shown(str(target))}")
    if manifest.counts.get("unreadable"):
        note(
            f"{manifest.counts['unreadable']} could not be read: unreadable.jsonl in it lists them. "
            "The store is damaged: see smrthub doctor --store"
        )
        sys.exit(EXIT_FAILED)


def _back_up(target: Path, as_json: bool) -> None:
    from python_core.support.backing_up import back_up

    with progress_bar("Backing up") as progress:
        manifest = back_up(_stored(), target, progress)
    pictures = manifest.counts["blobs"]
    if as_json:
        say_json({"path": str(target.absolute()), "counts": manifest.counts, "bytes": manifest.files["hub.db"].bytes})
    else:
        say(f"Backed up the store, with {_number(pictures, 'pictures')}, to {shown(str(target))}")
    if manifest.counts.get("unreadable"):
        note(f"{manifest.counts['unreadable']} pictures were missing or damaged already: see smrthub doctor --store")
        sys.exit(EXIT_FAILED)


def _verify(path: Path, as_json: bool) -> None:
    from python_core.support.verifying import verify_export

    with progress_bar("Verifying") as progress:
        manifest = verify_export(path, progress)
    if as_json:
        say_json({"whole": True, "exportedAt": manifest.exported_at, "counts": manifest.counts})
    else:
        held = _counted(manifest) or f"a backup with {_number(manifest.counts.get('blobs', 0), 'pictures')}"
        say(f"{shown(str(path))} is whole: {held}, of {manifest.exported_at}")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would be taken in.")
@click.option("--damaged", is_flag=True, help="Take what is whole of an export that is not as it was written.")
@click.option("--include-forgotten", is_flag=True, help="Take in again what was forgotten here.")
@click.option("--restore", is_flag=True, help="Put a backup, or a copy from the folder backups, in the store's place.")
@json_option
def import_(file: Path, dry_run: bool, damaged: bool, include_forgotten: bool, restore: bool, as_json: bool) -> None:
    """Take in what an export holds, beside what is stored.

    Items keep their ids. What is stored already stays as it is. The hub may run meanwhile. When it was interrupted, run it
    again: the rest goes in.
    """
    if restore:
        if dry_run or damaged:
            raise click.UsageError("A backup is put in place whole, or not at all: without --dry-run and --damaged.")
        _restore(file, as_json, include_forgotten=include_forgotten)
        return
    from python_core.support.importing import ImportChoice, import_items

    choice = ImportChoice(dry_run=dry_run, damaged=damaged, forgotten=include_forgotten)
    with progress_bar("Importing") as progress:
        found = import_items(_stored(), file, choice, progress)
    if as_json:
        faults = [fault._asdict() for fault in found.faults]
        say_json({"dryRun": dry_run, "counts": found.counts, "faults": faults})
    else:
        _say_imported(found, dry_run)
    if found.total("refused"):
        sys.exit(EXIT_FAILED)


def _restore(source: Path, as_json: bool, *, include_forgotten: bool) -> None:
    from python_core.support.restoring import restore
    from python_core.utils.config_path_resolver import resolve_paths

    with progress_bar("Restoring") as progress:
        found = restore(resolve_paths(), source, progress, include_forgotten=include_forgotten)
    if as_json:
        aside = None if found.aside is None else str(found.aside)
        say_json(
            {
                "restored": str(source.absolute()),
                "aside": aside,
                "missingPictures": found.missing,
                "knowsAccess": found.knows_access,
                "stayForgotten": found.forgotten,
            }
        )
        return
    say("Restored. Start the hub with: smrthub serve")
    if found.aside is not None:
        say(f"The store before lies in {shown(str(found.aside))} until the hub has started.")
    if found.forgotten:
        say(f"{found.forgotten:,} items of it were forgotten since, and stay so.")
    elif found.forgotten is None and found.aside is not None and not include_forgotten:
        note("What was forgotten after the backup was made is there again, since it cannot be known: forget it anew.")
    if not found.knows_access:
        note("Tokens that were revoked or exchanged after the backup was made work again: see smrthub token list")
    if found.missing:
        note(f"{found.missing:,} pictures that it names are not there: they were removed since.")


def _say_imported(found: Imported, dry_run: bool) -> None:
    titles = {
        "known": "were there already",
        "forgotten": "were forgotten here: --include-forgotten takes them in again",
        "conflict": "differ from what is stored",
        "refused": "are faulty",
    }
    added = [_number(counts["added"], name) for name, counts in found.counts.items() if counts["added"]]
    say(f"{'Would take in' if dry_run else 'Took in'} {', '.join(added) or 'nothing'}")
    for state, title in titles.items():
        if found.total(state):
            say(f"  {found.total(state):,} {title}")
    for fault in found.faults[:FAULTS_SHOWN]:
        note(shown(f"  {fault.file}, line {fault.line}: {fault.reason}"))
    if len(found.faults) > FAULTS_SHOWN:
        note("  There are more: --json")


def _counted(manifest: Manifest) -> str:
    kinds = [name for name in ("clips", "visits", "outputs") if name in manifest.counts]
    return ", ".join(_number(manifest.counts[name], name) for name in kinds)


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun if count != 1 else noun.removesuffix('s')}"


def _stored() -> Path:
    """Name the folder of the store; it is found without the hub."""
    from python_core.utils.config_path_resolver import resolve_paths

    return resolve_paths().stored()
