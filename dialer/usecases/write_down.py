"""At the side: what an agent writes in a call is kept while it is typed; a browser that reloads or dies loses no word.

It belongs to the agent and the call, and is gone when the answer is given or the call is wrapped up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from dialer.domain.call import CallId
from dialer.domain.seat import SeatState
from dialer.domain.user import User
from dialer.ports import Scripts
from dialer.ports.storage import Draft, Storage, Work
from dialer.usecases.conduct_interview import Talks, choose_answer, held, take_back_answer, takes_words
from dialer.usecases.look_at_desk import TIMES, OpenDesk, field_of, open_desk


async def keep_words(
    storage: Storage,
    scripts: Scripts,
    user: User,
    call_id: CallId,
    node: str,
    words: Mapping[str, str],
    now: datetime,
) -> None:
    """Keep what is typed beside what was kept before; nothing when the call or the question has gone meanwhile.

    Args:
        storage: the database.
        scripts: the published scripts.
        user: the agent.
        call_id: the call on the agent's screen.
        node: the question it is typed for; empty for the note, and for the time at which to call again.
        words: each field as it stands, by its name on the desk (`Desk.written`).
        now: the moment.
    """
    async with storage.begin() as work:
        desk = await open_desk(work, scripts, user)
        if desk.call is None or desk.call.call.call_id != call_id:
            return
        asked = {name: text for name, text in words.items() if _is_asked(desk, node, name)}
        if asked:
            kept = await work.drafts.of(call_id, user.login)
            await work.drafts.put(Draft(call_id, user.login, {**(kept.fields if kept else {}), **asked}, now))


def _is_asked(desk: OpenDesk, node: str, name: str) -> bool:
    state = desk.seat.state if desk.seat else SeatState.AWAY
    if name in TIMES:
        return state in (SeatState.TALKING, SeatState.WRAP_UP)
    if not node:
        return state is SeatState.WRAP_UP
    current = held(desk.talks)
    return state is SeatState.TALKING and current.interview.node == node and takes_words(current)


async def answer_at_desk(
    work: Work, user: User, talks: Talks, node: str, option: str, captures: Mapping[str, str], now: datetime
) -> Talks:
    """`choose_answer`; what was being written for the question has served its purpose."""
    asked = held(talks)
    answered = await choose_answer(work, talks, node, option, captures, now)
    if takes_words(asked):
        await work.drafts.drop(asked.attempt.call_id, user.login)
    return answered


async def take_back_at_desk(work: Work, user: User, talks: Talks, node: str, now: datetime) -> Talks:
    """`take_back_answer`; what had been written for it stands in its field again, a time agreed on it does not."""
    pressed = held(talks).interview
    back = await take_back_answer(work, talks, node, now)
    call_id, step = held(talks).attempt.call_id, pressed.steps[-1]
    again = held(back).interview.withdrawn[len(pressed.withdrawn) :]
    kept = await work.drafts.of(call_id, user.login)
    others = {name: text for name, text in kept.fields.items() if name not in TIMES} if kept else {}
    words = {field_of(step.node, step.move, each.name): each.value for each in again}
    if kept or words:
        await work.drafts.put(Draft(call_id, user.login, {**others, **words}, now))
    return back
