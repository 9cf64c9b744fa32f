"""What is heard of a recording, and from where."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dialer.domain.errors import NotFound
from dialer.domain.user import Role, User
from dialer.domain.waveform import Waveform
from dialer.recording.local_store import LocalStore
from dialer.usecases.case_file import case_file
from dialer.usecases.hear_recordings import heard_in, waveform_of
from tests.builders import a_user
from tests.usecases.site import Site

LEADER = a_user(role=Role.CC_LEADER)
ELSEWHERE = a_user(role=Role.CC_LEADER, org="44/4403")


@dataclass
class Drawing:
    """Draws by counting, and remembers what it was asked."""

    asked: list[tuple[bytes, int]] = field(default_factory=list)

    async def waveform(self, encoded: bytes, *, sides: int) -> Waveform:
        self.asked.append((encoded, sides))
        return Waveform(b"customer", b"agent" if sides == 2 else None)


async def _sealed_talk(site: Site, tmp_path: Path, store: LocalStore) -> int:
    call = await site.talked(await site.a_case_is_due())
    await site.sealed()
    async with site.storage.read() as work:
        (recording,) = await work.recordings.of_call(call)
    (tmp_path / "sound").write_bytes(b"sound")
    assert recording.seal is not None
    await store.put(recording.seal.key, tmp_path / "sound")
    return recording.id


async def test_a_recording_is_drawn_once_and_only_for_who_may_hear_it(site: Site, tmp_path: Path) -> None:
    store, drawing = LocalStore(tmp_path / "store"), Drawing()
    recording_id = await _sealed_talk(site, tmp_path, store)

    async def look(user: User) -> Waveform:
        return await waveform_of(site.storage, store, drawing, user, recording_id)

    with pytest.raises(NotFound):
        await look(ELSEWHERE)
    assert await look(LEADER) == await look(LEADER) == Waveform(b"customer", b"agent")
    assert drawing.asked == [(b"sound", 2)]


async def test_an_answer_is_heard_from_the_questions_last_words_but_not_within_the_answer_before(site: Site) -> None:
    case = await site.a_case_is_due()
    call = await site.connected()
    first = await site.conversation(call)
    await site.answer(call, first.script.node(first.interview.node).options[0].code)  # at 6 s
    second = await site.conversation(call)
    site.later(seconds=-4)  # this answer comes at 8 s, two after the one before
    await site.answer(call, second.script.node(second.interview.node).options[0].code)
    await site.answer_everything(call)
    await site.over(call)
    await site.sealed()

    file = await case_file(site.storage, site.scripts, LEADER, case.id)
    places = sorted({(each.answer.offset_ms, each.from_ms) for each in file.answers})
    assert places[-1][0] - places[-1][1] == 4000
    for (earlier, _), (_, begins) in itertools.pairwise(places):
        assert begins >= earlier


async def test_a_recording_tells_whose_it_is_and_what_was_answered_in_it(site: Site) -> None:
    case = await site.a_case_is_due()
    call = await site.talked(case)
    await site.sealed()
    async with site.storage.read() as work:
        (recording,) = await work.recordings.of_call(call)

    (heard,) = await heard_in(site.storage, site.scripts, LEADER, recording.id)
    assert (heard.case.id, heard.call.agent, heard.playable.recording) == (case.id, "agent1", recording)
    assert heard.answers
    assert {each.recording_id for each in heard.answers} == {recording.id}
    with pytest.raises(NotFound):
        await heard_in(site.storage, site.scripts, ELSEWHERE, recording.id)
