"""The last look at every byte that would leave the machine: where it finds a secret or a captured word there is no bundle."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from python_core.errors import HubError
from python_core.support.masking import ID, Masker
from python_core.utils.redaction import redact

_ID = re.compile(ID)


class LeakFound(HubError):
    """A file would have told what it must not; nothing was written."""

    code = "leak_found"


def scan(contents: Mapping[str, bytes], masker: Masker, secrets: Sequence[str]) -> None:
    """Look at all files.

    :param secrets: tokens and keys that are known: they are looked for as they are.
    :raises LeakFound: naming the file and what kind of thing is in it, never the thing.
    """
    for name, content in contents.items():
        found = _found_in(content, masker, secrets)
        if found:
            raise LeakFound(
                f"No bundle was written: {found} stood in {name} of it. Leave that part out with --components, "
                "and tell the maintainers that its masking has a hole."
            )


def _found_in(content: bytes, masker: Masker, secrets: Sequence[str]) -> str:
    if any(secret.encode() in content for secret in secrets if secret):
        return "a token or key of this hub"
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        return "a text of another script"
    if any(root in text for root in masker.roots):
        return "the path of a folder of yours"
    plain = _ID.sub("id", text)
    if redact(plain) != plain:
        return "what looks like a secret, an address or a card number"
    if masker.foreign_words(plain):
        return "a word of what was captured"
    return ""
