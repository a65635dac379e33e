"""A signature is good for the file, the key and the purpose that it was made for, and for nothing else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from python_core.errors import BadInput, Conflict, HubError
from python_core.support.bundle_signing import check_can_sign, sign, signature_of, verify_signature

needs_openssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH is not installed")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "bundle.zip"
    path.write_bytes(b"what a bundle holds")
    return path


def make_key(path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "of a test", "-f", str(path)], check=True)
    return path


def public(key: Path) -> Path:
    return key.with_name(f"{key.name}.pub")


@needs_openssh
def test_a_signed_bundle_is_its_signers_and_no_others(bundle: Path, tmp_path: Path) -> None:
    mine, other = make_key(tmp_path / "mine"), make_key(tmp_path / "other")
    check_can_sign(bundle)
    assert sign(bundle, mine) == signature_of(bundle)
    fingerprint = verify_signature(bundle, public(mine))
    shown = subprocess.run(["ssh-keygen", "-lf", str(mine)], capture_output=True, text=True, check=True).stdout
    assert fingerprint in shown
    with pytest.raises(BadInput):
        verify_signature(bundle, public(other))
    bundle.write_bytes(b"what another bundle holds")
    with pytest.raises(BadInput):
        verify_signature(bundle, public(mine))


@needs_openssh
def test_a_signature_for_something_else_is_none(bundle: Path, tmp_path: Path) -> None:
    key = make_key(tmp_path / "mine")
    subprocess.run(["ssh-keygen", "-Y", "sign", "-q", "-f", str(key), "-n", "git", str(bundle)], check=True)
    with pytest.raises(BadInput):
        verify_signature(bundle, public(key))


@needs_openssh
@pytest.mark.parametrize("text", ["", "no key", "ssh-ed25519 AAAA\nsmrthub ssh-ed25519 BBBB", "ssh-ed25519 AAAA"])
def test_what_is_no_public_key_is_refused(bundle: Path, tmp_path: Path, text: str) -> None:
    signature_of(bundle).write_text("no signature", "utf-8")
    (tmp_path / "key.pub").write_text(text, "utf-8")
    with pytest.raises(BadInput):
        verify_signature(bundle, tmp_path / "key.pub")


@needs_openssh
def test_what_is_no_key_signs_nothing_and_says_so(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("no key", "utf-8")
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(HubError, match="is written, and not signed"):
        sign(bundle, tmp_path / "key")
    assert not signature_of(bundle).exists()


def test_nothing_is_signed_over_what_is_there(bundle: Path) -> None:
    signature_of(bundle).write_text("mine", "utf-8")
    with pytest.raises(Conflict):
        check_can_sign(bundle)


def test_without_a_signature_there_is_none(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not signed"):
        verify_signature(bundle, tmp_path / "key.pub")


def test_without_openssh_it_is_told_before_anything_is_made(bundle: Path) -> None:
    with pytest.raises(HubError, match="not installed"):
        check_can_sign(bundle, "a program that nobody has")
