"""From a self-contained script document (the form of scripts/_schema.yaml) to a `CallScript`.

Strict: an unknown key, a wrong type or a word outside its vocabulary is refused with the place it stands at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from dialer.domain.errors import ScriptInvalid
from dialer.domain.outcome import Outcome
from dialer.domain.problem import ProblemLevel, ProblemType
from dialer.domain.script.expression import Condition, compile_condition
from dialer.domain.script.model import (
    PREVIOUS_TYPE,
    AnswerValue,
    Branch,
    CallScript,
    Capture,
    Comparison,
    CreatedObject,
    CreateObject,
    Effect,
    GlobalEvent,
    MandatoryItem,
    Node,
    NodeKind,
    Option,
    Phase,
    RaiseFlag,
    RaiseProblem,
    RecordAnswer,
    ScriptRef,
    TextVariant,
    Variable,
)

T = TypeVar("T")
WordT = TypeVar("WordT", bound=StrEnum)


class Entry:
    """A mapping of the document with the path that leads to it; every key must be taken before `done`."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, Mapping):
            raise ScriptInvalid(f"{where}: a mapping is expected, not {value!r}")
        self.where = where
        self._left = dict(value)

    def take(self, key: str, default: object = None) -> object:
        """The raw value of a key, or the default."""
        return self._left.pop(key, default)

    def peek(self, key: str) -> object:
        """The raw value of a key, left in place."""
        return self._left.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        """A text; without a default it must be there."""
        value = self.take(key, default)
        if not isinstance(value, str):
            hint = " (put it in quotes)" if isinstance(value, bool | int | float) else ""
            raise ScriptInvalid(f"{self.where}: {key} must be text, not {value!r}{hint}")
        return value

    def optional_text(self, key: str) -> str | None:
        """A text, or None where the key is absent."""
        return self.text(key) if key in self._left else None

    def optional_count(self, key: str) -> int | None:
        """A whole number above zero, or None where the key is absent."""
        value = self.take(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ScriptInvalid(f"{self.where}: {key} must be a whole number above 0, not {value!r}")
        return value

    def flag(self, key: str) -> bool:
        """True or false; absent is false."""
        value = self.take(key, default=False)
        if not isinstance(value, bool):
            raise ScriptInvalid(f"{self.where}: {key} must be true or false, not {value!r}")
        return value

    def word(self, key: str, vocabulary: type[WordT], default: WordT | None = None) -> WordT:
        """A word of a closed vocabulary."""
        value = self.text(key, default)
        try:
            return vocabulary(value)
        except ValueError:
            known = ", ".join(vocabulary)
            raise ScriptInvalid(f"{self.where}: {key} {value!r} is unknown; known are {known}") from None

    def optional_condition(self, key: str) -> Condition | None:
        """A compiled condition, or None where the key is absent."""
        return self.condition(key) if key in self._left else None

    def condition(self, key: str) -> Condition:
        """A compiled condition."""
        source = self.text(key)
        try:
            return compile_condition(source)
        except ScriptInvalid as invalid:
            raise ScriptInvalid(f"{self.where}: {key}: {invalid}") from None

    def each(self, key: str, read: Callable[[Entry], T]) -> tuple[T, ...]:
        """Every mapping of a list, read."""
        return tuple(self._each(key, read))

    def _each(self, key: str, read: Callable[[Entry], T]) -> Iterable[T]:
        for number, value in enumerate(self._list(key), 1):
            name = value.get("id") or value.get("code") if isinstance(value, Mapping) else None
            entry = Entry(value, f"{self.where} / {key} {name or number}")
            result = read(entry)
            entry.done()
            yield result

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; absent is empty."""
        values = self._list(key)
        for value in values:
            if not isinstance(value, str):
                raise ScriptInvalid(f"{self.where}: {key} must hold texts, not {value!r} (put it in quotes)")
        return tuple(str(value) for value in values)

    def _list(self, key: str) -> list[object]:
        values = self.take(key, [])
        if not isinstance(values, list):
            raise ScriptInvalid(f"{self.where}: {key} must be a list, not {values!r}")
        return values

    def remaining(self) -> dict[str, object]:
        """Everything not taken yet, taken."""
        left, self._left = self._left, {}
        return left

    def done(self) -> None:
        """Refuse what nobody took."""
        if self._left:
            raise ScriptInvalid(f"{self.where}: unknown key {', '.join(map(repr, self._left))}")


def read_script(document: Mapping[str, object], sha256: str) -> CallScript:
    """The script that a document describes; `sha256` is of its canonical form.

    Raises:
        ScriptInvalid: the document is malformed, or two nodes have one id.
    """
    entry = Entry(document, str(document.get("script_id", "a script without script_id")))
    for descriptive in ("language", "schema", "note"):
        entry.optional_text(descriptive)
    applies_to = entry.take("applies_to", {})
    script = CallScript(
        ref=ScriptRef(entry.text("script_id"), entry.text("version"), sha256),
        title=entry.text("title"),
        entry=entry.text("entry"),
        est_minutes_default=entry.text("est_minutes_default", ""),
        applies_to=Entry(applies_to, f"{entry.where} / applies_to").remaining(),
        mandatory_items=entry.each("mandatory_items", _mandatory_item),
        variables=entry.each("variables", _variable),
        global_events=entry.each("global_events", _global_event),
        nodes=_by_id(entry.each("nodes", _node), entry.where),
    )
    entry.done()
    return script


def _by_id(nodes: Iterable[Node], where: str) -> Mapping[str, Node]:
    known: dict[str, Node] = {}
    for node in nodes:
        if node.id in known:
            raise ScriptInvalid(f"{where}: two nodes have the id {node.id}")
        known[node.id] = node
    return known


def _mandatory_item(entry: Entry) -> MandatoryItem:
    return MandatoryItem(entry.text("item"), entry.text("node"), entry.optional_condition("when"))


def _variable(entry: Entry) -> Variable:
    return Variable(entry.text("name"), entry.text("meaning"), entry.text("example"))


def _global_event(entry: Entry) -> GlobalEvent:
    return GlobalEvent(entry.text("event"), entry.text("label"), entry.text("goto"), entry.flag("requires_identity"))


def _node(entry: Entry) -> Node:
    entry.take("subscript")  # what a subscript node runs is decided by the case's pending items
    return Node(
        id=entry.text("id"),
        phase=entry.word("phase", Phase),
        title=entry.text("title"),
        kind=entry.word("kind", NodeKind, NodeKind.QUESTION),
        text=entry.text("text", ""),
        text_variants=entry.each("text_variants", lambda e: TextVariant(e.condition("when"), e.text("text"))),
        when=entry.optional_condition("when"),
        else_goto=entry.optional_text("else_goto"),
        next=entry.optional_text("next"),
        mandatory_item=entry.optional_text("mandatory_item"),
        max_visits=entry.optional_count("max_visits"),
        on_max_visits=entry.optional_text("on_max_visits"),
        agent_note=entry.text("agent_note", ""),
        compare=entry.word("compare", Comparison) if entry.peek("compare") else None,
        options=entry.each("options", _option),
        branches=entry.each("branches", lambda e: Branch(e.condition("when"), e.text("goto"))),
        outcome=_outcome(entry),
        next_action=entry.text("next_action", ""),
    )


def _outcome(entry: Entry) -> Outcome | None:
    code = entry.optional_text("outcome")
    if code is None:
        return None
    try:
        return Outcome(code)
    except ValueError:
        raise ScriptInvalid(f"{entry.where}: outcome {code!r} is unknown") from None


def _option(entry: Entry) -> Option:
    return Option(
        code=entry.text("code"),
        label=entry.text("label"),
        goto=entry.text("goto"),
        effects=entry.each("effects", _effect),
        utterances=entry.texts("utterances"),
    )


def _effect(entry: Entry) -> Effect:
    content = entry.remaining()
    if len(content) != 1:
        raise ScriptInvalid(f"{entry.where}: one effect each, not {list(content)}")
    ((sort, value),) = content.items()
    match sort:
        case "flag":
            return RaiseFlag(Entry(content, entry.where).text("flag"))
        case "capture":
            return Capture(Entry(content, entry.where).text("capture"))
        case "answer" | "problem" | "create":
            inner = Entry(value, f"{entry.where} / {sort}")
            effect = _STRUCTURED[sort](inner)
            inner.done()
            return effect
    raise ScriptInvalid(f"{entry.where}: unknown effect {sort!r}")


def _answer(entry: Entry) -> Effect:
    return RecordAnswer(entry.text("item"), entry.word("value", AnswerValue))


def _problem(entry: Entry) -> Effect:
    level = entry.word("level", ProblemLevel)
    subtype = entry.optional_text("subtype")
    if level is ProblemLevel.U:
        raise ScriptInvalid(f"{entry.where}: a call finds problems of level L1 or L2 only")
    if entry.peek("type") == PREVIOUS_TYPE:
        entry.take("type")
        return RaiseProblem(level, None, subtype)
    return RaiseProblem(level, entry.word("type", ProblemType), subtype)


def _create(entry: Entry) -> Effect:
    created = entry.word("object", CreatedObject)
    details = []
    for key, value in entry.remaining().items():
        if not isinstance(value, str | bool):
            raise ScriptInvalid(f"{entry.where}: {key} must be text or true/false, not {value!r}")
        details.append((key, value))
    return CreateObject(created, tuple(details))


_STRUCTURED: Mapping[str, Callable[[Entry], Effect]] = {
    "answer": _answer,
    "problem": _problem,
    "create": _create,
}
