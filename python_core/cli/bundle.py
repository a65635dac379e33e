"""``smrthub bundle``: one file for who helps, with nothing in it that was copied or read."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import click

from python_core.cli.options import json_option, moment_of
from python_core.cli.progress import progress_bar
from python_core.cli.terminal import note, say, say_json, shown
from python_core.errors import BadInput, HubError
from python_core.utils.timestamps import from_rfc3339, now_ms

if TYPE_CHECKING:
    from python_core.support.bundle_format import BundleManifest, Component

DAY_MS = 86_400_000
EXISTING = click.Path(exists=True, path_type=Path, dir_okay=False)


@click.group(invoke_without_command=True)
@click.option(
    "--since", metavar="TIME", callback=moment_of, help="Logs from this time on: 2h, 3d, 2026-01-31; else 24h."
)
@click.option(
    "--components", metavar="NAMES", default="", help="Only these, by commas: logs,config,health,store,system."
)
@click.option(
    "--output", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Where to; ends in .zip."
)
@click.option("--sign", "key", metavar="KEY", type=EXISTING, help="Sign it with this SSH key: FILE.sig beside it.")
@json_option
@click.pass_context
def bundle(
    ctx: click.Context, since: str | None, components: str, output: Path | None, key: Path | None, as_json: bool
) -> None:
    """Write one file that helps others to help you.

    It holds logs, settings, health, counts, sizes and versions, and nothing that was copied or read. Open review/index.html in it
    before you send it. The hub need not run.
    """
    if ctx.invoked_subcommand is not None:
        return
    since_ms = now_ms() - DAY_MS if since is None else from_rfc3339(since)
    target = output or Path(f"smrthub-bundle-{datetime.now().astimezone():%Y%m%d-%H%M%S}.zip")
    try:
        manifest = _write(target, since_ms, _chosen(components), key)
    except HubError as fault:
        if as_json:
            say_json({"error": {"code": fault.code, "message": fault.message}})
        raise
    digest = sha256(target.read_bytes()).hexdigest()
    if as_json:
        say_json(_told(manifest, target, digest))
    else:
        _say_written(manifest, target, digest)


@bundle.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--signed-by", "key", metavar="KEY.pub", type=EXISTING, help="And signed with this SSH key.")
@json_option
def verify(file: Path, key: Path | None, as_json: bool) -> None:
    """Check that a bundle is as it was written."""
    from python_core.support.bundle_signing import verify_signature
    from python_core.support.bundle_verifying import verify_bundle

    manifest = verify_bundle(file)
    signer = None if key is None else verify_signature(file, key)
    if as_json:
        told = {"whole": True, "madeAt": manifest.made_at, "files": len(manifest.files)}
        say_json(told if signer is None else {**told, "signedBy": signer})
        return
    say(f"{shown(str(file))} is whole: {len(manifest.files)} files, made {manifest.made_at}")
    if signer is not None:
        say(f"Signed by {signer}")


def _write(target: Path, since_ms: int, chosen: list[Component], key: Path | None) -> BundleManifest:
    from python_core.client import HubClient
    from python_core.support.bundle_signing import check_can_sign, sign
    from python_core.support.bundling import write_bundle
    from python_core.support.machine import Machine
    from python_core.utils.config_path_resolver import resolve_paths

    if key is not None:
        check_can_sign(target)
    with progress_bar("Gathering") as progress:
        manifest = write_bundle(Machine(resolve_paths()), HubClient, target, since_ms, chosen, progress=progress)
    if key is not None:
        note(f"Signed: {shown(str(sign(target, key)))}")
    return manifest


def _told(manifest: BundleManifest, target: Path, digest: str) -> dict[str, object]:
    """Return what was written as JSON has it: the manifest, and the whole file's size and digest."""
    import msgspec

    told: dict[str, object] = msgspec.to_builtins(manifest)
    files = [{"name": name, "bytes": each.bytes, "sha256": each.sha256} for name, each in manifest.files.items()]
    return {**told, "path": str(target.absolute()), "bytes": target.stat().st_size, "sha256": digest, "files": files}


def _chosen(components: str) -> list[Component]:
    from python_core.support.bundle_format import COMPONENTS

    names = [name.strip() for name in components.split(",") if name.strip()]
    if not set(names) <= set(COMPONENTS):
        raise BadInput(f"Components are {', '.join(COMPONENTS)}.")
    return [each for each in COMPONENTS if not names or each in names]


def _say_written(manifest: BundleManifest, target: Path, digest: str) -> None:
    say(f"Wrote {shown(str(target))}, {target.stat().st_size:,} bytes")
    say(f"SHA-256 {digest}")
    for kind, times in manifest.redactions.items():
        say(f"  masked {kind}: {times:,}")
    for part in manifest.parts:
        if part.state in ("failed", "left out"):
            note(f"{part.name} is not in it: {part.reason}")
    for told in manifest.notes:
        note(told)
    note("Read review/index.html in it before you send it.")
