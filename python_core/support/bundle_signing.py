"""Sign a support bundle with a person's own SSH key, and say whether such a signature is good: OpenSSH does both.

No key of the hub's: it would prove no more than a digest does to who does not know it. An SSH key is one that others know already.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from python_core.errors import BadInput, Conflict, HubError

#: What the signature is for: one for mail or code is none for a bundle.
NAMESPACE = "smrthub-bundle"
_SIGNER = "smrthub"
_TOOL = "ssh-keygen"


def signature_of(path: Path) -> Path:
    """Name the file of a bundle's signature."""
    return path.with_name(f"{path.name}.sig")


def check_can_sign(path: Path, tool: str = _TOOL) -> None:
    """Make sure that a bundle of this name could be signed, before it is made.

    :raises HubError: OpenSSH is not there.
    :raises Conflict: a signature of that name is there already.
    """
    if signature_of(path).exists():
        raise Conflict(f"{signature_of(path)} is there already: give another name, nothing is overwritten.")
    _run([tool, "-?"])


def sign(path: Path, key: Path) -> Path:
    """Sign a file and return its signature's file; a passphrase is asked for by OpenSSH itself.

    :param key: a private key, or a public one whose private one an agent has.
    :raises HubError: it could not be signed.
    """
    code, said = _run([_TOOL, "-Y", "sign", "-q", "-f", str(key), "-n", NAMESPACE, str(path.absolute())])
    if code != 0 or not signature_of(path).exists():
        raise HubError(f"{path} is written, and not signed: {said or 'OpenSSH does not say why'}")
    return signature_of(path)


def verify_signature(path: Path, public_key: Path) -> str:
    """Make sure that a file bears a good signature by this key, and return the key's fingerprint.

    :raises BadInput: it bears none, or none by this key, or was changed since.
    """
    if not signature_of(path).is_file():
        raise BadInput(f"{path.name} is not signed: there is no {signature_of(path).name} beside it.")
    try:
        key = public_key.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        key = ""
    if not re.fullmatch(r"[a-z0-9@.-]+ [A-Za-z0-9+/=]+(?: [^\n]*)?", key):
        raise BadInput(f"{public_key} is no public key: it is one line, as in ~/.ssh/id_ed25519.pub.")
    with TemporaryDirectory() as folder, path.open("rb") as content:
        allowed = Path(folder) / "allowed"
        allowed.write_text(f"{_SIGNER} {key}\n", "utf-8")
        arguments = [_TOOL, "-Y", "verify", "-f", str(allowed), "-I", _SIGNER, "-n", NAMESPACE]
        code, said = _run([*arguments, "-s", str(signature_of(path))], content)
    found = re.search(r"SHA256:[A-Za-z0-9+/]{43}", said)
    if code != 0 or found is None:
        raise BadInput(f"{path.name} bears no good signature by that key.")
    return found[0]


def _run(command: list[str], stdin: IO[bytes] | None = None) -> tuple[int, str]:
    try:
        done = subprocess.run(
            command, stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
    except OSError:
        raise HubError(
            "Signatures are made and checked by OpenSSH's ssh-keygen, which is not installed here."
        ) from None
    return done.returncode, done.stdout.decode("utf-8", "replace").strip()
