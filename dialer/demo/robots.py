"""Robot agents: a real phone and the console's own routes. They play both sides: what they press is what was said."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as time_of_day

import structlog

from dialer.demo.persona import WRITTEN_DOWN, Answered, Cast, Happened, Talk
from dialer.demo.visitor import Json, Reply, Visitor
from dialer.domain.script.model import Comparison
from dialer.ports import Clock

log = structlog.get_logger("robot")

_SPEAKS_SECONDS = (0.1, 0.3)
_WRAPS_UP_SECONDS = 0.3
_LOOK_AT_LEAST_EVERY_SECONDS = 5.0
_IDENTITY = "M030_VERIFY"
_LATEST_APPOINTMENT = time_of_day(20, 0)
_NEXT_MORNING = time_of_day(10, 0)
_MOVED_ON = frozenset({409, 422})


@dataclass(slots=True)
class Shift:
    """What the robots have seen, for the summary.

    Attributes:
        waited_seconds: from being ready to a customer on the screen, each time, while there was somebody to call.
        no_work_until: the last (monotonic) instant at which nobody could be called: the clock jumped over it.
        talks: conversations held.
        deeds: keys pressed.
        troubles: what the console should not have answered.
    """

    waited_seconds: list[float] = field(default_factory=list)
    no_work_until: float = 0.0
    talks: int = 0
    deeds: int = 0
    troubles: list[str] = field(default_factory=list)


class RobotAgent:
    """One agent at one desk."""

    def __init__(
        self, visitor: Visitor, cast: Cast, clock: Clock, shift: Shift, least_talk_seconds: float, seed: int
    ) -> None:
        self._visitor, self._cast, self._clock, self._shift = visitor, cast, clock, shift
        self._least_talk_seconds = least_talk_seconds
        self._draw = random.Random(seed)  # a speaking pace
        self._news = asyncio.Event()
        self._ready_since: float | None = None
        self._call = _CallAtDesk()
        self._leaving = False

    async def work(self) -> None:
        """Take calls until told to leave."""
        async with self._visitor, asyncio.TaskGroup() as group:
            news = group.create_task(self._listen(), name=f"{self._visitor.login}-news")
            await self._at_the_desk()
            news.cancel()

    def leave(self) -> None:
        """Finish the call at the desk, take no other, and go."""
        self._leaving = True
        self._news.set()

    async def _listen(self) -> None:
        async for _ in self._visitor.news("/desk/events"):
            self._news.set()

    async def _at_the_desk(self) -> None:
        desk: Json | None = await self._visitor.look("/desk")
        while desk is not None:
            desk = await self._next(desk)

    async def _next(self, desk: Json) -> Json | None:
        """Do what the desk asks for; the desk as it stands then, None when the day is over."""
        match desk["seat"]["state"] if desk["seat"] else "AWAY":
            case "AWAY":
                return await self._do("sit-down")
            case "SEATED" | "PAUSED" if self._leaving:
                return None
            case "SEATED" | "PAUSED":
                return await self._do("ready")
            case "READY" if self._leaving:
                return await self._do("pause", reason="BREAK")
            case "PREVIEW":
                return await self._do("dial")
            case "TALKING":
                return await self._talk(desk)
            case "WRAP_UP":
                return await self._wrap_up(desk)
            case state:
                return await self._wait(ready=state == "READY")

    async def _wait(self, *, ready: bool) -> Json:
        if ready and self._ready_since is None:
            self._ready_since = time.monotonic()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AT_LEAST_EVERY_SECONDS):
                await self._news.wait()
        return await self._look()

    async def _look(self) -> Json:
        self._news.clear()
        return await self._visitor.look("/desk")

    async def _talk(self, desk: Json) -> Json:
        if desk["call"]["id"] != self._call.id:
            self._answered(desk["call"]["id"])
        if desk["screen"]["outcome"] is None:
            return await self._next_screen(desk)
        if self._call.hung_up:
            return await self._wait(ready=False)
        await asyncio.sleep(max(0.0, self._least_talk_seconds - (time.monotonic() - self._call.since)))
        self._call.hung_up = True
        return await self._do("hang-up", call=desk["call"]["id"])

    def _answered(self, call_id: str) -> None:
        if self._ready_since is not None:
            since = max(self._ready_since, self._shift.no_work_until)
            self._shift.waited_seconds.append(time.monotonic() - since)
        self._ready_since = None
        self._shift.talks += 1
        self._call = _CallAtDesk(call_id, time.monotonic())

    async def _next_screen(self, desk: Json) -> Json:
        """Read the screen aloud, hear the customer out, press the key."""
        await asyncio.sleep(self._draw.uniform(*_SPEAKS_SECONDS))
        screen, policy_no = desk["screen"], desk["customer"]["policy_no"]
        talk = self._cast.talk(policy_no, self._call.id)
        if talk.mark and screen["node"] == _IDENTITY and talk.mark in [mark["code"] for mark in screen["marks"]]:
            return await self._do("mark", flag=talk.mark)
        reported = self._call.reported.setdefault(policy_no, set())
        codes = [option["code"] for option in screen["options"]]
        move = talk.move(screen["node"], codes, [event["code"] for event in screen["events"]], frozenset(reported))
        seen = {"node": screen["node"], "version": desk["version"]}
        match move:
            case Happened(event):
                reported.add(event)
                return await self._do("event", event=event, **seen)
            case Answered(option):
                captures = self._captures(screen, option, policy_no)
                return await self._do("answer", option=option, captures=captures, **seen)

    def _captures(self, screen: Json, code: str, policy_no: str) -> dict[str, str]:
        option = next(option for option in screen["options"] if option["code"] == code)
        day = self._clock.now().date().isoformat()
        words = {**WRITTEN_DOWN, Comparison.ID_TAIL: self._cast.id_tails.get(policy_no, "")}
        return {
            each["field"]: day if each["is_date"] else words.get(each["field"], "客户所述")
            for each in option["captures"]
        }

    async def _wrap_up(self, desk: Json) -> Json:
        await asyncio.sleep(_WRAPS_UP_SECONDS)
        policy_no = desk["policies"][0]["policy_no"]
        talk = self._cast.talk(policy_no, desk["call"]["id"])
        wanted = ""
        if desk["wrap_up"]["needs_appointment"]:
            offered = [datetime.fromisoformat(each) for each in desk["wrap_up"]["appointments"]]
            wanted = appointment(talk, self._clock.now(), offered).isoformat()
        return await self._do("wrap-up", note="", appointment_at=wanted)

    async def _do(self, action: str, **fields: object) -> Json:
        """Press a key; the answer is the desk as it stands then, whether the key was taken or not."""
        self._shift.deeds += 1
        self._news.clear()
        reply = await self._visitor.act(f"/desk/{action}", **fields)
        if not reply.accepted:
            self._refused(action, reply)
        return reply.content if "seat" in reply.content else await self._look()

    def _refused(self, action: str, reply: Reply) -> None:
        """The customer hung up while the key was pressed, or something is wrong: either way the desk shows it."""
        error = reply.content.get("error")
        log.info("robot.refused", action=action, status=reply.status, error=error, why=reply.content.get("message"))
        if reply.status not in _MOVED_ON:
            self._shift.troubles.append(f"{self._visitor.login}: {action} was answered {reply.status} {error}")


@dataclass(slots=True)
class _CallAtDesk:
    """The call a robot is on."""

    id: str = ""
    since: float = 0.0
    hung_up: bool = False
    reported: dict[str, set[str]] = field(default_factory=dict)


def appointment(talk: Talk, now: datetime, offered: Sequence[datetime]) -> datetime:
    """When the customer wants to be called: of what the desk offers the first that suits, today if it is not too late.

    When the desk has nothing to offer, whatever the customer says.
    """
    wanted = now + timedelta(hours=talk.again_in_hours or 2)
    if wanted.date() != now.date() or wanted.time() > _LATEST_APPOINTMENT:
        wanted = datetime.combine(now.date() + timedelta(days=1), _NEXT_MORNING, now.tzinfo)
    suits = [each for each in offered if each >= wanted]
    return suits[0] if suits else (offered[-1] if offered else wanted)
