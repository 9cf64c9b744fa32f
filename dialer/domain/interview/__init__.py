"""The interview: a script, a policy and a customer's answers become a verdict (rules §5.4, §8)."""

from dialer.domain.interview.moves import AGENT_MARKS, TAKEN_BACK, choose, leave, mark, raise_event, start, take_back
from dialer.domain.interview.needed import Fact, facts_needed
from dialer.domain.interview.pending import with_pending_items
from dialer.domain.interview.reading_aloud import missing_variables
from dialer.domain.interview.screen import Choice, EventButton, ItemProgress, Screen, pressed, screen
from dialer.domain.interview.state import (
    IDENTITY_ITEMS,
    Answer,
    CapturedField,
    Created,
    HeardProblem,
    Interview,
    InterviewFacts,
    Step,
    facts_from_plain,
    facts_to_plain,
    from_plain,
    to_plain,
)
from dialer.domain.interview.verdict import Verdict, verdict

__all__ = [
    "AGENT_MARKS",
    "IDENTITY_ITEMS",
    "TAKEN_BACK",
    "Answer",
    "CapturedField",
    "Choice",
    "Created",
    "EventButton",
    "Fact",
    "HeardProblem",
    "Interview",
    "InterviewFacts",
    "ItemProgress",
    "Screen",
    "Step",
    "Verdict",
    "choose",
    "facts_from_plain",
    "facts_needed",
    "facts_to_plain",
    "from_plain",
    "leave",
    "mark",
    "missing_variables",
    "pressed",
    "raise_event",
    "screen",
    "start",
    "take_back",
    "to_plain",
    "verdict",
    "with_pending_items",
]
