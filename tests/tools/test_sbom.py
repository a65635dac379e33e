"""Tools/sbom.py: every package that the hub runs with, and what is vendored, in CycloneDX's form."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = Path(__file__).parent / "vendor"


def told(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "Tools/sbom.py", *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    ).stdout


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told())
    return found


@pytest.fixture(scope="module")
def cyclonedx() -> jsonschema_rs.Draft7Validator:
    schemas = [json.loads(path.read_text("utf-8")) for path in sorted(SCHEMAS.glob("*.json"))]
    whole = next(schema for schema in schemas if schema["$id"].endswith("/bom-1.6.schema.json"))
    registry = jsonschema_rs.Registry([(schema["$id"], schema) for schema in schemas], draft=jsonschema_rs.Draft7)
    return jsonschema_rs.Draft7Validator(whole, registry=registry, offline=True)


def test_it_is_a_valid_bill_of_materials(bill: dict[str, Any], cyclonedx: jsonschema_rs.Draft7Validator) -> None:
    faults = [f"{'/'.join(map(str, fault.instance_path))}: {fault.message}" for fault in cyclonedx.iter_errors(bill)]
    assert faults == []
    assert bill["$schema"] == "http://cyclonedx.org/schema/bom-1.6.schema.json"


@pytest.mark.parametrize(
    "change",
    [
        lambda bill: bill["components"][0].update(licenses=[{"license": {"id": "No such licence"}}]),
        lambda bill: bill["components"][0].update(versions="1"),
        lambda bill: bill["components"][-1]["components"][0]["hashes"][0].update(content="short"),
        lambda bill: bill["dependencies"].append({}),
    ],
    ids=["a licence that SPDX does not list", "an unknown member", "half a hash", "a dependency of nothing"],
)
def test_a_fault_in_one_would_be_seen(
    bill: dict[str, Any], cyclonedx: jsonschema_rs.Draft7Validator, change: Any
) -> None:
    faulty = copy.deepcopy(bill)
    change(faulty)
    assert not cyclonedx.is_valid(faulty)


def test_it_lists_every_pin_and_what_is_vendored(bill: dict[str, Any]) -> None:
    pinned = re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / "requirements/run.txt").read_text("utf-8"), re.MULTILINE)
    listed = [(each["name"], each["version"]) for each in bill["components"]]
    assert [each for each in listed if each[0] != "swagger-ui-dist"] == pinned
    assert listed[-1][0] == "swagger-ui-dist"
    assert {file["name"] for file in bill["components"][-1]["components"]} >= {"LICENSE", "swagger-ui-bundle.js"}


def test_each_package_that_is_installed_tells_its_licence(bill: dict[str, Any]) -> None:
    silent = [each["name"] for each in bill["components"] if "licenses" not in each and "properties" not in each]
    assert silent == []


def test_what_needs_what_refers_to_what_is_listed(bill: dict[str, Any]) -> None:
    refs = [each["bom-ref"] for each in bill["components"]]
    assert len(set(refs)) == len(refs)
    hub = bill["metadata"]["component"]["bom-ref"]
    edges = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}
    assert {*edges, *(ref for needed in edges.values() for ref in needed)} == {*refs, hub}
    assert any("flask@" in ref for ref in edges[hub])


def test_it_is_the_same_each_time_and_goes_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "sbom.json"
    assert told("--output", str(path), "--dry-run").endswith(f"to {path}\n")
    assert not path.exists()
    assert told("--output", str(path)) == ""
    assert path.read_text("utf-8") == told()
