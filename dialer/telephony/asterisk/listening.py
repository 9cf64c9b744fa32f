"""Supervisors on live calls: their phone, and a spy on the agent's leg, in a bridge of their own.

A spy hears both sides. Whispering goes out to the agent; barging in also goes in with the agent's voice, so the
customer hears it and the recording holds it. A spy on the agent's leg would outlive the call and be on the next one:
whatever ends, it goes first.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from dialer.domain.call import CallId, ListenerDown, ListenerUp, ListenMode, WireEvent
from dialer.domain.desk_phone import browser_name
from dialer.ports import Clock, TelephonyRefused
from dialer.telephony.asterisk.ari import Ari, AriRefused, AriSilent
from dialer.telephony.asterisk.calls import Call, Listening
from dialer.telephony.asterisk.configuration import APP
from dialer.telephony.asterisk.names import Channel, Kind, caller_id, dialled, ours
from dialer.telephony.asterisk.translate import News, Saying

_LOG = structlog.get_logger("telephony")
_ANSWER_SECONDS = 30
_WHISPER = {ListenMode.LISTEN: "none", ListenMode.WHISPER: "out", ListenMode.BARGE: "both"}
_OURS = frozenset({Kind.LISTENER, Kind.SPY})


class Listeners:
    """Who listens to what; one supervisor a call."""

    def __init__(self, ari: Ari, app: str, clock: Clock) -> None:
        """`tell` takes the events; whoever owns the listeners sets it."""
        self.tell: Callable[[WireEvent], None] = lambda _event: None
        self._ari, self._app, self._clock = ari, app, clock
        self._calls: dict[CallId, Call] = {}

    async def join(self, call: Call, address: str, mode: ListenMode) -> None:
        """Call the phone; when it has answered it is let in. Raises TelephonyRefused: then nobody listens."""
        there = call.listening
        if there and there.address != address:
            raise TelephonyRefused("another supervisor's phone is on the call")
        try:
            if there is None:
                await self._call_phone(call, address, mode)
            elif there.spy is None:
                there.mode = mode  # it has not answered yet
            else:
                await self._spy(call, there, mode)
        except (AriRefused, AriSilent) as error:
            await self.leave(call)
            raise TelephonyRefused(f"the supervisor's phone can't be let in: {error}") from error

    async def _call_phone(self, call: Call, address: str, mode: ListenMode) -> None:
        listening = call.listening = Listening(address, mode, _new(Kind.LISTENER, call))
        self._calls[call.call_id] = call
        caller = caller_id(browser_name(address) or APP)  # a browser takes only the call that names it
        order = {"app": self._app, "timeout": _ANSWER_SECONDS, "callerId": caller}
        await self._ari.post(listening.phone.path, endpoint=dialled(address), **order)

    async def _spy(self, call: Call, listening: Listening, mode: ListenMode) -> None:
        """A spy's mode can't be changed. The old one goes first: no whisper may ever be a barge that was left over."""
        if listening.spy:
            await self._ari.delete(listening.spy.path)
        listening.mode, listening.spy = mode, _new(Kind.SPY, call)
        where = f"{call.seat.channel.path}/snoop/{listening.spy.id}"
        await self._ari.post(where, spy="both", whisper=_WHISPER[mode], app=self._app)

    async def hear(self, news: News) -> None:
        """A listener's or a spy's news. Raises AriRefused, AriSilent."""
        call = self._calls.get(_call_id(news.channel))
        listening = call.listening if call else None
        if call is None or listening is None or news.channel not in (listening.phone, listening.spy):
            if news.channel.kind in _OURS and news.saying is Saying.IN_APP:
                await self._ari.delete(news.channel.path)  # it came too late
            return
        match news.channel.kind, news.saying:
            case Kind.LISTENER, Saying.IN_APP:
                await self._ari.post(_bridge(listening), type="mixing")
                await self._ari.post(f"{_bridge(listening)}/addChannel", channel=news.channel.id)
                await self._spy(call, listening, listening.mode)
            case Kind.SPY, Saying.IN_APP:
                await self._ari.post(f"{_bridge(listening)}/addChannel", channel=news.channel.id)
                self.tell(ListenerUp(call.call_id, self._clock.now(), listening.mode))
            case _, Saying.GONE:
                said = "ended the leg" if listening.spy else "does not answer"
                await self.stop(call, f"the supervisor's phone {said} ({news.sip_code or news.cause})")

    async def stop(self, call: Call, why: str) -> None:
        """Out of a call that goes on; where nobody listens: nothing."""
        if call.listening is None:
            return
        await self.leave(call)
        if not call.over:
            self.tell(ListenerDown(call.call_id, self._clock.now(), why))

    async def leave(self, call: Call) -> None:
        """The spy, the listener and their bridge go; what Asterisk does not answer to is looked for at next contact."""
        listening, call.listening = call.listening, None
        self._calls.pop(call.call_id, None)
        if listening is not None:
            channels = [channel.path for channel in (listening.spy, listening.phone) if channel]
            await self._end(*channels, _bridge(listening))

    async def _end(self, *paths: str) -> None:
        """All of them, begun in this order, whatever becomes of one."""
        for told in await asyncio.gather(*(self._ari.delete(path) for path in paths), return_exceptions=True):
            if isinstance(told, BaseException):
                _LOG.warning("telephony.command_failed", why=str(told))

    async def tidy(self, channels: Sequence[Mapping[str, Any]], calls: Mapping[CallId, Call]) -> None:
        """After a gap: some listeners have gone, and some are a dead dialer's, whose wishes nobody knows any more.

        A spy that nobody ends would be on the seat's next call too.
        """
        there = {channel["id"] for channel in channels}
        for call in tuple(self._calls.values()):
            known = call.listening
            if known and any(channel and channel.id not in there for channel in (known.phone, known.spy)):
                await self.stop(call, "lost while Asterisk was out of contact")
        await self._end(*(stray.path for about in channels if (stray := self._stray(about, there, calls))))

    def nobody_on(self, call: Call) -> None:
        """Say so of a call that another dialer had: whoever was on it went with that dialer."""
        if not call.over:
            self.tell(ListenerDown(call.call_id, self._clock.now(), "the dialer was restarted"))

    def _stray(self, about: Mapping[str, Any], there: set[str], calls: Mapping[CallId, Call]) -> Channel | None:
        """A listener or spy that nobody knows: neither we nor, as far as we can tell, another dialer that lives."""
        channel = ours(about["id"])
        if channel is None or channel.kind not in _OURS:
            return None
        call_id, plan = _call_id(channel), about["dialplan"]
        on = call.listening if (call := self._calls.get(call_id)) else None
        in_our_app = (plan["app_name"], plan["app_data"].partition(",")[0]) == ("Stasis", self._app)
        nobodys = in_our_app or call_id in calls or Channel(Kind.CALL, call_id).id not in there
        return channel if nobodys and not (on and channel in (on.phone, on.spy)) else None


def _new(kind: Kind, call: Call) -> Channel:
    """A channel of its own for every wish, so that the end of an earlier one is not taken for its own."""
    return Channel(kind, f"{call.call_id}~{secrets.token_hex(4)}")


def _call_id(channel: Channel) -> CallId:
    return CallId(channel.key.partition("~")[0])


def _bridge(listening: Listening) -> str:
    return f"/bridges/{APP}.{listening.phone.key}"
