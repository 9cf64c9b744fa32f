"""`dialer verify` compares the papers of tickets with their store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dialer.bootstrap import Site, opened
from dialer.domain.attachment import Attachment, AttachmentKind
from dialer.settings import Paths, Settings, StorageSettings
from dialer.verification import verify
from tests.builders import a_ticket, at, moved
from tests.storage.stories import given_case

CONTENT = b"\x89PNG\r\n\x1a\nscan"


async def _attached(site: Site, folder: Path) -> None:
    (folder / "scan").write_bytes(CONTENT)
    await site.attachments.put("tickets/scan.png", folder / "scan")
    stored = await site.attachments.head("tickets/scan.png")
    case = await given_case(site.storage)
    async with site.storage.begin() as work:
        ticket = await work.tickets.add(a_ticket(case_id=case.id), moved())
        await work.papers.put_attachment(
            Attachment(
                0,
                ticket.id,
                "页.png",
                AttachmentKind.PNG,
                stored.size_bytes,
                stored.sha256,
                "tickets/scan.png",
                "l4",
                at(9),
            )
        )


def _left_alone(_file: Path) -> None:
    pass


def _changed(file: Path) -> None:
    file.write_bytes(CONTENT[:-1] + b"N")


@pytest.mark.parametrize(
    ("damage", "faults"), [(_left_alone, []), (Path.unlink, ["ATTACHMENT_BROKEN"]), (_changed, ["ATTACHMENT_BROKEN"])]
)
async def test_a_paper_that_is_gone_or_changed_is_named(
    tmp_path: Path, damage: Callable[[Path], None], faults: list[str]
) -> None:
    paths = Paths(data_key=tmp_path / "key", sealed=tmp_path / "sealed", attachments=tmp_path / "attachments")
    settings = Settings(paths=paths, storage=StorageSettings(url=f"sqlite+aiosqlite:///{tmp_path}/dialer.db"))
    async with opened(settings) as site:
        await _attached(site, tmp_path)
        damage(tmp_path / "attachments" / "tickets" / "scan.png")
        report = await verify(site)
    assert [fault.kind for fault in report.faults] == faults
    assert report.attachments == 1
