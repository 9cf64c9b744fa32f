"""The publication gate: what must hold of a script before an agent may read it (rules §7.1, §8.1, §8.4)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dialer.domain.outcome import Outcome
from dialer.domain.script.expression import Condition
from dialer.domain.script.model import (
    CURRENT_ITEM,
    DIFFERENT,
    RETURN,
    RETURN_NEXT,
    SAME,
    CallScript,
    Comparison,
    MandatoryItem,
    Node,
    NodeKind,
    Option,
    RaiseProblem,
    RecordAnswer,
)
from dialer.domain.script.statutory import missing_items

PLACEHOLDER = re.compile(r"\{(\w+)\}")

_NETWORK_OUTCOMES = frozenset(Outcome) - frozenset(tuple(Outcome)[: tuple(Outcome).index(Outcome.CALL_ASSISTANT) + 1])


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why a script can't be published."""

    code: str
    script: str
    node: str
    why: str

    def __str__(self) -> str:
        """One line a person can act on."""
        place = f"{self.script} / {self.node}" if self.node else self.script
        return f"{place}: {self.why} [{self.code}]"


def gate(script: CallScript) -> list[Finding]:
    """Everything that keeps the script from publication; empty when nothing does."""
    return [
        Finding(code, f"{script.id} {script.ref.version}", node, why)
        for check in (_header, _shapes, _targets, _reach, _exits, _loops, _effects, _items, _variables)
        for code, node, why in check(script)
    ]


_Found = Iterator[tuple[str, str, str]]


def _header(script: CallScript) -> _Found:
    if not re.fullmatch(r"\d+\.\d+\.\d+", script.ref.version):
        yield "VERSION", "", f"version {script.ref.version!r} is not of the form 1.2.3"
    events = Counter(event.event for event in script.global_events)
    for event in (event for event, count in events.items() if count > 1):
        yield "DUPLICATE_EVENT", "", f"global event {event} stands twice"


def _shapes(script: CallScript) -> _Found:
    """Each kind of node has what it needs and nothing that would never be used."""
    for node in script.nodes.values():
        for code in (code for code, count in Counter(o.code for o in node.options).items() if count > 1):
            yield "DUPLICATE_OPTION", node.id, f"option {code} stands twice"
        if (node.max_visits is None) != (node.on_max_visits is None):
            yield "SHAPE", node.id, "max_visits and on_max_visits come together"
        if node.when is not None and node.else_goto is None:
            yield "SHAPE", node.id, "a node with `when` needs else_goto"
        if node.compare is Comparison.ID_TAIL and not {SAME, DIFFERENT} <= {option.code for option in node.options}:
            yield "SHAPE", node.id, f"what the system compares needs the options {SAME} and {DIFFERENT}"
        yield from _shape_of_kind(node)


def _shape_of_kind(node: Node) -> _Found:
    match node.kind:
        case NodeKind.TERMINAL if node.outcome is None:
            yield "OUTCOME", node.id, "a terminal needs an outcome"
        case NodeKind.TERMINAL if node.outcome in _NETWORK_OUTCOMES:
            yield "OUTCOME", node.id, f"{node.outcome} is the network's outcome, not a conversation's"
        case NodeKind.DECISION if not node.branches or node.branches[-1].when.source != "true":
            yield "NO_DEFAULT", node.id, "the last branch of a decision must be `true`"
        case NodeKind.QUESTION if not node.text.strip():
            yield "NO_TEXT", node.id, "there is nothing to read"
        case NodeKind.SUBSCRIPT if [option.code for option in node.options] != ["DONE"]:
            yield "SHAPE", node.id, "a subscript has the one option DONE"


def _targets(script: CallScript) -> _Found:
    if script.entry not in script.nodes:
        yield "DANGLING", "", f"entry {script.entry} is no node"
    for event in script.global_events:
        if event.goto not in script.nodes:
            yield "DANGLING", "", f"global event {event.event} leads to {event.goto}, which is no node"
    for node in script.nodes.values():
        for target in (*_ways_out(node), node.next, node.else_goto, node.on_max_visits):
            if target is not None and target not in script.nodes and target not in {RETURN, RETURN_NEXT}:
                yield "DANGLING", node.id, f"leads to {target}, which is no node"


def _ways_out(node: Node) -> tuple[str, ...]:
    return (*(option.goto for option in node.options), *(branch.goto for branch in node.branches))


def _reach(script: CallScript) -> _Found:
    reached: set[str] = set()
    todo = [script.entry, *(event.goto for event in script.global_events)]
    while todo:
        node = script.nodes.get(todo.pop())
        if node is not None and node.id not in reached:
            reached.add(node.id)
            jumps = (node.next, node.else_goto, node.on_max_visits)
            todo += [target for target in (*_ways_out(node), *jumps) if target]
    for node_id in script.nodes:
        if node_id not in reached:
            yield "UNREACHABLE", node_id, "no way leads here"


def _exits(script: CallScript) -> _Found:
    """Without the customer's help (hanging up), every node leads to some end."""
    leavable = {node.id for node in script.nodes.values() if node.kind is NodeKind.TERMINAL}
    growing = True
    while growing:
        on_return = {RETURN, RETURN_NEXT} if any(script.nodes[n].on_main_line for n in leavable) else set()
        more = {n.id for n in script.nodes.values() if {*_ways_out(n)} & (leavable | on_return)} - leavable
        leavable |= more
        growing = bool(more)
    for node_id in script.nodes:
        if node_id not in leavable:
            yield "NO_WAY_OUT", node_id, "no option leads on to an end of the call"


def _loops(script: CallScript) -> _Found:
    """Jumps the system makes by itself never come back to where they began."""
    jumps = {node.id: _automatic(node) for node in script.nodes.values()}
    for start, first in jumps.items():
        seen: set[str] = set()
        todo = list(first)
        while todo:
            target = todo.pop()
            if target not in seen:
                seen.add(target)
                todo += jumps.get(target, ())
        if start in seen:
            yield "ENDLESS_LOOP", start, "the system's own jumps lead back here"


def _automatic(node: Node) -> tuple[str, ...]:
    jumps = (*(branch.goto for branch in node.branches), node.else_goto, node.on_max_visits)
    return tuple(target for target in jumps if target)


def _effects(script: CallScript) -> _Found:
    items = _answered_items(script)
    for node in script.nodes.values():
        for option in node.options:
            for effect in option.effects:
                if isinstance(effect, RaiseProblem) and effect.type and effect.type.level != effect.level:
                    yield "PROBLEM_LEVEL", node.id, f"{effect.type} is of {effect.type.level}, not {effect.level}"
        for name in sorted(f for condition in _conditions(node) for f in condition.fields):
            if name.startswith("answers.") and name.removeprefix("answers.") not in items:
                yield "UNKNOWN_ITEM", node.id, f"no node answers {name}"


def _answered_items(script: CallScript) -> set[str]:
    options = (option for node in script.nodes.values() for option in node.options)
    return {e.item for option in options for e in option.effects if isinstance(e, RecordAnswer)}


def _conditions(node: Node) -> Iterable[Condition]:
    parts = [branch.when for branch in node.branches] + [variant.when for variant in node.text_variants]
    return [*parts, node.when] if node.when else parts


def _items(script: CallScript) -> _Found:
    for item in missing_items(script):
        yield "MISSING_ITEM", "", f"mandatory item {item} would not be asked of every policy that needs it"
    for mandatory in script.mandatory_items:
        node = script.nodes.get(mandatory.node)
        if node is None or not node.on_main_line or node.mandatory_item != mandatory.item:
            yield "ITEM_NODE", mandatory.node, f"it is not the main-line node that settles {mandatory.item}"
        elif not _confirmable(mandatory, node):
            yield "UNCONFIRMABLE", mandatory.node, f"no option of it confirms {mandatory.item}"


def _confirmable(mandatory: MandatoryItem, node: Node) -> bool:
    return any(_confirms(option, mandatory.item) for option in node.options)


def _confirms(option: Option, item: str) -> bool:
    answers = (effect for effect in option.effects if isinstance(effect, RecordAnswer))
    return any(answer.item in {item, CURRENT_ITEM} and answer.value.positive for answer in answers)


def _variables(script: CallScript) -> _Found:
    declared = {variable.name for variable in script.variables}
    used: set[str] = set()
    for node in script.nodes.values():
        for text in node.texts:
            used |= (names := set(PLACEHOLDER.findall(text)))
            for name in sorted(names - declared):
                yield "UNKNOWN_VARIABLE", node.id, f"{{{name}}} is not declared"
            if "{" in (rest := PLACEHOLDER.sub("", text)) or "}" in rest:
                yield "BRACES", node.id, "a brace stands alone: a {variable} is misspelt"
    for name in sorted(declared - used):
        yield "UNUSED_VARIABLE", "", f"{{{name}}} is declared but never read"
