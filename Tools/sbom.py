"""Write the software bill of materials: what the hub runs with, as CycloneDX JSON, from requirements/run.txt and what is installed.

Run: .venv/bin/python Tools/sbom.py [--output FILE] [--dry-run]. The same clone and packages make the same bytes.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VENDORED = ROOT / "python_core" / "net" / "assets" / "swagger" / "VENDORED.md"
PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?: ; (?P<marker>[^\\]+?))? *\\?$", re.MULTILINE)


def main() -> int:
    """Print it, or write it to a file."""
    parser = argparse.ArgumentParser(
        prog="Tools/sbom.py", description="Write the software bill of materials (CycloneDX JSON)."
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to stdout")
    parser.add_argument("--dry-run", action="store_true", help="say what would be written where, and write nothing")
    options = parser.parse_args()
    output: Path | None = options.output
    found = bill()
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    if options.dry_run:
        print(f"would write {len(found['components'])} components, {len(text):,} characters, to {output or 'stdout'}")
    elif output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8", newline="\n")
    return 0


def bill() -> dict[str, Any]:
    """Build the document: the hub, each pinned package, and what is vendored."""
    pins = list(PIN.finditer((ROOT / "requirements" / "run.txt").read_text("utf-8")))
    components = [_package(pin["name"], pin["version"], pin["marker"]) for pin in pins]
    names = {component["name"] for component in components}
    swagger = _swagger()
    version = re.search(r'^__version__ = "(.+)"$', (ROOT / "python_core/__init__.py").read_text("utf-8"), re.MULTILINE)
    assert version is not None
    hub = {
        "type": "application",
        "name": "smrthub",
        "version": version[1],
        "licenses": [{"expression": "MIT AND Apache-2.0"}],
    }
    hub["bom-ref"] = hub["purl"] = f"pkg:pypi/smrthub@{version[1]}"
    refs = {component["name"]: component["bom-ref"] for component in components}
    asked = re.findall(r'^  "([\w.-]+)', _section("dependencies"), re.MULTILINE)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": hub},
        "components": [*components, swagger],
        "dependencies": [
            {"ref": hub["bom-ref"], "dependsOn": sorted([*(refs[_plain(name)] for name in asked), swagger["bom-ref"]])},
            *({"ref": refs[name], "dependsOn": [refs[each] for each in _needs(name, names)]} for name in sorted(names)),
        ],
    }


def _section(name: str) -> str:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    return text.partition(f"\n{name} = [")[2].partition("\n]")[0]


def _package(name: str, version: str, marker: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "library", "name": name, "version": version}
    found["bom-ref"] = found["purl"] = f"pkg:pypi/{name}@{version}"
    if marker:  # some systems only
        found["properties"] = [{"name": "marker", "value": marker}]
    if licence := _licence(name):
        found["licenses"] = [licence]
    return found


def _licence(name: str) -> dict[str, Any] | None:
    """Return what the installed package says of its licence; None where it is not installed here or says nothing."""
    told = _metadata(name)
    if told is None:
        return None
    if expression := told.get("License-Expression"):
        return {"expression": expression}
    classes = [each.rpartition(" :: ")[2] for each in told.get_all("Classifier", []) if each.startswith("License ::")]
    text = classes[0] if classes else (told.get("License") or "").strip().partition("\n")[0]
    return {"license": {"name": text}} if text else None


def _needs(name: str, among: set[str]) -> list[str]:
    told = _metadata(name)
    asked = told.get_all("Requires-Dist", []) if told is not None else []
    plain = {_plain(re.split(r"[ \[<>=!~;(]", each, maxsplit=1)[0]) for each in asked if "extra ==" not in each}
    return sorted(plain & among)


def _metadata(name: str) -> Any:
    try:
        return metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _swagger() -> dict[str, Any]:
    title, text = VENDORED.read_text("utf-8").split("\n", 1)
    name, version = title.removeprefix("# ").split(" ")
    purl = f"pkg:npm/{name}@{version}"
    hashes = {file: digest for digest, file in re.findall(r"^([0-9a-f]{64})  (\S+)$", text, re.MULTILINE)}
    return {
        "type": "library",
        "name": name,
        "version": version,
        "bom-ref": purl,
        "purl": purl,
        "licenses": [{"expression": "Apache-2.0"}],
        "components": [
            {"type": "file", "name": file, "hashes": [{"alg": "SHA-256", "content": digest}]}
            for file, digest in sorted(hashes.items())
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
