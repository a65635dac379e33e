"""Writes what follows from ``schema.py``: the files in ``defaults/`` and ``schema/``, and the docs' tables.

``python -m python_core.config.generate`` writes them; a test fails while they differ.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from python_core.config.privacy_rules import PrivacyRules, default_rules
from python_core.config.sections import SECTIONS, AnySection

_HERE = Path(__file__).parent


def generated_files() -> dict[Path, str]:
    """Build every generated file's text by its path."""
    files: dict[Path, str] = {}
    for section in SECTIONS:
        files[_HERE / "defaults" / f"{section.name}-settings.defaults.json"] = _text(section.defaults())
        files[_HERE / "schema" / f"{section.name}-settings.schema.json"] = _text(json_schema(section))
    files[_HERE / "defaults" / "privacy-rules.defaults.json"] = _text(msgspec.to_builtins(default_rules()))
    files[_HERE / "schema" / "privacy-rules.schema.json"] = _text(rules_schema())
    return files


def rules_schema() -> dict[str, Any]:
    """Build the JSON Schema (2020-12) of the file of privacy rules."""
    [shape], parts = msgspec.json.schema_components([PrivacyRules], ref_template="#/$defs/{name}")
    whole = parts.pop(shape["$ref"].rpartition("/")[2])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **whole,
        "title": "privacy-rules.json",
        "required": ["rules"],
        "$defs": parts,
    }


def json_schema(section: AnySection) -> dict[str, Any]:
    """Build the JSON Schema (2020-12) of a section's file."""
    _, parts = msgspec.json.schema_components([section.struct])
    body = parts[section.struct.__name__]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": section.file_name,
        "description": body["description"],
        "type": "object",
        "properties": body["properties"],
    }


def settings_table(section: AnySection) -> str:
    """Render a section's settings as a Markdown table, a line a setting."""
    lines = ["| Setting | Default | Must be | Variable | What it does |", "|---|---|---|---|---|"]
    for each in section.settings:
        default = json.dumps(each.default) if each.default != () else "[]"
        cells = (f"`{each.name}`", f"`{default}`", each.rule, f"`{each.variable}`", each.help)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the generated files."""
    for path, text in generated_files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def _text(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
