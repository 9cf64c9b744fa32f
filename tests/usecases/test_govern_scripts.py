"""Wording on its way to the agents' screens: four eyes, the gate, and calls that keep what they began with (§8.4)."""

from __future__ import annotations

import pytest

from dialer.domain.errors import ImpossibleMove, NotAllowed, NotFound, ReasonMissing, ScriptInvalid, StaleVersion
from dialer.domain.script.comparison import Change
from dialer.domain.script.version import ScriptState, ScriptVersion
from dialer.domain.user import Role, User
from dialer.in_force import SiteInForce
from dialer.ports.topics import IN_FORCE
from dialer.usecases import govern_scripts as desk
from dialer.usecases.govern_scripts import NotPublishable
from tests.builders import a_policy, a_user
from tests.usecases.site import HeardSignals, Site

SCRIPT = "NB_PARTICIPATING"
GREETING = "您好，我是{company_name}客户服务中心的回访专员"
NEW_GREETING = "您好，这里是{company_name}，我是回访专员"


@pytest.fixture
def author() -> User:
    return a_user(login="hq", role=Role.HQ_ADMIN)


@pytest.fixture
def compliance() -> User:
    return a_user(login="cmpl", role=Role.COMPLIANCE)


@pytest.fixture
def signals() -> HeardSignals:
    return HeardSignals()


@pytest.fixture
async def draft(site: Site, in_force: SiteInForce, author: User) -> ScriptVersion:
    """The next version, its greeting in other words."""
    draft = await desk.draft_from(site.storage, site.scripts, in_force, author, SCRIPT, site.now)
    text = draft.text.replace(GREETING, NEW_GREETING)
    assert text != draft.text
    return await desk.edit_draft(site.storage, in_force, author, draft.id, text, draft.version, site.now)


async def _approved(site: Site, in_force: SiteInForce, author: User, compliance: User, draft: ScriptVersion) -> None:
    await desk.submit_draft(site.storage, in_force, author, draft.id, site.now)
    await desk.approve_script(site.storage, in_force, compliance, draft.id, site.now)


async def _state(site: Site, draft: ScriptVersion) -> ScriptState:
    async with site.storage.read() as work:
        return (await work.decisions.script(draft.id)).state


async def test_a_draft_begins_with_the_words_in_force_under_the_next_number(
    site: Site, in_force: SiteInForce, author: User
) -> None:
    first = await desk.draft_from(site.storage, site.scripts, in_force, author, SCRIPT, site.now)
    file = await desk.script_file(site.storage, site.scripts, in_force, first.id)
    assert (first.script_version, first.author, file.publishable, file.changes) == ("1.2.0", "hq", True, ())
    second = await desk.draft_from(site.storage, site.scripts, in_force, author, SCRIPT, site.now)
    assert second.script_version == "1.3.0"
    with pytest.raises(NotFound):
        await desk.draft_from(site.storage, site.scripts, in_force, author, "NB_NONE", site.now)


async def test_the_difference_is_shown_by_node_and_by_character(
    site: Site, in_force: SiteInForce, draft: ScriptVersion
) -> None:
    (change,) = (await desk.script_file(site.storage, site.scripts, in_force, draft.id)).changes
    assert (change.node, change.change) == ("M010_GREET", Change.CHANGED)
    (difference,) = change.differences
    assert difference.part == "TEXT"
    assert "".join(piece.text for piece in difference.before).startswith(GREETING)
    assert "".join(piece.text for piece in difference.after).startswith(NEW_GREETING)
    assert "客户服务中心的" in [piece.text for piece in difference.before if piece.changed]


async def test_a_draft_that_cannot_be_read_is_kept_but_goes_no_further(
    site: Site, in_force: SiteInForce, author: User, draft: ScriptVersion
) -> None:
    broken = await desk.edit_draft(site.storage, in_force, author, draft.id, "nodes: [", draft.version, site.now)
    file = await desk.script_file(site.storage, site.scripts, in_force, draft.id)
    assert (broken.sha256, file.script, file.publishable) == ("", None, False)
    assert "YAML" in file.unreadable
    with pytest.raises(NotPublishable):
        await desk.submit_draft(site.storage, in_force, author, draft.id, site.now)


async def test_the_gates_findings_stop_a_draft(
    site: Site, in_force: SiteInForce, author: User, draft: ScriptVersion
) -> None:
    without = draft.text.replace("{company_hotline}", "{company_hotlin}")
    assert without != draft.text
    await desk.edit_draft(site.storage, in_force, author, draft.id, without, draft.version, site.now)
    file = await desk.script_file(site.storage, site.scripts, in_force, draft.id)
    assert "UNKNOWN_VARIABLE" in {finding.code for finding in file.findings}
    with pytest.raises(NotPublishable, match="company_hotlin"):
        await desk.submit_draft(site.storage, in_force, author, draft.id, site.now)
    assert await _state(site, draft) is ScriptState.DRAFT


async def test_a_draft_is_of_one_script_and_number_and_two_editors_do_not_overwrite_each_other(
    site: Site, in_force: SiteInForce, author: User, draft: ScriptVersion
) -> None:
    other = draft.text.replace("version: 1.2.0", "version: 9.9.9")
    with pytest.raises(ScriptInvalid, match=r"1\.2\.0"):
        await desk.edit_draft(site.storage, in_force, author, draft.id, other, draft.version, site.now)
    await desk.edit_draft(site.storage, in_force, author, draft.id, draft.text, draft.version, site.now)
    with pytest.raises(StaleVersion):
        await desk.edit_draft(site.storage, in_force, author, draft.id, draft.text, draft.version, site.now)


async def test_who_has_written_it_does_not_approve_it(
    site: Site, in_force: SiteInForce, author: User, compliance: User, draft: ScriptVersion
) -> None:
    await desk.edit_draft(site.storage, in_force, compliance, draft.id, draft.text, draft.version, site.now)
    await desk.submit_draft(site.storage, in_force, author, draft.id, site.now)
    for writer in (author, compliance):
        with pytest.raises(NotAllowed):
            await desk.approve_script(site.storage, in_force, writer, draft.id, site.now)
    another = a_user(login="cmpl2", role=Role.COMPLIANCE)
    await desk.approve_script(site.storage, in_force, another, draft.id, site.now)
    assert await _state(site, draft) is ScriptState.APPROVED


async def test_nothing_is_published_that_compliance_has_not_approved(
    site: Site, in_force: SiteInForce, author: User, compliance: User, signals: HeardSignals, draft: ScriptVersion
) -> None:
    publish = (site.storage, signals, in_force, author, draft.id, site.now)
    with pytest.raises(ImpossibleMove):
        await desk.publish_script(*publish)
    await _approved(site, in_force, author, compliance, draft)
    with pytest.raises(ReasonMissing):
        await desk.send_back(site.storage, compliance, draft.id, " ", site.now)
    await desk.send_back(site.storage, compliance, draft.id, "称谓须保留客户服务中心", site.now)
    with pytest.raises(ImpossibleMove):
        await desk.publish_script(*publish)
    history = (await desk.script_file(site.storage, site.scripts, in_force, draft.id)).history
    assert history[-1].detail == {"why": "称谓须保留客户服务中心"}


async def test_new_calls_are_read_the_new_version_and_the_call_under_way_keeps_its_own(
    site: Site, in_force: SiteInForce, author: User, compliance: User, signals: HeardSignals, draft: ScriptVersion
) -> None:
    await site.a_case_is_due(a_policy(product_code="DEMO-PAR"))
    call = await site.connected()
    await _approved(site, in_force, author, compliance, draft)
    await desk.publish_script(site.storage, signals, in_force, author, draft.id, site.now)
    assert signals.topics == [IN_FORCE]
    assert site.scripts.latest(SCRIPT).ref.version == "1.1.0"  # every process gets its head start
    site.now += desk.HEAD_START
    assert site.scripts.latest(SCRIPT).ref == draft.ref

    conversation = await site.answer_everything(call)
    assert conversation.script.ref.version == "1.1.0"
    await site.over(call)
    await site.a_case_is_due(a_policy(product_code="DEMO-PAR"))
    next_call = await site.connected()
    begun = await site.conversation(next_call)
    assert begun.script.ref == draft.ref
    assert NEW_GREETING in begun.script.node("M010_GREET").text

    await desk.retire_script(site.storage, signals, in_force, author, draft.id, "客户听不懂", site.now)
    assert site.scripts.latest(SCRIPT).ref.version == "1.1.0"
    still = await site.answer_everything(next_call)
    assert still.script.ref == draft.ref


async def test_a_version_takes_effect_when_it_was_meant_to(
    site: Site, in_force: SiteInForce, author: User, compliance: User, signals: HeardSignals, draft: ScriptVersion
) -> None:
    await _approved(site, in_force, author, compliance, draft)
    tomorrow = site.now.replace(day=site.now.day + 1)
    await desk.publish_script(site.storage, signals, in_force, author, draft.id, site.now, tomorrow)
    site.later(hours=23, minutes=59)
    assert site.scripts.latest(SCRIPT).ref.version == "1.1.0"
    site.later(minutes=1)
    assert site.scripts.latest(SCRIPT).ref == draft.ref


async def test_every_script_stands_on_the_shelf_with_what_holds_now(
    site: Site, in_force: SiteInForce, draft: ScriptVersion
) -> None:
    shelves = await desk.script_shelves(site.storage, site.scripts, in_force)
    assert len(shelves) == len(in_force.installed())
    (shelf,) = [each for each in shelves if each.script_id == SCRIPT]
    assert (shelf.in_force.version, [each.id for each in shelf.versions]) == ("1.1.0", [draft.id])
