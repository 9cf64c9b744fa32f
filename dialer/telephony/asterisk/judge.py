"""How a call has ended. ARI's word holds when the witness agrees or has seen nothing; else CEL decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from dialer.domain.call import Ended, Party
from dialer.telephony.asterisk.calls import Call
from dialer.telephony.asterisk.cel import CelUnreadable, EventLog, LastWord
from dialer.telephony.asterisk.ledger import Death
from dialer.telephony.asterisk.translate import Facts, News, verdict
from dialer.telephony.asterisk.witness import Witness

_LOG = structlog.get_logger("telephony")
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
        told = Death(news.cause, news.sip_code)
        seen = await self._witness.death_of(call.channel.id) if self._witness else None
        if seen is None or seen == told:
            return verdict(call.call_id, at, call.facts, told.cause, told.sip_code)
        self.disagreements += 1
        _LOG.error("telephony.witness_disagrees", call_id=call.call_id, ari=str(told), ami=str(seen))
        word = await self._last_word(call)
        cause = word.cause if word and word.ended_at else told.cause
        code = told.sip_code if cause == told.cause else _CODE_OF.get(cause)
        return verdict(call.call_id, at, call.facts, cause, code)

    async def recall(self, call: Call, now: datetime) -> Ended:
        """The verdict on a call that ended while nobody listened, or that Asterisk took with it when it died."""
        word = await self._last_word(call)
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
        at = min(now, word.ended_at.astimezone(now.tzinfo) + self.their_clock)
        return verdict(call.call_id, at, facts, word.cause, _CODE_OF.get(word.cause))

    async def _last_word(self, call: Call) -> LastWord | None:
        if self._log is None:
            return None
        try:
            return (await self._log.last_words()).get(call.channel.id)
        except CelUnreadable as error:
            _LOG.error("telephony.cel_unreadable", why=str(error))
            return None
