"""What is heard of a recording, and from where."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dialer.domain.case import CaseState
from dialer.domain.errors import NotFound
from dialer.domain.policy import Design
from dialer.domain.script import AnswerValue
from dialer.domain.user import Role, User
from dialer.domain.waveform import Waveform
from dialer.recording.local_store import LocalStore
from dialer.scripts_yaml import ScriptLibrary
from dialer.usecases.case_file import case_file
from dialer.usecases.hear_recordings import heard_in, waveform_of
from tests.builders import a_policy, a_user
from tests.usecases.site import Site, on

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
    places = sorted({(each.offset_ms, each.from_ms) for each in file.moments})
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
    assert heard.moments
    assert {each.recording_id for each in heard.moments} == {recording.id}
    with pytest.raises(NotFound):
        await heard_in(site.storage, site.scripts, ELSEWHERE, recording.id)


async def test_beside_the_sound_stands_what_the_agent_pressed_and_wrote_down(site: Site) -> None:
    """A customer who says that he was misled denies nothing."""
    case = await site.a_case_is_due(a_policy(product_code="DEMO-LIFE", design=Design.ORDINARY))
    call = await site.connected()
    await site.says_misled(call, "说是存款，随时能取")
    await site.sealed()

    file = await case_file(site.storage, site.scripts, LEADER, case.id)
    (at,) = (place for place, each in enumerate(file.moments) if each.beside)
    event, misled = file.moments[at - 1 : at + 1]
    assert (event.title, event.pressed, event.value) == ("保险责任", "称被误导", None)
    assert (misled.title, misled.beside) == ("保险责任", "销售误导记录")
    assert (misled.pressed, misled.value) == ("已记录，继续回访", AnswerValue.NEGATIVE)
    assert misled.words == "说是存款，随时能取"
    assert "存款" not in repr(misled)
    assert not any(each.words for each in file.moments if each is not misled)


async def test_a_wrong_key_stands_beside_the_sound_as_taken_back_and_counts_for_nothing(site: Site) -> None:
    case = await site.a_case_is_due()
    call = await site.connected()
    await site.answer_until(call, "M060_SIGN_HOLDER")
    await site.report(call, "LINE_DROP")
    await site.take_back(call)
    await site.answer_everything(call)
    await site.over(call)
    await site.sealed()

    assert (await site.case(case)).state is CaseState.CLOSED_SUCCESS
    file = await case_file(site.storage, site.scripts, LEADER, case.id)
    (wrong,) = (each for each in file.moments if each.taken_back)
    right = file.moments[file.moments.index(wrong) + 1]
    assert (wrong.title, wrong.pressed, wrong.value) == ("投保人亲笔签名", "线路中断", None)
    assert (right.title, right.value) == ("投保人亲笔签名", AnswerValue.CONFIRMED)


async def test_words_that_were_taken_back_stay_beside_the_sound(site: Site) -> None:
    case = await site.a_case_is_due()
    call = await site.connected()
    await site.answer_until(call, "M175_ANY")
    await site.answer(call, "COMPLAINT")
    await site.answer(call, "DONE", complaint_content="等太久")
    await site.take_back(call)
    await site.answer(call, "DONE", complaint_content="等了两周")
    await site.answer_everything(call)
    await site.over(call)
    await site.sealed()

    file = await case_file(site.storage, site.scripts, LEADER, case.id)
    written = [(each.words, each.taken_back) for each in file.moments if each.words]
    assert written == [("等太久", True), ("等了两周", False)]
    assert [found.words for found in file.problems] == ["等了两周"]


async def test_the_moment_at_which_the_customer_had_no_time_can_be_jumped_to(site: Site) -> None:
    case = await site.a_case_is_due()
    call = await site.connected()
    await site.answer_until(call, "M020_NOTICE")
    await site.answer(call, "BUSY")
    await site.answer(call, "TIME")
    await site.over(call, appointment_at=on(9, 18, 15))
    await site.sealed()

    file = await case_file(site.storage, site.scripts, LEADER, case.id)
    told = [(each.title, each.pressed) for each in file.moments]
    assert told == [
        ("开场白与找人", "是本人"),
        ("来意与录音告知", "现在不方便"),
        ("客户忙", "约定时间"),
    ]
    assert [each.offset_ms for each in file.moments] == [6000, 12000, 18000]
    assert None not in {each.recording_id for each in file.moments}


async def test_a_redials_answers_go_by_the_questions_it_takes_from_the_first_script(site: Site) -> None:
    case = await site.a_case_is_due()
    await site.talked(case, M060_SIGN_HOLDER="NO")
    await site.sealed()
    await site.sent_down_and_answered(await site.case(case))
    await site.talked(await site.case(case))

    file = await case_file(site.storage, site.scripts, LEADER, case.id)
    again = [each for each in file.moments if each.attempt_id == file.attempts[-1][0].id]
    assert len(file.attempts) == 2
    assert again
    assert all(each.pressed and not each.title.isascii() for each in again)


async def test_of_a_script_that_was_unloaded_the_codes_remain(site: Site) -> None:
    case = await site.a_case_is_due()
    await site.talked(case)

    file = await case_file(site.storage, ScriptLibrary((), {}), LEADER, case.id)
    assert (file.moments[0].title, file.moments[0].pressed) == ("SELF_CLAIMED", "")
    assert file.moments[0].value is AnswerValue.CONFIRMED
