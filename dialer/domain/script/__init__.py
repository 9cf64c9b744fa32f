"""Call scripts (话术): what agents say, as checked and immutable data (rules §8)."""

from dialer.domain.script.expression import Condition, compile_condition
from dialer.domain.script.gate import Finding, gate
from dialer.domain.script.model import AnswerValue, CallScript, Node, Option, ScriptRef
from dialer.domain.script.reading import read_script
from dialer.domain.script.selection import PolicyKind, product_script, select_script

__all__ = [
    "AnswerValue",
    "CallScript",
    "Condition",
    "Finding",
    "Node",
    "Option",
    "PolicyKind",
    "ScriptRef",
    "compile_condition",
    "gate",
    "product_script",
    "read_script",
    "select_script",
]
