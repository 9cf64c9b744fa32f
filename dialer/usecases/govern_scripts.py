"""At the side: how wording reaches the agents' screens (rules §8.4): drafted, reviewed, approved, published, retired.

Who wrote a version never approves it. What is published can't be changed any more; a call under way keeps the version
it was begun with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dialer.domain.errors import DialerError, NotAllowed, NotFound, ScriptInvalid, reason_given
from dialer.domain.script import CallScript, Finding, ScriptRef, gate
from dialer.domain.script.comparison import NodeChange, compare
from dialer.domain.script.version import ScriptEvent, ScriptVersion
from dialer.domain.user import User
from dialer.ports import Scripts, Signals
from dialer.ports.administration import InForce
from dialer.ports.storage import HistoryRow, Moved, Storage, Work
from dialer.ports.topics import IN_FORCE

HEAD_START = timedelta(seconds=30)
"""Before a version is used by anybody, every process has long taken it up."""


class NotPublishable(DialerError):
    """The gate has findings, so the version goes no further (rules §8.4)."""

    code = "NOT_PUBLISHABLE"


@dataclass(frozen=True, slots=True)
class ScriptShelf:
    """All versions of one script: what calls are read now, what it came with, what the site has written."""

    script_id: str
    title: str
    in_force: ScriptRef
    installed: ScriptRef | None
    versions: tuple[ScriptVersion, ...]


@dataclass(frozen=True, slots=True)
class ScriptFile:
    """One version, read: the gate's findings, and how it differs from what calls are read now.

    `script` is None while the text can't be read; `unreadable` then says why.
    """

    version: ScriptVersion
    script: CallScript | None
    unreadable: str
    findings: tuple[Finding, ...]
    against: CallScript | None
    changes: tuple[NodeChange, ...]
    history: tuple[HistoryRow, ...]

    @property
    def publishable(self) -> bool:
        """Whether the gate has nothing against it."""
        return self.script is not None and not self.findings


async def script_shelves(storage: Storage, scripts: Scripts, in_force: InForce) -> Sequence[ScriptShelf]:
    """Every script with all its versions."""
    async with storage.read() as work:
        written = await work.decisions.scripts()
    installed = {script.id: script for script in in_force.installed()}
    found = []
    for script_id in sorted({*installed, *(each.script_id for each in written)}):
        current = _current(scripts, script_id)
        if current is None:
            continue
        came_with = installed.get(script_id)
        its_own = tuple(each for each in written if each.script_id == script_id)
        found.append(ScriptShelf(script_id, current.title, current.ref, came_with.ref if came_with else None, its_own))
    return found


def _current(scripts: Scripts, script_id: str) -> CallScript | None:
    try:
        return scripts.latest(script_id)
    except NotFound:
        return None


async def script_file(storage: Storage, scripts: Scripts, in_force: InForce, version_id: int) -> ScriptFile:
    """One version with all that speaks for and against it. Raises NotFound."""
    async with storage.read() as work:
        version = await work.decisions.script(version_id)
        history = tuple(await work.decisions.script_history(version_id))
    against = _current(scripts, version.script_id)
    try:
        script = in_force.script(version.text)
    except ScriptInvalid as error:
        return ScriptFile(version, None, str(error), (), against, (), history)
    changes = compare(against, script) if against and against.ref != script.ref else ()
    return ScriptFile(version, script, "", tuple(gate(script)), against, changes, history)


async def draft_from(
    storage: Storage, scripts: Scripts, in_force: InForce, by: User, script_id: str, now: datetime
) -> ScriptVersion:
    """A draft of the next version, in the words that calls are read now.

    Raises:
        NotFound: there is no such script.
        DialerError: code VERSION_TAKEN: somebody else has just begun it.
    """
    current = scripts.latest(script_id)
    async with storage.begin() as work:
        written = [each for each in await work.decisions.scripts() if each.script_id == script_id]
        number = _next_number([current.ref.version, *(each.script_version for each in written)])
        text = next((each.text for each in written if each.ref == current.ref), None)
        text = in_force.renumbered(text or in_force.script_text(current.ref), number)
        ref = in_force.script(text).ref
        draft = ScriptVersion(0, script_id, number, text, ref.sha256, by.login, now)
        return await work.decisions.add_script(draft, Moved(by.login, now, {"from": current.ref.version}))


def _next_number(versions: Sequence[str]) -> str:
    """One above the highest, in the middle place: a change of wording is no patch of the same wording."""
    highest = max(tuple(int(part) for part in each.split(".")) for each in versions)
    return f"{highest[0]}.{highest[1] + 1}.0"


async def edit_draft(
    storage: Storage, in_force: InForce, by: User, version_id: int, text: str, seen: int, now: datetime
) -> ScriptVersion:
    """Keep a draft's text as it was typed, even while it can't be read yet; `seen` is the row that was edited.

    Raises:
        StaleVersion: somebody else has saved since.
        ImpossibleMove: it is no draft any more.
        ScriptInvalid: the text is of another script or version.
    """
    async with storage.begin() as work:
        version = await work.decisions.script(version_id)
        text = text.replace("\r\n", "\n")
        edited = replace(version, text=text, sha256=_sha256_of(in_force, version, text), author=by.login, version=seen)
        return await work.decisions.move_script(edited, ScriptEvent.EDITED, Moved(by.login, now, {}))


async def reword_node(
    storage: Storage,
    in_force: InForce,
    by: User,
    version_id: int,
    node: str,
    wording: Mapping[str, str],
    seen: int,
    now: datetime,
) -> ScriptVersion:
    """Keep one node's title, text, note and labels in other words; all else stays. Raises as edit_draft."""
    async with storage.read() as work:
        version = await work.decisions.script(version_id)
    plain = {key: words.replace("\r\n", "\n").strip() for key, words in wording.items()}
    text = in_force.reworded(version.text, node, plain)
    return await edit_draft(storage, in_force, by, version_id, text, seen, now)


def _sha256_of(in_force: InForce, version: ScriptVersion, text: str) -> str:
    try:
        ref = in_force.script(text).ref
    except ScriptInvalid:
        return ""
    if (ref.id, ref.version) != (version.script_id, version.script_version):
        raise ScriptInvalid(
            f"the text says {ref.id} {ref.version}, this draft is {version.script_id} {version.script_version}"
        )
    return ref.sha256


async def submit_draft(storage: Storage, in_force: InForce, by: User, version_id: int, now: datetime) -> None:
    """Hand a draft to compliance. Raises NotPublishable, ImpossibleMove."""
    async with storage.begin() as work:
        version = await work.decisions.script(version_id)
        _past_the_gate(in_force, version)
        await work.decisions.move_script(version, ScriptEvent.SUBMITTED, Moved(by.login, now, {}))


async def approve_script(storage: Storage, in_force: InForce, by: User, version_id: int, now: datetime) -> None:
    """Compliance approves the wording. Raises NotAllowed for who wrote it, NotPublishable, ImpossibleMove."""
    async with storage.begin() as work:
        version = await work.decisions.script(version_id)
        if by.login in await _writers(work, version):
            raise NotAllowed("who has written a version does not approve it")
        _past_the_gate(in_force, version)
        approved = replace(version, approved_by=by.login)
        detail = {"sha256": version.sha256}
        await work.decisions.move_script(approved, ScriptEvent.APPROVED, Moved(by.login, now, detail))


async def script_version(storage: Storage, version_id: int) -> ScriptVersion:
    """One version as it is written. Raises NotFound."""
    async with storage.read() as work:
        return await work.decisions.script(version_id)


async def _writers(work: Work, version: ScriptVersion) -> set[str]:
    history = await work.decisions.script_history(version.id)
    return {version.author, *(row.actor for row in history if row.event in ("CREATED", ScriptEvent.EDITED))}


async def send_back(storage: Storage, by: User, version_id: int, why: str, now: datetime) -> None:
    """Not approved, or not any more: a draft again. Raises ReasonMissing, ImpossibleMove."""
    async with storage.begin() as work:
        version = await work.decisions.script(version_id)
        detail = {"why": reason_given(why)}
        again = replace(version, approved_by="")
        await work.decisions.move_script(again, ScriptEvent.SENT_BACK, Moved(by.login, now, detail))


async def publish_script(
    storage: Storage,
    signals: Signals,
    in_force: InForce,
    by: User,
    version_id: int,
    now: datetime,
    effective_at: datetime | None = None,
) -> ScriptVersion:
    """Calls begun from `effective_at` on are read this version; at the earliest in half a minute.

    Raises:
        ImpossibleMove: compliance has not approved it.
        NotPublishable: the gate has findings.
    """
    async with storage.begin() as work:
        version = await work.decisions.script(version_id)
        _past_the_gate(in_force, version)
        begins = max(effective_at or now, now + HEAD_START)
        moved = Moved(by.login, now, {"effective_at": begins.isoformat(), "sha256": version.sha256})
        dated = replace(version, effective_at=begins)
        published = await work.decisions.move_script(dated, ScriptEvent.PUBLISHED, moved)
    await _tell(signals, in_force)
    return published


async def retire_script(
    storage: Storage, signals: Signals, in_force: InForce, by: User, version_id: int, why: str, now: datetime
) -> None:
    """No call begins with it any more: the version before it holds again. Raises ReasonMissing, ImpossibleMove."""
    async with storage.begin() as work:
        version = await work.decisions.script(version_id)
        await work.decisions.move_script(version, ScriptEvent.RETIRED, Moved(by.login, now, {"why": reason_given(why)}))
    await _tell(signals, in_force)


async def _tell(signals: Signals, in_force: InForce) -> None:
    await in_force.take_up()
    await signals.notify(IN_FORCE)


def _past_the_gate(in_force: InForce, version: ScriptVersion) -> None:
    try:
        findings = gate(in_force.script(version.text))
    except ScriptInvalid as error:
        raise NotPublishable(str(error)) from error
    if findings:
        raise NotPublishable("; ".join(map(str, findings)))
