"""The branch's robot clerk: answers transfer tickets through the console, as a rule the next morning."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, time, timedelta

import structlog

from dialer.demo.persona import Persona
from dialer.demo.visitor import Json, Visitor
from dialer.domain.calendar import SHANGHAI, WorkingCalendar
from dialer.ports import Clock

log = structlog.get_logger("clerk")

_LOOK_SECONDS = 1.0
_BEGINS = time(9, 20)
_MINUTES_BETWEEN = 20
_BATCHES = 3
_AT_LEAST = timedelta(minutes=10)
_BEFORE_DUE = timedelta(minutes=30)
_NOT_GOOD_ENOUGH = 422
_AFTER_REFUSAL = timedelta(minutes=15)

_POOR = {
    "contacted_by": "李明",
    "contacted_whom": "投保人",
    "means": "电话",
    "account": "已处理。",
    "customer_said": "客户已清楚。",
    "done": "已结案。",
}
_GOOD = {
    "contacted_by": "李明",
    "contacted_whom": "投保人本人",
    "means": "上门",
    "account": "当日上午到客户家中拜访，逐条说明了保险责任、责任免除、交费期限和犹豫期权利，客户当场翻看了合同。",
    "customer_said": "客户表示现在已经看懂，没有其他疑问，愿意再次接听回访电话。",
    "done": "当面讲解合同并补齐资料，客户本人重新签字确认。",
    "attachment_note": "补签字影像一份",
}


class BranchClerk:
    """One clerk who sees every branch. `troubles`: what the console should not have answered."""

    def __init__(
        self,
        visitor: Visitor,
        clock: Clock,
        calendar: WorkingCalendar,
        personas: Mapping[str, Persona],
        new_numbers: Mapping[str, str],
    ) -> None:
        self._visitor, self._clock, self._calendar = visitor, clock, calendar
        self._personas, self._new_numbers = personas, new_numbers
        self._again_at: dict[int, datetime] = {}
        self._no_number: set[int] = set()
        self.troubles: list[str] = []

    async def work(self) -> None:
        """Answer tickets until cancelled."""
        while True:
            now = self._clock.now()
            for ticket in await self._tickets():
                if self.answers_at(ticket) <= now:
                    await self._answer(ticket, now)
            await asyncio.sleep(_LOOK_SECONDS)

    async def next_due(self, _now: datetime) -> datetime | None:
        """When the next answer will be given."""
        return min(map(self.answers_at, await self._tickets()), default=None)

    async def _tickets(self) -> list[Json]:
        """Those it can answer now; what people have sent up already waits for people."""
        tickets: list[Json] = (await self._visitor.look("/tickets?view=EVERY"))["tickets"]
        return [ticket for ticket in tickets if "ANSWER" in ticket["steps"]]

    def answers_at(self, ticket: Json) -> datetime:
        """The next working morning, in a few batches, or in time before the ticket falls due."""
        if again := self._again_at.get(ticket["id"]):
            return again
        issued = datetime.fromisoformat(ticket["issued_at"]).astimezone(SHANGHAI)
        due = datetime.fromisoformat(ticket["due_at"]).astimezone(SHANGHAI)
        morning = datetime.combine(self._calendar.next_working_day(issued.date()), _BEGINS, SHANGHAI)
        morning += timedelta(minutes=ticket["id"] % _BATCHES * _MINUTES_BETWEEN)
        return max(min(morning, due - _BEFORE_DUE), issued + _AT_LEAST)

    async def _answer(self, ticket: Json, now: datetime) -> None:
        persona = self._personas.get(ticket["policy_no"])
        poor = persona is not None and persona.first_reply_is_poor and ticket["id"] not in self._again_at
        fields = dict(_POOR if poor else _GOOD)
        found = self._new_numbers.get(ticket["policy_no"]) if ticket["level"] == "U" and not poor else None
        if found:
            fields |= {"new_phone": found, "new_phone_owner": "投保人本人"}
        elif ticket["id"] in self._no_number:
            fields |= {"cannot_contact": "1"}
        reply = await self._visitor.act(f"/tickets/{ticket['id']}/reply", contacted_at=now.isoformat(), **fields)
        if reply.accepted:
            return
        if reply.status != _NOT_GOOD_ENOUGH:
            self.troubles.append(f"ticket {ticket['ticket_no']}: answered {reply.status} {reply.content.get('error')}")
        why = reply.content.get("objections", ())
        if "NUMBER_NEEDED" in why:
            self._no_number.add(ticket["id"])
        self._again_at[ticket["id"]] = now + _AFTER_REFUSAL
        log.info("clerk.refused", ticket=ticket["ticket_no"], why=why)
