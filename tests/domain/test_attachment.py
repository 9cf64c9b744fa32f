"""What a file is, its content says (rules §5.5)."""

from __future__ import annotations

import pytest

from dialer.domain.attachment import AttachmentKind, AttachmentTypeRefused, kind_of


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JF", AttachmentKind.JPEG),
        (b"\x89PNG\r\n\x1a\n", AttachmentKind.PNG),
        (b"%PDF-1.7", AttachmentKind.PDF),
    ],
)
def test_scans_photographs_and_pdfs_are_known_by_their_first_bytes(first: bytes, kind: AttachmentKind):
    assert kind_of(first) is kind
    assert kind.extension in ("jpg", "png", "pdf")


@pytest.mark.parametrize("first", [b"", b"<html>", b"MZ\x90\x00", b"PK\x03\x04", b"#!/bin/s", b" %PDF-1", b"<svg x"])
def test_nothing_that_could_run_passes_for_a_paper(first: bytes):
    with pytest.raises(AttachmentTypeRefused):
        kind_of(first)
