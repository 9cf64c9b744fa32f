"""Papers with a ticket: scans, photographs and PDFs. What a file is, its content says, never its name (rules §5.5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from dialer.domain.errors import DialerError
from dialer.domain.ticket import TicketId


class AttachmentTypeRefused(DialerError):
    """The file is no JPEG, PNG or PDF."""

    code = "ATTACHMENT_TYPE"


class AttachmentTooLarge(DialerError):
    """The file is larger than the site takes."""

    code = "ATTACHMENT_TOO_LARGE"


class TooManyAttachments(DialerError):
    """The ticket has as many papers as the site takes."""

    code = "ATTACHMENTS_TOO_MANY"


class AttachmentKind(StrEnum):
    """The files that are taken, by their media type: none of them can run."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    PDF = "application/pdf"

    @property
    def extension(self) -> str:
        """As a file's name ends."""
        return self.name.lower().replace("jpeg", "jpg")

    @property
    def is_image(self) -> bool:
        """Whether it can be shown in a page."""
        return self is not AttachmentKind.PDF


_MAGIC = {
    b"\xff\xd8\xff": AttachmentKind.JPEG,
    b"\x89PNG\r\n\x1a\n": AttachmentKind.PNG,
    b"%PDF-": AttachmentKind.PDF,
}
MAGIC_BYTES = max(map(len, _MAGIC))
"""How many of a file's first bytes tell what it is."""


def kind_of(first_bytes: bytes) -> AttachmentKind:
    """What a file is, by its first bytes. Raises AttachmentTypeRefused."""
    for magic, kind in _MAGIC.items():
        if first_bytes.startswith(magic):
            return kind
    raise AttachmentTypeRefused("only JPEG, PNG and PDF are taken, whatever the file is called")


@dataclass(frozen=True, slots=True)
class Attachment:
    """One paper of a ticket; the file's own name may tell of the customer, so `repr` leaves it out."""

    id: int
    ticket_id: TicketId
    name: str = field(repr=False)
    kind: AttachmentKind
    size_bytes: int
    sha256: str
    key: str
    by: str
    at: datetime
