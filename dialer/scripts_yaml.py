"""Call scripts from YAML files: loaded, composed from shared nodes, hashed, written out whole again.

The composition language is in scripts/README.md: `include`, `ask`, `override`, `$NEXT` and `$AFTER NODE`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import yaml

from dialer.domain.errors import NotFound, ScriptInvalid
from dialer.domain.script import CallScript, Finding, ScriptRef, gate, read_script

Document: TypeAlias = dict[str, object]
Reader: TypeAlias = Callable[[Path], Document]

NEXT = "$NEXT"
AFTER = "$AFTER "
_COMPOSITION_KEYS = ("include", "ask", "override", "nodes")
_SHARED_KEYS = {"nodes", "variables", "global_events"}
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where libyaml is there
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class ScriptLibrary:
    """Every script of a folder, by id and version."""

    scripts: tuple[CallScript, ...]
    documents: Mapping[ScriptRef, Document] = field(repr=False)

    def latest(self, script_id: str) -> CallScript:
        """The newest version of a script.

        Raises:
            NotFound: there is no script of this id.
        """
        versions = [script for script in self.scripts if script.id == script_id]
        if not versions:
            raise NotFound(f"there is no call script {script_id}")
        return max(versions, key=lambda script: _version_key(script.ref.version))

    def exactly(self, ref: ScriptRef) -> CallScript:
        """The very text a call was begun with: a running call keeps its version (rules §8.4).

        Raises:
            NotFound: the folder has no script of this id, version and content.
        """
        for script in self.scripts:
            if script.ref == ref:
                return script
        raise NotFound(f"call script {ref.id} {ref.version} with sha256 {ref.sha256[:12]}… is not loaded")


def load_scripts(folder: Path) -> ScriptLibrary:
    """Every script of a folder, composed and past the publication gate.

    Raises:
        ScriptInvalid: a file can't be read, a script can't be composed, or the gate has findings.
    """
    library = _compose_all(folder)
    for script in library.scripts:
        findings = gate(script)
        if findings:
            raise ScriptInvalid("\n".join(str(finding) for finding in findings))
    return library


def check(folder: Path) -> list[Finding]:
    """All findings of a folder; empty when everything may be published (rules §8.4)."""
    findings: list[Finding] = []
    read = cache(_read)
    for path in _script_files(folder):
        try:
            document = compose(path, read)
            findings += gate(read_script(document, digest(document)))
        except ScriptInvalid as invalid:
            findings.append(Finding("UNREADABLE", path.name, "", str(invalid)))
    return findings


def expand(document: Mapping[str, object]) -> str:
    """A composed document as YAML in the self-contained form of scripts/_schema.yaml."""
    return str(yaml.dump(dict(document), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100_000))


def read_text(text: str, name: str = "script") -> CallScript:
    """A self-contained script as somebody wrote it, not yet past the gate.

    Raises:
        ScriptInvalid: it can't be read; the message says where.
    """
    document = _as_document(text.encode(), name)
    return read_script(document, digest(document))


def renumbered(text: str, version: str) -> str:
    """The same script under another version number. Raises ScriptInvalid."""
    return expand({**_as_document(text.encode(), "script"), "version": version})


def reworded(text: str, node_id: str, wording: Mapping[str, str]) -> str:
    """The same script, one node's `title`, `text`, `agent_note` or an option's label (`option.CODE`) in other words.

    Raises:
        ScriptInvalid: it can't be read, or has no such node.
    """
    document = _as_document(text.encode(), "script")
    nodes = document.get("nodes")
    node = next((each for each in nodes if _is(each, "id", node_id)), None) if isinstance(nodes, list) else None
    if node is None:
        raise ScriptInvalid(f"there is no node {node_id}")
    for key, words in wording.items():
        part, _, code = key.partition(".")
        place = next((each for each in node.get("options", []) if _is(each, "code", code)), None) if code else node
        if place is not None:
            place["label" if code else part] = words
    return expand(document)


def _is(entry: object, key: str, value: str) -> bool:
    return isinstance(entry, dict) and entry.get(key) == value


def digest(document: Mapping[str, object]) -> str:
    """sha256 of the canonical composed document: sorted-key JSON in UTF-8."""
    canonical = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def compose(path: Path, read: Reader | None = None) -> Document:
    """The self-contained document of one script file; `read` may remember the files it has read.

    Raises:
        ScriptInvalid: the file or one it includes can't be read, or the parts don't fit.
    """
    read = read or _read
    source = read(path)
    shared = _Shared.of(read, path, _texts(source.get("include", []), f"{path.name}: include"))
    nodes = shared.nodes | {_id(node, path): node for node in _mappings(source, "nodes", path)}
    own = [_id(node, path) for node in _mappings(source, "nodes", path)]
    asked = _texts(source.get("ask", []), f"{path.name}: ask")
    overridden = _overridden(nodes, source.get("override", {}), path)
    following = _following(asked, overridden, path)
    linked = {node_id: _linked(node, following, path) for node_id, node in overridden.items()}
    kept = [*asked, *(n for n in linked if n not in following)]
    reached = _reached(linked, [*asked, *own, *(str(e.get("goto")) for e in shared.events)])
    return _document(source, shared, [linked[node_id] for node_id in kept if node_id in reached])


def _compose_all(folder: Path) -> ScriptLibrary:
    documents: dict[ScriptRef, Document] = {}
    scripts: dict[tuple[str, str], CallScript] = {}
    read = cache(_read)
    for path in _script_files(folder):
        document = compose(path, read)
        script = read_script(document, digest(document))
        if (script.id, script.ref.version) in scripts:
            raise ScriptInvalid(f"{path.name}: {script.id} {script.ref.version} stands in two files")
        scripts[script.id, script.ref.version] = script
        documents[script.ref] = document
    return ScriptLibrary(tuple(scripts.values()), documents)


def _script_files(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.glob("*.yaml") if not path.name.startswith("_"))
    if not files:
        raise ScriptInvalid(f"{folder}: there are no call scripts (*.yaml) here")
    return files


def _read(path: Path) -> Document:
    try:
        content = path.read_bytes()
    except OSError as failure:
        raise ScriptInvalid(f"{path.name}: {failure.strerror or failure}") from failure
    return _as_document(content, path.name)


def _as_document(content: bytes, name: str) -> Document:
    try:
        document = _parsed(content)
    except (yaml.YAMLError, ValueError) as failure:
        raise ScriptInvalid(f"{name}: not readable as YAML: {failure}") from failure
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise ScriptInvalid(f"{name}: the file must be a mapping of names")
    return document


def _parsed(content: bytes) -> object:
    """Plain values only: no aliases, no tags, no key twice."""
    loader = _Loader(content)
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        _refuse_surprises(root, seen=set())
        return loader.construct_document(root)
    finally:
        loader.dispose()


def _refuse_surprises(node: yaml.Node, seen: set[int]) -> None:
    if id(node) in seen:
        raise yaml.YAMLError(f"line {node.start_mark.line + 1}: anchored and used again; include a shared node instead")
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value]
        for number, (key, value) in enumerate(node.value):
            if key.value in keys[:number]:
                raise yaml.YAMLError(f"line {key.start_mark.line + 1}: {key.value!r} stands twice")
            _refuse_surprises(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_surprises(value, seen)


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the included files bring along, in their order."""

    nodes: dict[str, Document]
    variables: list[Document]
    events: list[Document]

    @classmethod
    def of(cls, read: Reader, script: Path, names: Iterable[str]) -> _Shared:
        shared = cls({}, [], [])
        for name in names:
            path = script.parent / f"{name}.yaml"
            if not path.resolve().is_relative_to(script.parent.resolve()):
                raise ScriptInvalid(f"{script.name}: include {name!r} leads out of the folder")
            shared._add(path, read(path))
        return shared

    def _add(self, path: Path, content: Document) -> None:
        if unknown := set(content) - _SHARED_KEYS:
            raise ScriptInvalid(f"{path.name}: a shared file can't have {', '.join(sorted(unknown))}")
        for node in _mappings(content, "nodes", path):
            if _id(node, path) in self.nodes:
                raise ScriptInvalid(f"{path.name}: node {_id(node, path)} stands in two included files")
            self.nodes[_id(node, path)] = node
        self.variables.extend(_mappings(content, "variables", path))
        self.events.extend(_mappings(content, "global_events", path))


def _overridden(nodes: Mapping[str, Document], overrides: object, path: Path) -> dict[str, Document]:
    changes = _mapping(overrides, f"{path.name}: override")
    if unknown := [node_id for node_id in changes if node_id not in nodes]:
        raise ScriptInvalid(f"{path.name}: override of unknown node {', '.join(unknown)}")
    return {
        node_id: _changed(node, changes[node_id], f"{path.name}: override of {node_id}") if node_id in changes else node
        for node_id, node in nodes.items()
    }


def _changed(node: Document, change: object, where: str) -> Document:
    """The node with the keys of the change in place of its own; options are matched by code."""
    changes = _mapping(change, where)
    result = {**node, **{key: value for key, value in changes.items() if key != "options"}}
    if "options" in changes:
        result["options"] = _changed_options(node.get("options"), changes["options"], where)
    return result


def _changed_options(options: object, changes: object, where: str) -> list[Document]:
    if not isinstance(options, list) or not isinstance(changes, list):
        raise ScriptInvalid(f"{where}: options must be a list")
    by_code = {option["code"]: option for option in options}
    for change in changes:
        code = _mapping(change, where).get("code")
        by_code[code] = {**by_code.get(code, {}), **change}
    return list(by_code.values())


def _following(asked: list[str], nodes: Mapping[str, Document], path: Path) -> dict[str, str]:
    """For each node of the main line the one that comes after it; the last is followed by its own `next`."""
    for number, node_id in enumerate(asked):
        if node_id not in nodes:
            raise ScriptInvalid(f"{path.name}: ask: no included file has the node {node_id}")
        if node_id in asked[:number]:
            raise ScriptInvalid(f"{path.name}: ask: {node_id} is asked twice")
    following = dict(pairwise(asked))
    if asked:
        following[asked[-1]] = _last_next(nodes[asked[-1]], path)
    return following


def _last_next(node: Document, path: Path) -> str:
    if not isinstance(node.get("next"), str):
        raise ScriptInvalid(f"{path.name}: {node['id']} is asked last and must say what is `next`")
    return str(node["next"])


def _linked(node: Document, following: Mapping[str, str], path: Path) -> Document:
    """The node with `$NEXT` and `$AFTER` resolved; a main-line node also gets `next` (and `else_goto`).

    A target that can't be resolved stays as it is written: the gate reports it if the node is used.
    """
    after = following.get(str(node["id"]))
    result = dict(node)
    if after is not None:
        result["next"] = after
        if "when" in node:
            result.setdefault("else_goto", after)
    if "options" in node:
        result["options"] = [
            {**option, "goto": _target(option.get("goto"), after, following)}
            for option in _mappings(node, "options", path)
        ]
    return result


def _target(goto: object, after: str | None, following: Mapping[str, str]) -> object:
    if not isinstance(goto, str):
        return goto
    if goto == NEXT:
        return after or goto
    return following.get(goto.removeprefix(AFTER), goto) if goto.startswith(AFTER) else goto


def _reached(nodes: Mapping[str, Document], starts: Iterable[str]) -> set[str]:
    reached: set[str] = set()
    todo = list(starts)
    while todo:
        node_id = todo.pop()
        if node_id in nodes and node_id not in reached:
            reached.add(node_id)
            todo += _targets(nodes[node_id])
    return reached


def _targets(node: Document) -> Iterator[str]:
    for key in ("next", "else_goto", "on_max_visits"):
        yield str(node.get(key))
    for key in ("options", "branches"):
        ways = node.get(key)
        for way in ways if isinstance(ways, list) else []:
            yield str(way.get("goto")) if isinstance(way, dict) else ""


def _document(source: Document, shared: _Shared, nodes: list[Document]) -> Document:
    used = _placeholders(nodes)
    return {
        **{key: value for key, value in source.items() if key not in _COMPOSITION_KEYS},
        "mandatory_items": [_mandatory_item(n) for n in nodes if "mandatory_item" in n and "next" in n],
        "variables": [v for v in shared.variables if v.get("name") in used],
        "global_events": shared.events,
        "nodes": nodes,
    }


def _placeholders(nodes: Iterable[Document]) -> set[str]:
    read_aloud = [[node.get("text"), node.get("text_variants")] for node in nodes]
    return set(_PLACEHOLDER.findall(json.dumps(read_aloud, ensure_ascii=False)))


def _mandatory_item(node: Document) -> Document:
    item: Document = {"item": node["mandatory_item"], "node": node["id"]}
    return item | ({"when": node["when"]} if "when" in node else {})


def _mapping(value: object, where: str) -> Document:
    if not isinstance(value, dict):
        raise ScriptInvalid(f"{where}: a mapping is expected, not {value!r}")
    return value


def _mappings(content: Document, key: str, path: Path) -> list[Document]:
    values = content.get(key, [])
    if not isinstance(values, list):
        raise ScriptInvalid(f"{path.name}: {key} must be a list")
    return [_mapping(value, f"{path.name}: {key}") for value in values]


def _texts(values: object, where: str) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ScriptInvalid(f"{where} must be a list of names")
    return values


def _id(node: Document, path: Path) -> str:
    node_id = node.get("id")
    if not isinstance(node_id, str):
        raise ScriptInvalid(f"{path.name}: a node has no id: {node!r:.80}")
    return node_id


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))
