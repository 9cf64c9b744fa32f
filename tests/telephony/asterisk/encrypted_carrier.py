"""A carrier that takes calls over TLS and SRTP only, and speaks: a process of its own, for test_tls.py.

Arguments: certificate file, key file, port. Writes a line when it listens, one line of JSON a call when it is over
(the offer, and whether it heard a voice), and ends when its standard input does.
"""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Callable

import pjsua2 as pj

_LOUD = 0.02
_TONE = pj.ToneDesc()
_TONE.freq1, _TONE.on_msec, _TONE.off_msec = 440, 1000, 0


class Talk(pj.Call):  # type: ignore[misc]  # the library has no types
    """One call: answered at once, with a tone."""

    def __init__(self, account: Carrier, call_id: int, offer: str) -> None:
        super().__init__(account, call_id)
        self.account, self.offer, self.heard = account, offer, 0.0
        self.sound: pj.AudioMedia | None = None
        self.tone = pj.ToneGenerator()
        self.tone.createToneGenerator()

    def onCallMediaState(self, _prm: pj.OnCallMediaStateParam) -> None:  # noqa: N802  # the library's name
        self.sound = self.getAudioMedia(-1)
        self.tone.play(pj.ToneDescVector([_TONE]), True)  # noqa: FBT003  # the library's: over and over
        self.tone.startTransmit(self.sound)

    def listen(self) -> None:
        if self.sound is not None:
            self.heard = max(self.heard, self.sound.getRxLevel() / 255)

    def onCallState(self, _prm: pj.OnCallStateParam) -> None:  # noqa: N802  # the library's name
        if self.getInfo().state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.sound = None
            self.account.over.append(self)


class Carrier(pj.Account):  # type: ignore[misc]  # the library has no types
    """Takes every call."""

    def __init__(self) -> None:
        super().__init__()
        self.talks: list[Talk] = []
        self.over: list[Talk] = []

    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:  # noqa: N802  # the library's name
        talk = Talk(self, prm.callId, prm.rdata.wholeMsg)
        self.talks.append(talk)
        answer = pj.CallOpParam()
        answer.statusCode = 200
        talk.answer(answer)


def main() -> None:
    say = _words_of_ours()
    endpoint = _library()
    carrier = Carrier()
    carrier.create(_encrypted_only())
    say("listening")
    while not select.select([sys.stdin], [], [], 0)[0]:
        endpoint.libHandleEvents(20)
        for talk in carrier.talks:
            talk.listen()
        while carrier.over:
            say(_told(carrier, carrier.over.pop()))
    endpoint.libDestroy()


def _words_of_ours() -> Callable[[str], None]:
    """Standard output to ourselves: the library logs to it before it can be told not to."""
    ours = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return lambda line: print(line, file=ours, flush=True)  # what the test waits for


def _library() -> pj.Endpoint:
    endpoint, config = pj.Endpoint(), pj.EpConfig()
    endpoint.libCreate()
    config.uaConfig.threadCnt, config.uaConfig.mainThreadOnly = 0, True
    config.logConfig.level = config.logConfig.consoleLevel = 0
    endpoint.libInit(config)
    endpoint.audDevManager().setNullDev()
    transport = pj.TransportConfig()
    transport.boundAddress, transport.port = "127.0.0.1", int(sys.argv[3])
    transport.tlsConfig.certFile, transport.tlsConfig.privKeyFile = sys.argv[1], sys.argv[2]
    endpoint.transportCreate(pj.PJSIP_TRANSPORT_TLS, transport)
    endpoint.libStart()
    return endpoint


def _encrypted_only() -> pj.AccountConfig:
    config = pj.AccountConfig()
    config.idUri = f"sip:carrier@127.0.0.1:{sys.argv[3]};transport=tls"
    config.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
    config.mediaConfig.srtpUse, config.mediaConfig.srtpSecureSignaling = pj.PJMEDIA_SRTP_MANDATORY, 1
    return config


def _told(carrier: Carrier, talk: Talk) -> str:
    carrier.talks.remove(talk)
    talk.thisown = False
    pj.Call.__swig_destroy__(talk)
    return json.dumps({"offer": talk.offer, "heard": talk.heard > _LOUD})


if __name__ == "__main__":
    main()
