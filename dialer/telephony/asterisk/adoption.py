"""Calls that a dead dialer had ordered: how far they have come, and that we are told the rest."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from dialer.domain.call import CallId
from dialer.telephony.asterisk.ari import AriRefused, AriSilent
from dialer.telephony.asterisk.calls import Call
from dialer.telephony.asterisk.commands import Commands
from dialer.telephony.asterisk.judge import Judge
from dialer.telephony.asterisk.switchboard import Switchboard
from dialer.telephony.asterisk.translate import read_snapshot

_LOG = structlog.get_logger("telephony")


async def adopt(board: Switchboard, commands: Commands, judge: Judge, calls: Sequence[Call]) -> frozenset[CallId]:
    """Put calls on the board, with their milestones and, of those that have ended, the end.

    They are on the board before Asterisk is asked, so that nothing which happens meanwhile is missed. What Asterisk
    can't say now, the next catching up tells.

    Returns the calls that neither Asterisk nor its event log knows; they are not on the board.
    """
    for call in calls:
        board.put_up(call)
    try:
        channels, bridges = await commands.snapshot()
    except (AriRefused, AriSilent) as error:
        _LOG.warning("telephony.adopted_unseen", calls=len(calls), why=str(error))
        return frozenset()
    there = {channel["id"]: channel for channel in channels}
    gone = [call for call in calls if call.channel.id not in there]
    words = await judge.words_of([call.channel.id for call in gone]) if calls else {}
    strangers = {call.call_id for call in gone if not call.over and call.channel.id not in words}
    board.tell_missed(words)
    for call in calls:
        if call.call_id in strangers:
            board.take_down(call)
        elif call.channel.id not in there and not call.over:
            board.end_unheard(call, words)
    for news in read_snapshot([there[call.channel.id] for call in calls if call.channel.id in there], bridges):
        board.hear(news)
    await board.listeners.tidy(channels, board.calls)
    for call in calls:
        if call.call_id not in strangers:
            board.listeners.nobody_on(call)
    _LOG.info("telephony.adopted", calls=len(calls) - len(strangers), gone=len(gone), unknown=len(strangers))
    return frozenset(strangers)
