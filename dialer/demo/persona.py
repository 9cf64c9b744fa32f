"""A demonstration customer: what the number does call by call, and what is said when it is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dialer.telephony.behaviours import Script

WRITTEN_DOWN = {
    "misled_statement": "销售时说这是一年存款，到期还本付息",
    "surrender_reason": "家里急用钱，想取消这份保险",
    "complaint_content": "业务员办完就联系不上了",
    "unsolved_reason": "答应补签的资料一直没有送来",
    "customer_version": "只接到一个电话，没有人上门",
    "wrong_info": "登记的住址不对",
}
"""What an agent writes into the field of an option, in the customer's words; a date is taken from the talk."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The agent presses this option."""

    option: str


@dataclass(frozen=True, slots=True)
class Happened:
    """The agent reports this event."""

    event: str


Move = Answered | Happened


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation. Where nothing else is said the customer agrees, which is every question's first option.

    Attributes:
        says: option codes by node.
        does: events by node; each happens once in a conversation, before the question is answered.
        again_in_hours: an appointment the customer asks for, from now.
        mark: what the agent marks when identity is asked (声纹疑点).
    """

    says: Mapping[str, str] = field(default_factory=dict)
    does: Mapping[str, str] = field(default_factory=dict)
    again_in_hours: float | None = None
    mark: str = ""

    def move(self, node: str, options: Sequence[str], events: Sequence[str], reported: frozenset[str]) -> Move:
        """What happens at a node of the agent's screen."""
        event = self.does.get(node)
        if event is not None and event in events and event not in reported:
            return Happened(event)
        said = self.says.get(node, options[0])
        return Answered(said if said in options else options[0])


AGREES = Talk()


@dataclass(frozen=True, slots=True)
class Persona:
    """One policy's customer.

    Attributes:
        name: the kind of customer, for the summary.
        numbers: what the mobile number does, call by call; the last again and again.
        home: what a second number does; None where the customer has none.
        talks: conversation by conversation; the last again and again.
        new_number: what a number does that the branch finds when the others fail; None where it finds none.
        first_reply_is_poor: the branch's first answer says nothing and is refused.
        clean: nothing is wrong: the first call is answered and closes the case.
    """

    name: str
    numbers: Script
    talks: Sequence[Talk] = (AGREES,)
    home: Script | None = None
    new_number: Script | None = None
    first_reply_is_poor: bool = False
    clean: bool = False

    def talk(self, number: int) -> Talk:
        """The conversation, counted from 0."""
        return self.talks[min(number, len(self.talks) - 1)]


@dataclass(slots=True)
class Cast:
    """Who is who, by policy number, the last four of their documents, and how often each was spoken with."""

    personas: Mapping[str, Persona]
    id_tails: Mapping[str, str] = field(default_factory=dict, repr=False)
    _calls: dict[str, list[str]] = field(default_factory=dict)

    def talk(self, policy_no: str, call_id: str) -> Talk:
        """What this customer says in this call."""
        calls = self._calls.setdefault(policy_no, [])
        if call_id not in calls:
            calls.append(call_id)
        persona = self.personas.get(policy_no)
        return AGREES if persona is None else persona.talk(calls.index(call_id))
