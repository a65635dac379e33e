"""``smrthub bundle`` and ``bundle verify`` as a person types them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.terminals import Terminal


def test_a_bundle_of_a_running_hub_is_written_and_verified(smrthub: Terminal, tmp_path: Path) -> None:
    target = str(tmp_path / "bundle.zip")
    told = smrthub("bundle", "--output", target, "--json").json
    assert {part["state"] for part in told["parts"]} <= {"included", "empty"}
    assert {"review/index.html", "health/status.json"} <= {each["name"] for each in told["files"]}
    seen = smrthub("bundle", "verify", target)
    assert seen.code == 0
    assert "is whole" in seen.out
    assert smrthub("bundle", "verify", target, "--json").json["whole"] is True


def test_a_bundle_needs_no_hub_and_says_what_is_not_in_it(idle: Terminal, tmp_path: Path) -> None:
    target = tmp_path / "bundle.zip"
    seen = idle("bundle", "--output", str(target), "--since", "2h", "--components", "health,system")
    assert seen.code == 0, seen
    assert "SHA-256" in seen.out
    assert "status is not in it" in seen.err
    assert "review/index.html" in seen.err
    target.write_bytes(target.read_bytes()[:-100])
    assert idle("bundle", "verify", str(target)).code == 1


def test_what_is_no_component_and_no_zip_is_refused(idle: Terminal, tmp_path: Path) -> None:
    assert idle("bundle", "--components", "clips").code == 1
    assert idle("bundle", "--output", str(tmp_path / "bundle")).code == 1


def test_a_refusal_is_told_in_json_too(idle: Terminal, tmp_path: Path) -> None:
    target = tmp_path / "bundle.zip"
    target.write_bytes(b"mine")
    seen = idle("bundle", "--json", "--output", str(target))
    assert seen.code == 1
    assert json.loads(seen.out)["error"]["code"] == "conflict"
    assert "is there already" in seen.err
    assert target.read_bytes() == b"mine"


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH is not installed")
def test_a_bundle_is_signed_and_its_signature_checked(idle: Terminal, tmp_path: Path) -> None:
    key, target = tmp_path / "key", str(tmp_path / "bundle.zip")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    seen = idle("bundle", "--components", "system", "--output", target, "--sign", str(key))
    assert seen.code == 0, seen
    assert "bundle.zip.sig" in seen.err
    seen = idle("bundle", "verify", target, "--signed-by", f"{key}.pub")
    assert seen.code == 0, seen
    assert "Signed by SHA256:" in seen.out
    told = idle("bundle", "verify", target, "--signed-by", f"{key}.pub", "--json").json
    assert told["signedBy"] in seen.out
    Path(f"{target}.sig").unlink()
    assert idle("bundle", "verify", target, "--signed-by", f"{key}.pub").code == 1
