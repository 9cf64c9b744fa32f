"""The kinds of customers the demonstration plays: half of them without a problem, the rest with one of each."""

from __future__ import annotations

from dataclasses import replace

from dialer.demo.persona import AGREES, Persona, Talk
from dialer.telephony.behaviours import CONDUCT, Behaviour, Conduct, Script

_B = Behaviour
_ANSWERS: Script = (_B.ANSWERS,)
_BREAKS_OFF = replace(CONDUCT[_B.HANGS_UP_MIDWAY], hangs_up_after_seconds=3.0)
_REJECTS = replace(CONDUCT[_B.REJECTED], wait_seconds=3.5)  # above the 3 s that tell it from busy, below our ring time
_RINGS_A_LITTLE = Conduct(wait_seconds=1.0)

CLEAN = Persona("clean", (_RINGS_A_LITTLE,), clean=True)

_NETWORK = (
    Persona("busy, then answers", (_B.BUSY, _B.ANSWERS)),
    Persona("rings out", (_B.RINGS_OUT,), new_number=_ANSWERS),
    Persona("empty number", (_B.EMPTY_NUMBER,), new_number=_ANSWERS),
    Persona("switched off, then answers", (_B.POWER_OFF, _B.ANSWERS)),
    Persona("silent, then speaks", (_B.SILENT, _B.ANSWERS), (Talk(does={"M010_GREET": "SILENCE"}, says={
        "S182_SILENCE": "SILENT"}), AGREES)),
    Persona("voice assistant, then a person", (_B.VOICE_ASSISTANT, _B.ANSWERS), (
        Talk(does={"M010_GREET": "CALL_ASSISTANT"}, says={"S185_ASSISTANT": "END"}), AGREES)),
    Persona("hangs up midway, then goes on", (_BREAKS_OFF, _B.ANSWERS)),
    Persona("rejects, then answers", (_REJECTS, _B.ANSWERS)),
    Persona("network fault, then answers", (_B.UNAVAILABLE, _B.ANSWERS)),
    Persona("empty mobile, answers at home", (_B.EMPTY_NUMBER,), home=_ANSWERS),
)  # fmt: skip
"""What the network shows (rules §10.2)."""

_SIGNED_BY_ANOTHER = Talk(says={"M060_SIGN_HOLDER": "NO"})
_STILL_UNSOLVED = Talk(says={"M044_SOLVED": "NOT_SOLVED"})

_PROBLEMS = (
    Persona("did not sign", _ANSWERS, (_SIGNED_BY_ANOTHER, AGREES)),
    Persona("did not sign, branch slow", _ANSWERS, (_SIGNED_BY_ANOTHER, AGREES), first_reply_is_poor=True),
    Persona("did not sign, not put right", _ANSWERS, (_SIGNED_BY_ANOTHER, _STILL_UNSOLVED, AGREES)),
    Persona("contract not received", _ANSWERS, (Talk(says={"M050_RECEIPT": "NOT_RECEIVED"}), AGREES)),
    Persona("cover not understood", _ANSWERS, (
        Talk(says={"M090_LIABILITY": "UNCLEAR", "S910_LIABILITY": "UNCLEAR"}), AGREES)),
    Persona("misled", _ANSWERS, (Talk(says={"M090_LIABILITY": "DIFFERENT"}), AGREES)),
    Persona("knows of no policy", _ANSWERS, (
        Talk(says={"M040_PURCHASE": "UNAWARE", "S410_REMIND": "UNAWARE"}), AGREES)),
    Persona("wants to surrender", _ANSWERS, (
        Talk(does={"M100_PAYMENT": "SURRENDER"}, says={"S902_SURRENDER_END": "STOP"}), AGREES)),
    Persona("complains", _ANSWERS, (Talk(does={"M175_ANY": "COMPLAINT"}), AGREES)),
)  # fmt: skip
"""What a conversation brings to light (rules §4.3, §4.4)."""

_CONDUCT = (
    Persona("busy, asks for later", _ANSWERS, (Talk(says={"M020_NOTICE": "BUSY"}, again_in_hours=2), AGREES)),
    Persona("somebody else answers", _ANSWERS, (
        Talk(says={"M010_GREET": "NOT_SELF", "S110_THIRD_PARTY": "NO_INFO"}), AGREES)),
    Persona("a child answers", _ANSWERS, (Talk(says={"M010_GREET": "CHILD", "S130_MINOR": "NO_ADULT"}), AGREES)),
    Persona("wrong number", _ANSWERS, (Talk(says={"M010_GREET": "WRONG_NUMBER"}), AGREES), new_number=_ANSWERS),
    Persona("refuses", _ANSWERS, (Talk(says={"M020_NOTICE": "REFUSE", "S170_REFUSE": "REFUSE_CONFIRMED"}),)),
    Persona("prefers the electronic form", _ANSWERS, (
        Talk(says={"M020_NOTICE": "BUSY", "S160_BUSY": "EREVISIT"}), AGREES)),
    Persona("wants no recording", _ANSWERS, (
        Talk(says={"M020_NOTICE": "OBJECT_RECORDING", "S172_NO_RECORDING": "LETTER_VISIT"}), AGREES)),
    Persona("does not know the birthday", _ANSWERS, (
        Talk(says={"M030_VERIFY": "MISMATCH", "S310_VERIFY_RETRY": "MISMATCH"}), AGREES), new_number=_ANSWERS),
    Persona("has died", _ANSWERS, (Talk(says={"M010_GREET": "DECEASED"}),)),
)  # fmt: skip
"""How people behave (rules §5.4)."""

_NO_MATTER = (
    Persona("forgot the birthday, knows the document", _ANSWERS, (Talk(says={"M030_VERIFY": "MISMATCH"}),)),
    Persona("voice does not fit, proves it", _ANSWERS, (Talk(mark="VOICE_MISMATCH"),)),
    Persona("understands after an explanation", _ANSWERS, (Talk(says={
        "M092_EXCLUSION": "UNCLEAR", "M110_FREELOOK": "UNCLEAR"}),)),
    Persona("in a hurry", _ANSWERS, (Talk(does={"M080_DOCS": "HURRY"}),)),
)  # fmt: skip
"""What needs care and still ends well."""

SPECIAL = (*_NETWORK, *_PROBLEMS, *_CONDUCT, *_NO_MATTER)
"""One of each."""
