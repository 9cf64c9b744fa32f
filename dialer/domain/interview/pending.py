"""A redial script with the original script's open questions inside it (rules §8.2 order 1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dialer.domain.errors import ScriptInvalid
from dialer.domain.interview.state import InterviewFacts, applicable_items
from dialer.domain.script.expression import compile_condition
from dialer.domain.script.model import Branch, CallScript, Node, NodeKind, Phase


def with_pending_items(redial: CallScript, original: CallScript, facts: InterviewFacts) -> CallScript:
    """The redial script whose subscript node runs the original's nodes of `facts.pending_items`, then goes on.

    An item that the redial script asks in its own words is not asked twice. Where a side branch of the original
    leads to a main-line node that isn't open, it leads to the next open one instead.

    Raises:
        ScriptInvalid: the redial script has no subscript node.
    """
    place = next((node for node in redial.nodes.values() if node.kind is NodeKind.SUBSCRIPT), None)
    if place is None:
        raise ScriptInvalid(f"{redial.id}: there is no subscript node to put pending items in")
    line = _main_line(original)
    open_nodes = _open_nodes(redial, original, facts)
    done = place.options[0].goto
    jumps = _jumps(line, open_nodes, done, redial)
    added = _added(redial, original, open_nodes, jumps)
    first = next((node_id for node_id in line if node_id in open_nodes), done)
    return replace(
        redial,
        nodes={**redial.nodes, place.id: _leading_to(place, first), **added},
        mandatory_items=redial.mandatory_items
        + tuple(mandatory for mandatory in original.mandatory_items if mandatory.node in open_nodes),
        variables=redial.variables + tuple(v for v in original.variables if v not in redial.variables),
        original=original.ref,
    )


def _main_line(script: CallScript) -> list[str]:
    line: list[str] = []
    node: Node | None = script.node(script.entry)
    while node is not None and node.on_main_line and node.id not in line:
        line.append(node.id)
        node = script.nodes.get(str(node.next))
    return line


def _open_nodes(redial: CallScript, original: CallScript, facts: InterviewFacts) -> frozenset[str]:
    own = {mandatory.item for mandatory in applicable_items(redial, facts)}
    pending = set(facts.pending_items) - own
    return frozenset(m.node for m in applicable_items(original, facts) if m.item in pending)


def _jumps(line: list[str], open_nodes: frozenset[str], done: str, redial: CallScript) -> dict[str, str]:
    """For every main-line node of the original, the open one at or after it."""
    jumps: dict[str, str] = {}
    target = done
    for node_id in reversed(line):
        target = node_id if node_id in open_nodes else target
        if node_id not in redial.nodes:
            jumps[node_id] = target
    return jumps


def _added(
    redial: CallScript, original: CallScript, open_nodes: frozenset[str], jumps: dict[str, str]
) -> dict[str, Node]:
    """The open nodes and the side branches they lead to."""
    added: dict[str, Node] = {}
    todo = sorted(open_nodes)
    while todo:
        node_id = todo.pop()
        if node_id not in added and node_id not in redial.nodes and node_id in original.nodes:
            added[node_id] = _redirected(original.nodes[node_id], jumps)
            todo += _targets(added[node_id])
    return added


def _redirected(node: Node, jumps: dict[str, str]) -> Node:
    return replace(
        node,
        next=jumps.get(node.next, node.next) if node.next else None,
        else_goto=jumps.get(node.else_goto, node.else_goto) if node.else_goto else None,
        on_max_visits=jumps.get(node.on_max_visits, node.on_max_visits) if node.on_max_visits else None,
        options=tuple(replace(option, goto=jumps.get(option.goto, option.goto)) for option in node.options),
        branches=tuple(replace(branch, goto=jumps.get(branch.goto, branch.goto)) for branch in node.branches),
    )


def _targets(node: Node) -> Iterator[str]:
    ways = (*(option.goto for option in node.options), *(branch.goto for branch in node.branches))
    for target in (*ways, node.next, node.else_goto, node.on_max_visits):
        if target:
            yield target


def _leading_to(place: Node, first: str) -> Node:
    always = Branch(compile_condition("true"), first)
    return Node(place.id, Phase.RESULT, place.title, kind=NodeKind.DECISION, branches=(always,))
