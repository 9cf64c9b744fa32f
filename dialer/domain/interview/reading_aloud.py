"""The words of a node with their variables filled in; a missing value blocks the call before it is placed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from dialer.domain.errors import VariableMissing
from dialer.domain.interview.state import Interview, InterviewFacts, scope_of
from dialer.domain.script.expression import Condition, Scope
from dialer.domain.script.gate import PLACEHOLDER
from dialer.domain.script.model import CallScript, Node

_SENTENCE = re.compile("[^。]+。?")


def spoken_text(script: CallScript, facts: InterviewFacts, interview: Interview) -> str:
    """What the agent reads at the current node.

    Raises:
        VariableMissing: a variable has no value; an empty slot is never read.
    """
    node = script.node(interview.node)
    scope = scope_of(script, facts, interview)
    text = next((variant.text for variant in node.text_variants if variant.when.holds(scope)), node.text)
    values = _values(script, facts)
    if missing := sorted(set(PLACEHOLDER.findall(text)) - set(values)):
        raise VariableMissing(f"{script.id} / {node.id}: no value for {', '.join(missing)}")
    return PLACEHOLDER.sub(lambda match: values[match[1]], text)


def agent_note(script: CallScript, node: Node) -> str:
    """The node's instruction, as an agent reads it: what its author tells other authors is left out.

    A sentence about the script's own jumps (`$RETURN_NEXT`) says nothing to an agent; a variable goes by its meaning.
    """
    sentences = [each for each in _SENTENCE.findall(node.agent_note) if "$" not in each]
    meanings = {variable.name: _short(variable.meaning) for variable in script.variables}
    return PLACEHOLDER.sub(lambda match: meanings.get(match[1], ""), "".join(sentences))


def _short(meaning: str) -> str:
    """`应签名人：被保险人／其法定监护人` is called 应签名人."""
    return re.split("[：（]", meaning)[0]


def missing_variables(script: CallScript, facts: InterviewFacts) -> tuple[str, ...]:
    """The variables without a value in any text this policy's call may come to, in the script's order."""
    scope = facts.scope()
    used = {name for node in _reachable(script, scope) for text in _texts(node, scope) for name in _names(text)}
    absent = used - set(_values(script, facts))
    return tuple(variable.name for variable in script.variables if variable.name in absent)


def _values(script: CallScript, facts: InterviewFacts) -> Mapping[str, str]:
    values = {"est_minutes": script.est_minutes_default, **facts.variables}
    return {name: value for name, value in values.items() if value.strip()}


def _names(text: str) -> list[str]:
    return PLACEHOLDER.findall(text)


def _reachable(script: CallScript, scope: Scope) -> Iterator[Node]:
    """The nodes a call on these facts may show; what only the talk decides is taken to go either way."""
    seen: set[str] = set()
    todo = [script.entry, *(event.goto for event in script.global_events)]
    while todo:
        node = script.nodes.get(todo.pop())
        if node is None or node.id in seen:
            continue
        seen.add(node.id)
        shown = node.when is None or _truth(node.when, scope) is not False
        if shown:
            yield node
            todo += [option.goto for option in node.options] + [branch.goto for branch in node.branches]
        todo += [target for target in (node.else_goto, node.next, node.on_max_visits) if target]


def _texts(node: Node, scope: Scope) -> Iterator[str]:
    """The wordings that may be read: up to the first variant that certainly holds, else the plain text."""
    for variant in node.text_variants:
        truth = _truth(variant.when, scope)
        if truth is not False:
            yield variant.text
        if truth:
            return
    yield node.text


def _truth(condition: Condition, scope: Scope) -> bool | None:
    """True or false when the facts alone decide, None when the talk does."""
    return condition.holds(scope) if condition.fields <= scope.keys() else None
