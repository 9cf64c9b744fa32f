"""Conditions in call scripts: a closed vocabulary, parsed by a whitelist and never evaluated as code.

Grammar (scripts/_schema.yaml, `expression_language`):

    condition  := conjunction ("or" conjunction)*
    conjunction:= negation ("and" negation)*
    negation   := "not" negation | comparison
    comparison := operand (("==" | "!=" | ">" | ">=" | "<" | "<=" | "in") operand)?
    operand    := 'text' | number | true | false | [operand, ...] | (condition) | field | problems.has_level('L1'|'L2')

Kinds are checked when the condition is compiled, so that evaluating one can't fail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from dialer.domain.errors import ScriptInvalid

Value: TypeAlias = "bool | int | float | str | tuple[Value, ...] | frozenset[str] | None"
Scope: TypeAlias = Mapping[str, Value]


class Kind(StrEnum):
    """What a value is; only like is compared with like."""

    BOOLEAN = "boolean"
    NUMBER = "number"
    TEXT = "text"
    SET = "set"


FIELDS: Mapping[str, Kind] = {
    "policy.insured_is_holder": Kind.BOOLEAN,
    "policy.design_type": Kind.TEXT,
    "policy.pay_mode": Kind.TEXT,
    "policy.freelook_expired": Kind.BOOLEAN,
    "policy.freelook_days": Kind.NUMBER,
    "policy.dual_record_required": Kind.BOOLEAN,
    "policy.is_reimbursement_medical": Kind.BOOLEAN,
    "policy.has_renewal_terms": Kind.BOOLEAN,
    "case.phone_changed": Kind.BOOLEAN,
    "flags": Kind.SET,
    "problems": Kind.SET,
    "prev_problem_types": Kind.SET,
    "mandatory_items_complete": Kind.BOOLEAN,
}
"""Every name a condition may use, besides `answers.ITEM` and `problems.has_level`."""

_ANSWER = re.compile(r"answers\.[A-Z][A-Z0-9_]*")
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'[^'\\]*')|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
    r"|(?P<symbol>==|!=|>=|<=|[<>()\[\],]))",
    re.ASCII,
)
_ORDERINGS = frozenset({">", ">=", "<", "<="})
_COMPARISONS = frozenset({"==", "!=", "in"}) | _ORDERINGS
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in the script."""

    value: Value
    kind: Kind


@dataclass(frozen=True, slots=True)
class Field:
    """A fact looked up by its name."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class HasLevel:
    """`problems.has_level('L1')`: has a problem of this level been heard?"""

    level: str
    kind: Kind = Kind.BOOLEAN


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    operand: Operand
    kind: Kind = Kind.BOOLEAN


@dataclass(frozen=True, slots=True)
class Logical:
    """`and` or `or` over two or more operands."""

    operator: str
    operands: tuple[Operand, ...]
    kind: Kind = Kind.BOOLEAN


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands of one kind compared, or membership."""

    operator: str
    left: Operand
    right: Operand
    kind: Kind = Kind.BOOLEAN


Operand: TypeAlias = "Literal | Field | HasLevel | Not | Logical | Comparison"


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition: its source text and what was understood."""

    source: str
    root: Operand

    def holds(self, scope: Scope) -> bool:
        """Whether it is true of the facts in `scope` (names as in `FIELDS`; an unasked answer is None)."""
        return bool(_value(self.root, scope))

    @property
    def fields(self) -> frozenset[str]:
        """The names it looks up; `problems.has_level` counts as `problems`."""
        return frozenset(_names(self.root))


def compile_condition(source: str) -> Condition:
    """Compile a condition.

    Raises:
        ScriptInvalid: it isn't in the language, names an unknown field, or compares unlike things.
    """
    parser = _Parser(source)
    return Condition(source, parser.whole())


class _Parser:
    """Recursive descent over the tokens of one condition."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = list(_tokens(source))
        self.depth = 0

    def whole(self) -> Operand:
        root = self.boolean(self.disjunction())
        if self.tokens:
            raise self.error(f"unexpected {self.tokens[0][1]!r}")
        return root

    def disjunction(self) -> Operand:
        return self.chain("or", self.conjunction)

    def conjunction(self) -> Operand:
        return self.chain("and", self.negation)

    def chain(self, word: str, parse: Callable[[], Operand]) -> Operand:
        operands = [parse()]
        while self.takes(word):
            operands.append(parse())
        if len(operands) == 1:
            return operands[0]
        return Logical(word, tuple(self.boolean(operand) for operand in operands))

    def negation(self) -> Operand:
        if not self.takes("not"):
            return self.comparison()
        depth = self.deeper()
        operand = Not(self.boolean(self.negation()))
        self.depth = depth - 1
        return operand

    def comparison(self) -> Operand:
        left = self.operand()
        if not self.tokens or self.tokens[0][1] not in _COMPARISONS:
            return left
        operator = self.tokens.pop(0)[1]
        right = self.operand()
        self.check_kinds(operator, left, right)
        return Comparison(operator, left, right)

    def check_kinds(self, operator: str, left: Operand, right: Operand) -> None:
        if operator == "in":
            fits = right.kind is Kind.SET and left.kind is Kind.TEXT
        elif operator in _ORDERINGS:
            fits = left.kind is right.kind is Kind.NUMBER
        else:
            fits = left.kind is right.kind and left.kind is not Kind.SET
        if not fits:
            raise self.error(f"a {left.kind} and a {right.kind} can't be compared with {operator!r}")

    def operand(self) -> Operand:
        if not self.tokens:
            raise self.error("something is missing at the end")
        sort, found = self.tokens.pop(0)
        if sort == "text":
            return Literal(found[1:-1], Kind.TEXT)
        if sort == "number":
            return Literal(float(found) if "." in found else int(found), Kind.NUMBER)
        if sort == "name":
            return self.named(found)
        if found == "(":
            return self.grouped()
        if found == "[":
            return self.listed()
        raise self.error(f"unexpected {found!r}")

    def grouped(self) -> Operand:
        depth = self.deeper()
        inner = self.disjunction()
        self.expect(")")
        self.depth = depth - 1
        return inner

    def listed(self) -> Literal:
        values: list[Value] = []
        while not self.takes("]"):
            if values:
                self.expect(",")
            sort, token = self.tokens.pop(0) if self.tokens else ("", "")
            if sort != "text":
                raise self.error("a list holds 'texts' only")
            values.append(token[1:-1])
        return Literal(tuple(values), Kind.SET)

    def named(self, name: str) -> Operand:
        if name in {"true", "false"}:
            return Literal(name == "true", Kind.BOOLEAN)
        if name == "problems.has_level":
            return self.has_level()
        if name in FIELDS:
            return Field(name, FIELDS[name])
        if _ANSWER.fullmatch(name):
            return Field(name, Kind.TEXT)
        raise self.error(f"unknown name {name!r}")

    def has_level(self) -> HasLevel:
        self.expect("(")
        level = self.tokens.pop(0)[1] if self.tokens else ""
        if level not in {"'L1'", "'L2'"}:
            raise self.error("problems.has_level takes 'L1' or 'L2'")
        self.expect(")")
        return HasLevel(level[1:-1])

    def deeper(self) -> int:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.error(f"nested deeper than {_DEEPEST}")
        return self.depth

    def boolean(self, operand: Operand) -> Operand:
        if operand.kind is not Kind.BOOLEAN:
            raise self.error(f"a {operand.kind} is not a condition")
        return operand

    def takes(self, token: str) -> bool:
        found = bool(self.tokens) and self.tokens[0] in {("name", token), ("symbol", token)}
        if found:
            self.tokens.pop(0)
        return found

    def expect(self, token: str) -> None:
        if not self.takes(token):
            raise self.error(f"{token!r} expected")

    def error(self, why: str) -> ScriptInvalid:
        return ScriptInvalid(f"condition {self.source!r}: {why}")


def _tokens(source: str) -> Iterator[tuple[str, str]]:
    position = 0
    end = len(source.rstrip())
    while position < end:
        match = _TOKEN.match(source, position)
        if match is None or match.lastgroup is None:
            raise ScriptInvalid(f"condition {source!r}: not understood at character {position + 1}")
        yield match.lastgroup, match[match.lastgroup]
        position = match.end()


def _value(operand: Operand, scope: Scope) -> Value:
    match operand:
        case Literal():
            return operand.value
        case Field():
            return scope.get(operand.name)
        case HasLevel():
            levels = scope.get("problems")
            return isinstance(levels, frozenset) and operand.level in levels
        case Not():
            return not _value(operand.operand, scope)
        case Logical():
            whole = any if operand.operator == "or" else all
            return whole(bool(_value(part, scope)) for part in operand.operands)
        case Comparison():
            return _compared(operand.operator, _value(operand.left, scope), _value(operand.right, scope))


def _compared(operator: str, left: Value, right: Value) -> bool:
    if operator == "==":
        return left == right
    if operator == "!=":
        return left != right
    if operator == "in":
        return isinstance(right, tuple | frozenset) and left in right
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        return False
    if operator in {">", ">="}:
        return left > right or (operator == ">=" and left == right)
    return left < right or (operator == "<=" and left == right)


def _names(operand: Operand) -> Iterator[str]:
    match operand:
        case Field():
            yield operand.name
        case HasLevel():
            yield "problems"
        case Not():
            yield from _names(operand.operand)
        case Logical():
            for part in operand.operands:
                yield from _names(part)
        case Comparison():
            yield from _names(operand.left)
            yield from _names(operand.right)
        case Literal():
            pass
