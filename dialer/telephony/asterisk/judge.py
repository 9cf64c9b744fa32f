"""How a call has ended. ARI's word holds when the witness agrees or has seen nothing; else CEL decides."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

import structlog

from dialer.domain.call import Ended, Party
from dialer.telephony.asterisk.calls import Call
from dialer.telephony.asterisk.cel import CelUnreadable, EventLog, LastWord
from dialer.telephony.asterisk.ledger import Death
from dialer.telephony.asterisk.translate import Facts, News, verdict
from dialer.telephony.asterisk.witness import Witness

_LOG = structlog.get_logger("telephony")
_LATE_SECONDS = 0.5  # so much later may a line of the event log be written, at most
# what Asterisk makes of a final code, read backwards: CEL keeps the cause only
_CODE_OF: Mapping[int, int] = {17: 486, 1: 404, 19: 480, 34: 503, 21: 603, 28: 484, 38: 500}


class Judge:
    """Gives the verdicts; `disagreements` counts how often ARI and the witness told different stories."""

    def __init__(self, witness: Witness | None, log: EventLog | None) -> None:
        self.disagreements = 0
        self.their_clock = timedelta(0)  # ours minus Asterisk's
        self._witness, self._log = witness, log

    async def hear(self, call: Call, at: datetime, news: News) -> Ended:
        """The verdict on a call whose end ARI has told."""
        if call.inherited and not call.facts.answered:
            await self._catch_up(call)
        told = Death(news.cause, news.sip_code)
        seen = await self._witness.death_of(call.channel.id) if self._witness else None
        if seen is None or seen == told:
            return verdict(call.call_id, at, call.facts, told.cause, told.sip_code)
        self.disagreements += 1
        _LOG.error("telephony.witness_disagrees", call_id=call.call_id, ari=str(told), ami=str(seen))
        word = (await self.last_words()).get(call.channel.id)
        cause = word.cause if word and word.ended_at else told.cause
        code = told.sip_code if cause == told.cause else _CODE_OF.get(cause)
        return verdict(call.call_id, at, call.facts, cause, code)

    async def _catch_up(self, call: Call) -> None:
        """A call that ends while it is being adopted: how far it had come was not told to us yet, but to the log."""
        word = (await self.words_of([call.channel.id])).get(call.channel.id)
        if word is not None:
            call.facts.answered = word.answered_at is not None
            call.facts.far_end_hung_up = call.facts.far_end_hung_up or word.far_end_hung_up

    def ours(self, theirs: datetime, now: datetime) -> datetime:
        """An instant of Asterisk's clock on ours."""
        return min(now, theirs.astimezone(now.tzinfo) + self.their_clock)

    def recall(self, call: Call, word: LastWord | None, now: datetime) -> Ended:
        """The verdict on a call that ended while nobody listened, or that Asterisk took with it when it died."""
        if word is None or word.ended_at is None:
            return Ended(call.call_id, now, Party.DIALER, failure="WORKER_DIED")
        by = call.facts
        facts = Facts(
            by.answered or word.answered_at is not None,
            by.by,
            by.ring_timeout,
            by.failure,
            by.far_end_hung_up or word.far_end_hung_up,
        )
        return verdict(call.call_id, self.ours(word.ended_at, now), facts, word.cause, _CODE_OF.get(word.cause))

    async def words_of(self, gone: Collection[str]) -> Mapping[str, LastWord]:
        """What the event log says; it may tell the end of channels that are gone a moment later than they went."""
        words = await self.last_words()
        if self._log is None or all(channel in words and words[channel].ended_at for channel in gone):
            return words
        await asyncio.sleep(_LATE_SECONDS)
        return await self.last_words()

    async def last_words(self) -> Mapping[str, LastWord]:
        """What the event log says, by channel id; nothing when there is none to read."""
        if self._log is None:
            return {}
        try:
            return await self._log.last_words()
        except CelUnreadable as error:
            _LOG.error("telephony.cel_unreadable", why=str(error))
            return {}
