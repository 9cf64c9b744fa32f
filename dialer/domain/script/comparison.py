"""What differs between two versions of a script, node by node, for who has to approve it (rules §8.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from dialer.domain.script.model import (
    CallScript,
    Capture,
    CreateObject,
    Effect,
    Node,
    Option,
    RaiseFlag,
    RaiseProblem,
    RecordAnswer,
)

_WORTH_KEEPING = 3
"""Shorter runs that happen to be alike don't make a changed sentence easier to read."""


class Change(StrEnum):
    """What happened to a node."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"
    CHANGED = "CHANGED"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters; `changed` ones stand on one side only."""

    text: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing of a node, as it was and as it is: `part` is TEXT, NOTE, OPTION …, `name` tells like parts apart."""

    part: str
    name: str
    before: tuple[Piece, ...]
    after: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class NodeChange:
    """A node that is not the same in both."""

    node: str
    title: str
    change: Change
    differences: tuple[Difference, ...]


def compare(before: CallScript, after: CallScript) -> tuple[NodeChange, ...]:
    """Every node that differs, in the order it is asked; what was taken out comes last. Empty when none does."""
    order = [*after.nodes, *(node_id for node_id in before.nodes if node_id not in after.nodes)]
    changes = (_node_change(node_id, before.nodes.get(node_id), after.nodes.get(node_id)) for node_id in order)
    header = _header_change(before, after)
    return (*([header] if header else []), *(change for change in changes if change is not None))


def _header_change(before: CallScript, after: CallScript) -> NodeChange | None:
    found = tuple(_differences(dict(_header(before)), dict(_header(after))))
    return NodeChange("", after.title, Change.CHANGED, found) if found else None


def _header(script: CallScript) -> Iterator[tuple[tuple[str, str], str]]:
    yield ("TITLE", ""), script.title
    yield ("ENTRY", ""), script.entry
    yield ("APPLIES_TO", ""), "\n".join(f"{key}: {value}" for key, value in script.applies_to.items())
    for item in script.mandatory_items:
        yield ("MANDATORY", item.item), f"{item.node}{f' ({item.when.source})' if item.when else ''}"
    for event in script.global_events:
        yield ("EVENT", event.event), f"{event.label} → {event.goto}"


def _node_change(node_id: str, before: Node | None, after: Node | None) -> NodeChange | None:
    found = tuple(_differences(_parts_of(before), _parts_of(after)))
    if not found:
        return None
    change = Change.ADDED if before is None else Change.REMOVED if after is None else Change.CHANGED
    shown = after or before
    assert shown is not None  # differences have a side
    return NodeChange(node_id, shown.title, change, found)


def _differences(before: dict[tuple[str, str], str], after: dict[tuple[str, str], str]) -> Iterator[Difference]:
    for part, name in [*after, *(key for key in before if key not in after)]:
        old, new = before.get((part, name), ""), after.get((part, name), "")
        if old != new:
            yield Difference(part, name, *_pieces(old, new))


def _pieces(old: str, new: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both sides, cut where they part: between characters, for Chinese has no spaces."""
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    same = [block for block in blocks if block.size >= _WORTH_KEEPING]
    left = _cut(old, [(block.a, block.a + block.size) for block in same])
    right = _cut(new, [(block.b, block.b + block.size) for block in same])
    return left, right


def _cut(text: str, kept: list[tuple[int, int]]) -> tuple[Piece, ...]:
    found = []
    place = 0
    for begin, end in [*kept, (len(text), len(text))]:
        found += [Piece(text[place:begin], changed=True), Piece(text[begin:end], changed=False)]
        place = end
    return tuple(piece for piece in found if piece.text)


def _parts_of(node: Node | None) -> dict[tuple[str, str], str]:
    return dict(_parts(node)) if node is not None else {}


def _parts(node: Node) -> Iterator[tuple[tuple[str, str], str]]:
    yield ("TITLE", ""), node.title
    yield ("TEXT", ""), node.text
    for variant in node.text_variants:
        yield ("TEXT", variant.when.source), variant.text
    yield ("NOTE", ""), node.agent_note
    for option in node.options:
        yield ("OPTION", option.code), _told(option)
    for branch in node.branches:
        yield ("BRANCH", branch.when.source), branch.goto
    yield ("RULE", ""), _rule(node)


def _told(option: Option) -> str:
    heard = f"（{' / '.join(option.utterances)}）" if option.utterances else ""
    effects = "".join(f"\n{_effect(effect)}" for effect in option.effects)
    return f"{option.label}{heard} → {option.goto}{effects}"


def _effect(effect: Effect) -> str:
    match effect:
        case RecordAnswer(item, value):
            return f"answer {item} = {value}"
        case RaiseProblem(level, kind, subtype):
            return f"problem {level} {kind or '$PREV'}{f' / {subtype}' if subtype else ''}"
        case RaiseFlag(flag):
            return f"flag {flag}"
        case Capture(field):
            return f"capture {field}"
        case CreateObject(created, details):
            return " ".join([f"create {created}", *(f"{key}={value}" for key, value in details)])


def _rule(node: Node) -> str:
    """What the system does with the node, in the schema's own words."""
    told = {
        "phase": node.phase,
        "kind": node.kind,
        "when": node.when.source if node.when else None,
        "else_goto": node.else_goto,
        "next": node.next,
        "mandatory_item": node.mandatory_item,
        "compare": node.compare,
        "max_visits": node.max_visits,
        "on_max_visits": node.on_max_visits,
        "outcome": node.outcome,
        "next_action": node.next_action or None,
    }
    return "\n".join(f"{key}: {value}" for key, value in told.items() if value is not None)
