"""Supervisors on live calls: their phone, and a spy on the agent's leg, in a bridge of their own.

A spy hears both sides. Whispering goes out to the agent; barging in also goes in with the agent's voice, so the
customer hears it and the recording holds it.
"""

from __future__ import annotations

from dialer.domain.call import CallId
from dialer.ports import ListenMode
from dialer.telephony.asterisk.ari import Ari
from dialer.telephony.asterisk.calls import Call, Listening
from dialer.telephony.asterisk.configuration import APP
from dialer.telephony.asterisk.names import Channel, Kind
from dialer.telephony.asterisk.translate import News, Saying

_ANSWER_SECONDS = 30
_WHISPER = {ListenMode.LISTEN: "none", ListenMode.WHISPER: "out", ListenMode.BARGE: "both"}


class Listeners:
    """Who listens to what; one supervisor a call."""

    def __init__(self, ari: Ari, app: str) -> None:
        self._ari, self._app = ari, app
        self._calls: dict[CallId, Call] = {}

    async def join(self, call: Call, address: str, mode: ListenMode) -> None:
        """Call the phone; when it has answered it is let in. Raises AriRefused, AriSilent."""
        if call.listening and self._calls.get(call.call_id):
            call.listening.mode = mode
            if call.listening.bridged:
                await self._renew_spy(call)
            return
        call.listening = Listening(address, mode)
        self._calls[call.call_id] = call
        await self._ari.post(
            _phone(call).path, endpoint=f"PJSIP/phones/{address}", app=self._app, timeout=_ANSWER_SECONDS, callerId=APP
        )

    async def hear(self, news: News) -> None:
        """A listener's or a spy's news. Raises AriRefused, AriSilent."""
        call = self._calls.get(CallId(news.channel.key.partition("~")[0]))
        if call is None or call.listening is None:
            return
        match news.channel.kind, news.saying:
            case Kind.LISTENER, Saying.IN_APP:
                await self._ari.post(_bridge(call), type="mixing")
                await self._ari.post(f"{_bridge(call)}/addChannel", channel=_phone(call).id)
                call.listening.bridged = True
                await self._renew_spy(call)
            case Kind.SPY, Saying.IN_APP:
                await self._ari.post(f"{_bridge(call)}/addChannel", channel=news.channel.id)
            case Kind.LISTENER, Saying.GONE:
                await self.leave(call)

    async def leave(self, call: Call) -> None:
        """The listener, its spies and the bridge go. Raises AriRefused, AriSilent."""
        listening, call.listening = call.listening, None
        self._calls.pop(call.call_id, None)
        if listening is None:
            return
        await self._ari.delete(_phone(call).path)
        for number in range(1, listening.spies + 1):
            await self._ari.delete(_spy(call, number).path)
        await self._ari.delete(_bridge(call))

    async def _renew_spy(self, call: Call) -> None:
        """A spy's mode can't be changed, so a new one takes its place."""
        listening = call.listening
        assert listening is not None
        listening.spies += 1
        spy, whisper = _spy(call, listening.spies), _WHISPER[listening.mode]
        await self._ari.post(f"{call.seat.channel.path}/snoop/{spy.id}", spy="both", whisper=whisper, app=self._app)
        if listening.spies > 1:
            await self._ari.delete(_spy(call, listening.spies - 1).path)


def _phone(call: Call) -> Channel:
    return Channel(Kind.LISTENER, call.call_id)


def _spy(call: Call, number: int) -> Channel:
    return Channel(Kind.SPY, f"{call.call_id}~{number}")


def _bridge(call: Call) -> str:
    return f"/bridges/{APP}.{call.call_id}"
