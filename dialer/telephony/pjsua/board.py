"""The switchboard of one seat: the agent's leg, the customer's, a supervisor's, and who hears whom.

Commands come in, messages go out (`translate` turns them into the product's events); times are monotonic seconds.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pjsua2 as pj

from dialer.domain.call import CallId, ListenMode, RecordingKind, SoundFiles
from dialer.telephony.pjsua.legs import Leg, Note, SoundFile, switch
from dialer.telephony.pjsua.library import Library
from dialer.telephony.pjsua.parties import Customer, Ending, Listener

SEAT_ANSWER_SECONDS = 20.0
LISTENER_ANSWER_SECONDS = 30.0
TRUNK_ANSWER_SECONDS = 6.0  # not even a 100 Trying in four retransmissions: nobody is there
FILES_SECONDS = 1.0  # a recorder's file is complete in some 20 ms; never hold an outcome for it


class Board:
    """Obeys commands, reads the library's notes, keeps the deadlines."""

    def __init__(
        self, library: Library, post: Callable[[dict[str, Any]], None], spool: Path, deaf_seconds: float
    ) -> None:
        """`post` sends a message to the parent; a leg without sound for `deaf_seconds` counts as vanished."""
        self.finished = False
        self._library, self._post, self._spool = library, post, spool
        self._deaf_seconds = deaf_seconds
        self._notes: deque[Note] = deque()
        self._seat: Leg | None = None
        self._seat_up = False
        self._seat_answer_by = 0.0
        self._seat_gone: str | None = None
        self._customer: Customer | None = None
        self._listener: Listener | None = None
        self._leaving: list[Leg] = []  # supervisors' legs that were hung up; the library still needs them
        self._endings: list[Ending] = []
        self._next_listening_check = 0.0

    # --- commands ---------------------------------------------------------------------------------------------

    def obey(self, command: Mapping[str, Any]) -> None:
        """Do what the parent says."""
        match command["do"]:
            case "seat":
                self._call_seat(command["address"])
            case "dial":
                self._dial(command)
            case "hang_up":
                if self._customer and self._customer.call == command["call"]:
                    self._hang_up(by="DIALER")
            case "listen":
                self._listen(command["call"], command["address"], ListenMode(command["mode"]))
            case "stop_listening":
                if self._listener and self._listener.call == command["call"]:
                    self._listener_leaves("stopped")

    def leave(self, why: str) -> None:
        """End every leg; the seat's own going ends the worker."""
        self._hang_up(by="DIALER")
        self._seat_lost(why)

    def _call_seat(self, address: str) -> None:
        try:
            self._seat = Leg.to(address, self._library, self._notes)
            self._seat_answer_by = time.monotonic() + SEAT_ANSWER_SECONDS
        except pj.Error as error:
            self._seat_gone = f"the agent's phone can't be called: {error.reason}"

    def _dial(self, command: Mapping[str, Any]) -> None:
        now = time.monotonic()
        try:
            leg = Leg.to(command["uri"], self._library, self._notes, command["caller"])
        except pj.Error:
            self._say("ended", call=command["call"], answered=False, code=0, hung_up_by="DIALER", failure="NOT_PLACED")
            return
        self._customer = Customer(command["call"], leg, now, now + command["ring_seconds"])
        if self._seat_gone is not None:
            self._hang_up(by="AGENT", failure="SEAT_LOST")

    def _hang_up(self, *, by: str, failure: str | None = None, ring_timeout: bool = False) -> None:
        """End the customer's leg; the first reason given is the one that counts."""
        customer = self._customer
        if customer is None or customer.hung_up_by:
            return
        customer.hung_up_by, customer.failure, customer.ring_timeout = by, failure, ring_timeout
        customer.leg.end()

    def _listen(self, call: str, address: str, mode: ListenMode) -> None:
        if self._customer is None or self._customer.call != call or self._customer.talk is None:
            return  # it has just ended, and says so
        if self._listener:
            if self._listener.address == address:  # one supervisor a call
                self._listener.mode = mode
                self._bridge_listener()
            return
        try:
            leg = Leg.to(address, self._library, self._notes)
        except pj.Error as error:
            self._say("listener_down", call=call, why=f"the supervisor's phone can't be called: {error.reason}")
            return
        self._listener = Listener(call, address, leg, mode, time.monotonic() + LISTENER_ANSWER_SECONDS)

    def _listener_leaves(self, why: str) -> None:
        """Hang the supervisor's phone up, and say so while the call goes on; from now on its leg is nobody's."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        self._silence(listener)
        self._leaving.append(listener.leg)
        listener.leg.end()
        if self._customer and self._customer.call == listener.call:
            self._say("listener_down", call=listener.call, why=why)

    def _silence(self, listener: Listener) -> None:
        """Heard by nobody from now on, however long the leg takes to end."""
        others = (self._seat, self._customer and self._customer.leg)
        if listener.up and listener.leg.has_sound:
            for leg in others:
                if leg and leg.has_sound:
                    switch(listener.leg.sound, leg.sound, on=False)

    # --- what the library noted -------------------------------------------------------------------------------

    def settle(self) -> None:
        """Act on every note taken since."""
        while self._notes:
            note = self._notes.popleft()
            if self._customer and note.leg is self._customer.leg:
                self._customer_noted(self._customer, note)
            elif note.leg is self._seat:
                self._seat_noted(note)
            elif self._listener and note.leg is self._listener.leg:
                self._listener_noted(self._listener, note)
            if note.is_over:
                self._leaving = [leg for leg in self._leaving if leg is not note.leg]
                note.leg.bury()

    def _customer_noted(self, customer: Customer, note: Note) -> None:
        customer.heard_of = customer.heard_of or note.code > 0
        if note.is_over:
            self._customer_over(customer, note)
            return
        if note.is_early and note.code == 180 and not customer.rang:
            customer.rang = True
            self._say("ringing", note.at, call=customer.call)
        if note.is_early and note.has_sound and customer.early is None and not customer.hung_up_by:
            self._record_early(customer, note)
        if note.answered and not customer.answered:
            customer.answered = True
            self._say("answered", note.at, call=customer.call)
        if customer.answered and note.has_sound and not customer.hung_up_by:
            self._join(customer)

    def _record_early(self, customer: Customer, note: Note) -> None:
        self._say("early_media", note.at, call=customer.call)
        files = SoundFiles.of(self._spool, CallId(customer.call), RecordingKind.EARLY)
        customer.early = self._record(customer, files.customer, customer.leg)
        if customer.early:
            path = str(customer.early.path)
            self._say("recording", note.at, call=customer.call, sound="EARLY", customer=path, agent=None)

    def _join(self, customer: Customer) -> None:
        """Let customer and agent hear each other, recorded from the first instant."""
        begins = customer.talk is None
        customer.talk = customer.talk or self._record_talk(customer)
        if customer.talk is None:
            return
        self._bridge(customer)
        if begins:
            now = time.monotonic()
            theirs, ours = (str(file.path) for file in customer.talk)
            self._say("connected", now, call=customer.call)
            self._say("recording", now, call=customer.call, sound="TALK", customer=theirs, agent=ours)

    def _record_talk(self, customer: Customer) -> tuple[SoundFile, SoundFile] | None:
        """Both sides' files, begun together; without a seat or a file the call is ended."""
        if self._seat is None or not self._seat_up:
            self._hang_up(by="AGENT", failure="SEAT_LOST")
            return None
        if customer.early:
            customer.early.close()
        files = SoundFiles.of(self._spool, CallId(customer.call), RecordingKind.TALK)
        theirs = self._record(customer, files.customer, customer.leg)
        ours = self._record(customer, files.agent, self._seat) if theirs and files.agent else None
        return (theirs, ours) if theirs and ours else None

    def _record(self, customer: Customer, path: Path, source: Leg) -> SoundFile | None:
        """A sound file, or an end of the call: a conversation that leaves no proof is worth nothing."""
        try:
            file = SoundFile(path, source.sound)
        except pj.Error:
            self._hang_up(by="DIALER", failure="RECORDING_FAILED")
            return None
        customer.files.append(file)
        return file

    def _bridge(self, customer: Customer) -> None:
        """Connect every port; connecting what is connected changes nothing."""
        if customer.talk is None or self._seat is None or not (self._seat.has_sound and customer.leg.has_sound):
            return
        theirs, ours = customer.leg.sound, self._seat.sound
        theirs.startTransmit(ours)
        ours.startTransmit(theirs)
        customer.talk[0].hear(theirs)
        customer.talk[1].hear(ours)
        self._bridge_listener()

    def _bridge_listener(self) -> None:
        """The supervisor hears both; whispering reaches the agent, barging in reaches both and is recorded."""
        listener, customer = self._listener, self._customer
        if listener is None or not listener.up or customer is None or customer.talk is None or self._seat is None:
            return
        if not all(leg.has_sound for leg in (listener.leg, customer.leg, self._seat)):
            return
        theirs, ours, third = customer.leg.sound, self._seat.sound, listener.leg.sound
        theirs.startTransmit(third)
        ours.startTransmit(third)
        switch(third, ours, on=listener.mode is not ListenMode.LISTEN)
        switch(third, theirs, on=listener.mode is ListenMode.BARGE)
        customer.talk[1].hear(third, on=listener.mode is ListenMode.BARGE)
        if listener.told is not listener.mode:
            listener.told = listener.mode
            self._say("listener_up", call=customer.call, mode=listener.mode.value)

    def _customer_over(self, customer: Customer, note: Note) -> None:
        """The call is over: close its sound, and hold its outcome until the files are complete."""
        self._customer = None
        self._listener_leaves("the call is over")
        if not (note.from_wire or customer.hung_up_by or customer.failure):
            customer.failure = "TRUNK_LOST"
        customer.early = customer.talk = None
        for file in customer.files:
            file.close()
        message = {
            "call": customer.call,
            "at": note.at,
            "answered": customer.answered,
            "code": note.code,
            "hung_up_by": customer.hung_up_by,
            "ring_timeout": customer.ring_timeout,
            "failure": customer.failure,
        }
        self._endings.append(Ending(message, customer.files, time.monotonic() + FILES_SECONDS))

    def _seat_noted(self, note: Note) -> None:
        if note.is_over:
            self._seat = None
            self._seat_lost(f"the agent's phone ended the leg ({note.code})")
        elif note.answered and note.has_sound and not self._seat_up:
            self._seat_up = True
            self._say("seat_up", note.at)
        elif self._customer:
            self._bridge(self._customer)

    def _seat_lost(self, why: str) -> None:
        """No customer stays alone on the line."""
        self._seat_gone = self._seat_gone or why
        self._seat_up = False
        self._hang_up(by="AGENT", failure="SEAT_LOST")
        self._listener_leaves("the seat is lost")
        if self._seat:
            self._seat.end()

    def _listener_noted(self, listener: Listener, note: Note) -> None:
        if note.is_over:
            said = "ended the leg" if listener.up else "does not answer"
            self._listener_leaves(f"the supervisor's phone {said} ({note.code})")
        elif note.answered and note.has_sound:
            listener.up = True
            self._bridge_listener()

    # --- deadlines --------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Keep the deadlines; called a hundred times a second."""
        now = time.monotonic()
        self._keep_customer_deadlines(now)
        if self._seat and not self._seat_up and self._seat_gone is None and now > self._seat_answer_by:
            self._seat_lost("the agent's phone does not answer")
        if self._listener and not self._listener.up and now > self._listener.answer_by:
            self._listener_leaves("the supervisor's phone does not answer")
        if now >= self._next_listening_check:
            self._next_listening_check = now + 1.0
            self._check_sound(now)
        self._release_endings(now)
        if self._seat_gone is not None and not (self._seat or self._customer or self._leaving or self._endings):
            self._say("seat_down", why=self._seat_gone)
            self.finished = True

    def _keep_customer_deadlines(self, now: float) -> None:
        customer = self._customer
        if customer is None or customer.answered or customer.hung_up_by:
            return
        if now > customer.rings_until and (customer.heard_of or customer.leg.answered_by_anybody()):
            self._hang_up(by="DIALER", ring_timeout=True)
        elif now > customer.placed_at + TRUNK_ANSWER_SECONDS and not customer.leg.answered_by_anybody():
            self._hang_up(by="DIALER", failure="TRUNK_SILENT")

    def _check_sound(self, now: float) -> None:
        """A phone that has sent nothing for long has vanished without a goodbye."""
        customer = self._customer
        if customer and customer.talk and customer.leg.deaf_seconds(now) > self._deaf_seconds:
            self._hang_up(by="NETWORK", failure="SOUND_LOST")
        if self._seat and self._seat_up and self._seat.deaf_seconds(now) > self._deaf_seconds:
            self._seat_lost("the agent's phone sends no sound any more")

    def _release_endings(self, now: float) -> None:
        for ending in tuple(self._endings):
            if now > ending.until or all(file.is_complete for file in ending.files):
                self._endings.remove(ending)
                self._post({"kind": "ended", **ending.message})

    def _say(self, kind: str, at: float | None = None, **facts: object) -> None:
        self._post({"kind": kind, "at": time.monotonic() if at is None else at, **facts})
