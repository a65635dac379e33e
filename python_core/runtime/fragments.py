"""The forms a clip comes in: what callers send, checked and turned into rows."""

from __future__ import annotations

import binascii
from typing import Annotated

import msgspec

from python_core.errors import BadInput
from python_core.runtime.shapes import Body
from python_core.smrtdetect.filetype import detect
from python_core.smrtdetect.words import words_of_clip
from python_core.store.clips import FragmentRow
from python_core.utils.ids import digest_of

#: Leading bytes of the image formats that are taken, and where they stand.
_IMAGE_MAGIC: dict[str, tuple[tuple[int, bytes], ...]] = {
    "image/png": ((0, b"\x89PNG\r\n\x1a\n"),),
    "image/jpeg": ((0, b"\xff\xd8\xff"),),
    "image/gif": ((0, b"GIF8"),),
    "image/webp": ((0, b"RIFF"), (8, b"WEBP")),
}
_CONTROL = frozenset(chr(n) for n in range(32)) | {"\x7f"}

Content = Annotated[str, msgspec.Meta(min_length=1)]


class Fragment(Body, frozen=True, kw_only=True, tag_field="type"):
    """One form of what was copied: ``content_at(pointer)`` gives its MIME type and bytes (faults are told at the pointer),
    ``text()`` what of it can be read.
    """


class TextFragment(Fragment, frozen=True, kw_only=True, tag="text"):
    """Plain text, kept as it is."""

    content: Content

    def content_at(self, pointer: str) -> tuple[str, bytes]:
        return "text/plain", self.content.encode()

    def text(self) -> str:
        return self.content


class HtmlFragment(Fragment, frozen=True, kw_only=True, tag="html"):
    """Marked-up text, kept as it is and never served as HTML."""

    content: Content

    def content_at(self, pointer: str) -> tuple[str, bytes]:
        return "text/html", self.content.encode()

    def text(self) -> str:
        return self.content


class ImageFragment(Fragment, frozen=True, kw_only=True, tag="image"):
    """A PNG, JPEG, GIF or WebP picture in base64; ``textLikely``: it seems to show text."""

    content: Content
    mime: str | None = None
    text_likely: bool | None = None

    def content_at(self, pointer: str) -> tuple[str, bytes]:
        try:
            picture = binascii.a2b_base64(self.content, strict_mode=True)
        except (binascii.Error, ValueError):
            raise BadInput.at(f"{pointer}/content", "is not base64") from None
        for mime, marks in _IMAGE_MAGIC.items():
            if all(picture.startswith(mark, at) for at, mark in marks):
                if self.mime not in (None, mime):
                    raise BadInput.at(f"{pointer}/mime", f"says otherwise than the picture, which is {mime}")
                return mime, picture
        raise BadInput.at(f"{pointer}/content", "is no PNG, JPEG, GIF or WebP picture")

    def text(self) -> str:
        return ""


class FilesFragment(Fragment, frozen=True, kw_only=True, tag="files"):
    """Paths of copied files; stored, and digested, as UTF-8 lines."""

    paths: Annotated[
        list[Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]],
        msgspec.Meta(min_length=1, max_length=1000),
    ]

    def content_at(self, pointer: str) -> tuple[str, bytes]:
        for n, path in enumerate(self.paths):
            if not _CONTROL.isdisjoint(path):
                raise BadInput.at(f"{pointer}/paths/{n}", "holds a control character")
        return "text/plain", "\n".join(self.paths).encode()

    def text(self) -> str:
        return "\n".join(self.paths)


AnyFragment = TextFragment | HtmlFragment | ImageFragment | FilesFragment


def row_of(fragment: AnyFragment, ordinal: int, digest: str | None) -> tuple[FragmentRow, bytes]:
    """Judge one fragment: its row (a picture's content is None there: it becomes a blob) and its bytes.

    :raises BadInput: it is not what its type says, or ``digest`` is not its own.
    """
    pointer = f"/fragments/{ordinal}"
    mime, content = fragment.content_at(pointer)
    own = digest_of(content)
    if digest is not None and digest != own:
        raise BadInput.at(f"/encounter/digests/{ordinal}", "is not the digest of this fragment")
    found = detect(fragment.content) if isinstance(fragment, TextFragment) else None
    picture = isinstance(fragment, ImageFragment)
    row = FragmentRow(
        ordinal=ordinal,
        type=_tag_of(fragment),
        mime=mime,
        digest=own,
        size=len(content),
        content=None if picture else content,
        text_likely=fragment.text_likely if isinstance(fragment, ImageFragment) else None,
        type_id=found.type_id if found else None,
        type_group=found.group if found else None,
        type_confidence=found.confidence if found else None,
        type_extension=found.extension if found else None,
    )
    return row, content


def words_of(fragments: list[AnyFragment]) -> str:
    """Return what search finds a clip by."""
    return words_of_clip((_tag_of(fragment), fragment.text()) for fragment in fragments)


def _tag_of(fragment: AnyFragment) -> str:
    return str(fragment.__struct_config__.tag)
