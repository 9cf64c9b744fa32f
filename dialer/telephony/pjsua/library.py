"""The pjsua2 library, started and ended by the one thread that may touch it."""

from __future__ import annotations

import gc
import random
import sys
import time

import pjsua2 as pj

SOUND_RATE = 8000  # the trunk's native rate: nothing is resampled on the way to the recording
GOODBYE_SECONDS = 0.6  # SIP's T1 is 0.5
SOUND_PORTS = range(16384, 32768)
"""Where a worker's sound ports begin, somewhere. On the ports of a worker that was killed its customer is still heard,
and the library would send the next customer's talk to that one."""
MAX_CALLS = 4  # compiled into the wheel; a larger number is silently clamped


class StrangerRefusingAccount(pj.Account):  # type: ignore[misc]  # the wheel ships no types
    """The identity calls are made with. It takes none: a worker's port is nobody's phone."""

    def __init__(self) -> None:
        super().__init__()
        self._strangers: list[pj.Call] = []

    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:  # noqa: N802  # the library's name
        """Keep the call; refused in here, or not kept, it would abort the process (a freed request is freed again)."""
        self._strangers.append(pj.Call(self, prm.callId))

    def refuse_strangers(self) -> None:
        """Refuse whoever called; outside the callback."""
        while self._strangers:
            call = self._strangers.pop()
            refusal = pj.CallOpParam()
            refusal.statusCode = pj.PJSIP_SC_FORBIDDEN
            call.hangup(refusal)
            destroy(call)


class Library:
    """An endpoint without threads of its own for signalling: whoever calls `poll` is the owner thread."""

    def __init__(self, bind: str) -> None:
        """Start. Raises pj.Error when the address can't be bound."""
        self._endpoint = pj.Endpoint()
        self._endpoint.libCreate()
        self._endpoint.libInit(_configuration())
        transport = pj.TransportConfig()
        transport.boundAddress = bind
        transport.port = 0
        self._endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        self._endpoint.libStart()
        self._endpoint.audDevManager().setNullDev()
        self._choose_codecs()
        self.account = StrangerRefusingAccount()
        self.account.create(_account(bind))

    def poll(self, milliseconds: int) -> None:
        """Let the library work; its callbacks run in here."""
        self._endpoint.libHandleEvents(milliseconds)
        self.account.refuse_strangers()

    def close(self) -> None:
        """End the library; every Call must be destroyed by now, or it aborts.

        The last goodbyes get time to be answered, and to be repeated once; the library alone would always take 1 s.
        """
        until = time.monotonic() + GOODBYE_SECONDS
        while time.monotonic() < until:
            self.poll(20)
        self.account.shutdown()
        del self.account
        gc.collect()
        self._endpoint.libDestroy(pj.PJSUA_DESTROY_NO_RX_MSG)

    def _choose_codecs(self) -> None:
        preferred = {"PCMA": 255, "PCMU": 200}
        for codec in self._endpoint.codecEnum2():
            priority = preferred.get(codec.codecId.split("/")[0], 0)
            self._endpoint.codecSetPriority(codec.codecId, priority)


def destroy(call: pj.Call) -> None:
    """Delete the C++ call now, whoever still holds the Python object.

    A dead call collected after its slot was taken again wipes the new call's outcome.
    """
    if call.thisown:
        call.thisown = False
        pj.Call.__swig_destroy__(call)


def _configuration() -> pj.EpConfig:
    configuration = pj.EpConfig()
    configuration.logConfig.level = configuration.logConfig.consoleLevel = 0
    configuration.uaConfig.threadCnt = 0
    configuration.uaConfig.maxCalls = MAX_CALLS
    media = configuration.medConfig
    media.threadCnt = 1
    media.clockRate = SOUND_RATE
    media.noVad = True
    media.ecTailLen = 0
    media.sndAutoCloseTime = -1
    return configuration


def _account(bind: str) -> pj.AccountConfig:
    account = pj.AccountConfig()
    account.idUri = f"sip:dialer@{bind}"
    account.mediaConfig.transportConfig.boundAddress = bind
    account.mediaConfig.transportConfig.port = random.randrange(SOUND_PORTS.start, SOUND_PORTS.stop, 2)
    return account


def complain(where: str, error: BaseException) -> None:
    """Say on stderr what the library would only print or swallow; no values, for they may be numbers."""
    sys.stderr.write(f"telephony worker: {where}: {type(error).__name__}\n")
    sys.stderr.flush()
