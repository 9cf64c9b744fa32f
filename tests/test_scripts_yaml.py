"""Call scripts from files: composed exactly, refused clearly."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

from dialer.domain.errors import NotFound, ScriptInvalid
from dialer.scripts_yaml import check, compose, digest, expand, load_scripts

SCRIPTS = Path(__file__).parents[1] / "scripts"

MODEL_CONTENT = {
    "NB_BANCASSURANCE": "507541e5ef1dd9817de4b13211845e7878f151a7e97216b11a8e1d6fcf1c2a68",
    "NB_HEALTH_LONG": "f267a6d2295aa4ff0cf7baa50d6d465b21381a4a31fe51bd5e2e0dfb3671774b",
    "NB_LIFE_ORDINARY": "a369017b81bc6f1d83b8bd13707f7508b6f4efe26f063f4e5defe4d4ebfbc3b5",
    "NB_PARTICIPATING": "e90b6b2d0eef348ecfb9767deaa3e455f08d4e74d200e9e947be1f6a5a79354e",
    "RD_L1_CONFIRM": "7e2bf6355e956b5cd2539125aa54337fc1964a7c671c2756a3dd386d6daacb9c",
    "RD_L2_RECONFIRM": "bb2e0b739260db781ac3dc3edf4ca38100777ddee069473c08bfa9c72ac4f307",
    "NB_SHORT_TERM": "70ce4a4f26885fb44d58cbabe3ee8109c19eeac6787254ed5250cd017bf33e2d",
    "NB_UNIT_LINKED": "8ae9e971258afb72e06b74c76886142d1383c8eec71dd86b32fce654b37dbb09",
    "NB_UNIVERSAL": "897cd5da138b3354b5df0b1fb5a37f0f085bc350b662f0d6f21ab7c74a3ffcc6",
}
"""sha256 of the nine self-contained model scripts, version 1.0.0: sorted-key JSON, nodes sorted by id."""


@pytest.fixture(scope="module")
def library():
    return load_scripts(SCRIPTS)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "shared").mkdir()
    for path in (SCRIPTS / "shared").glob("*.yaml"):
        (tmp_path / "shared" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "life.yaml").write_bytes((SCRIPTS / "life_ordinary.yaml").read_bytes())
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def _as_the_model_was(document):
    """Without what version 1.1.0 added: what is compared with, the last words of a call, a note that was untrue."""
    assert document["version"] == "1.1.0"
    document["version"] = "1.0.0"
    for node in document["nodes"]:
        node.pop("compare", None)
        if node.get("kind") == "terminal":
            node.pop("text", None)
        if node["id"] == "M010_GREET":
            node["agent_note"] = node["agent_note"].replace(
                "振铃时页面已显示姓名、称谓和以往通话。", "呼出前页面已显示姓名读音、称谓、预约备注和历史通话摘要。"
            )
    return document


@pytest.mark.parametrize("script_id", MODEL_CONTENT)
def test_an_expanded_script_is_word_for_word_the_model_script(library, script_id):
    script = library.latest(script_id)
    expanded = _as_the_model_was(yaml.safe_load(expand(library.documents[script.ref])))
    expanded["nodes"].sort(key=lambda node: node["id"])
    canonical = json.dumps(expanded, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert sha256(canonical.encode()).hexdigest() == MODEL_CONTENT[script_id]


def test_an_expanded_script_stands_alone_and_keeps_its_digest(library, tmp_path):
    for script in library.scripts:
        path = tmp_path / f"{script.id}.yaml"
        path.write_text(expand(library.documents[script.ref]), encoding="utf-8")
        alone = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert digest(alone) == script.ref.sha256
        assert not {"include", "ask", "override"} & set(alone)
        assert "$NEXT" not in path.read_text(encoding="utf-8")
        assert "$AFTER" not in path.read_text(encoding="utf-8")


def test_the_shipped_scripts_pass_the_gate():
    assert check(SCRIPTS) == []


def test_each_wording_stands_once_in_the_folder():
    texts: list[str] = []
    for path in SCRIPTS.rglob("*.yaml"):
        if path.name != "_schema.yaml":
            texts += _wordings(yaml.safe_load(path.read_text(encoding="utf-8")))
    long = [text for text in texts if len(text) > 12]
    assert len(long) > 100
    assert sorted(text for text in set(long) if long.count(text) > 1) == []


def _wordings(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [text for key, text in value.items() if key == "text"]
        return own + [text for inner in value.values() for text in _wordings(inner)]
    return [text for inner in value for text in _wordings(inner)] if isinstance(value, list) else []


def test_every_shared_node_is_used_by_some_script(library):
    shared = set()
    for path in (SCRIPTS / "shared").glob("*.yaml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        shared |= {node["id"] for node in content.get("nodes", [])}
    assert shared == {node_id for script in library.scripts for node_id in script.nodes}


def test_a_changed_word_changes_the_digest(folder):
    before = load_scripts(folder).latest("NB_LIFE_ORDINARY").ref
    edit(folder / "shared" / "opening.yaml", "现在方便接听吗", "现在方便吗")
    after = load_scripts(folder).latest("NB_LIFE_ORDINARY").ref
    assert (before.id, before.version) == (after.id, after.version)
    assert before.sha256 != after.sha256


def test_scenario_30_a_running_call_keeps_its_version_while_a_newer_one_is_published(folder):
    running = load_scripts(folder).latest("NB_LIFE_ORDINARY").ref
    newer = (folder / "life.yaml").read_text(encoding="utf-8").replace("version: 1.1.0", "version: 1.10.0")
    (folder / "life_1_10.yaml").write_text(newer, encoding="utf-8")
    middle = newer.replace("version: 1.10.0", "version: 1.9.0")
    (folder / "life_1_9.yaml").write_text(middle, encoding="utf-8")
    library = load_scripts(folder)
    assert library.latest("NB_LIFE_ORDINARY").ref.version == "1.10.0"
    assert library.exactly(running).ref == running


def test_a_version_whose_text_was_changed_afterwards_is_not_taken_for_the_one_that_was_read(folder):
    read = load_scripts(folder).latest("NB_LIFE_ORDINARY").ref
    edit(folder / "shared" / "opening.yaml", "现在方便接听吗", "现在方便吗")
    with pytest.raises(NotFound, match=r"NB_LIFE_ORDINARY 1\.1\.0"):
        load_scripts(folder).exactly(read)


def test_an_unknown_script_is_not_found(library):
    with pytest.raises(NotFound, match="NB_NOTHING"):
        library.latest("NB_NOTHING")


def test_a_script_without_a_mandatory_item_is_refused_by_name(folder):
    edit(folder / "life.yaml", "  - M060_SIGN_HOLDER\n", "")
    edit(folder / "shared" / "contract.yaml", "SIGN_HOLDER", "SIGN_OTHER")
    with pytest.raises(ScriptInvalid, match="SIGN_HOLDER"):
        load_scripts(folder)
    assert any(f.code == "MISSING_ITEM" and "SIGN_HOLDER" in f.why for f in check(folder))


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("life.yaml", "script_id: NB_LIFE_ORDINARY", "script_id: [", r"life\.yaml.*line"),
        ("life.yaml", "version: 1.1.0", "version: 1.0", "version must be text.*quotes"),
        ("life.yaml", "language: zh-CN", "language: zh-CN\nlanguage: en", r"life\.yaml.*line 6.*stands twice"),
        ("life.yaml", "language: zh-CN", "langauge: zh-CN", "unknown key 'langauge'"),
        ("life.yaml", "shared/opening", "shared/openings", r"openings\.yaml.*No such file"),
        ("life.yaml", "shared/opening", "../../etc/passwd", "leads out of the folder"),
        ("life.yaml", "  - M050_RECEIPT\n", "  - M050_RECEIPTS\n", "no included file has the node M050_RECEIPTS"),
        ("life.yaml", "  - M050_RECEIPT\n", "  - M040_PURCHASE\n", "asked twice"),
        ("life.yaml", "  - M175_ANY\n", "", "M170_CONTACT is asked last"),
        ("life.yaml", "ask:", "override: {M999: {text: x}}\nask:", "unknown node M999"),
        ("life.yaml", "ask:", "note: &a x\ntitle2: *a\nask:", r"line \d+: anchored and used again"),
        ("life.yaml", "ask:", "note: *a\nask:", "undefined alias"),
        ("life.yaml", "ask:", "note: !!python/object/apply:os.getcwd []\nask:", "could not determine a constructor"),
        ("shared/opening.yaml", "phase: opening", "phase: openning", "phase 'openning' is unknown"),
        ("shared/closing.yaml", "code: 'YES'", "code: YES", "code must be text, not True.*quotes"),
        ("shared/identity.yaml", "value: CONFIRMED", "value: CONFIRM", "value 'CONFIRM' is unknown"),
        ("shared/identity.yaml", "{flag: DOB_MISMATCH}", "{flog: DOB_MISMATCH}", "unknown effect 'flog'"),
        ("shared/identity.yaml", "max_visits: 1", "max_visits: 0", "above 0"),
        ("shared/rights.yaml", "nodes:", "knots:", "can't have knots"),
        ("shared/terminals.yaml", "id: T_SILENT", "id: S900_SURRENDER", "two included files"),
        (
            "shared/rights.yaml",
            "policy.freelook_expired",
            "policy.freelook_over",
            "unknown name 'policy.freelook_over'",
        ),
        ("shared/terminals.yaml", "outcome: SILENT", "outcome: QUIET", "outcome 'QUIET' is unknown"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_place(folder, file, old, new, complaint):
    edit(folder / file, old, new)
    with pytest.raises(ScriptInvalid, match=f"(?s){complaint}"):
        load_scripts(folder)
    assert check(folder)[0].code == "UNREADABLE"


def test_a_file_that_is_not_utf_8_is_named(folder):
    (folder / "life.yaml").write_bytes("title: 回访".encode("gb18030"))
    with pytest.raises(ScriptInvalid, match=r"life\.yaml"):
        load_scripts(folder)


def test_an_empty_folder_is_an_error_and_not_an_empty_library(tmp_path):
    with pytest.raises(ScriptInvalid, match="no call scripts"):
        load_scripts(tmp_path)


def test_one_version_in_two_files_is_refused(folder):
    (folder / "copy.yaml").write_bytes((folder / "life.yaml").read_bytes())
    with pytest.raises(ScriptInvalid, match="two files"):
        load_scripts(folder)


def test_a_node_of_the_scripts_own_and_a_new_option_by_override_are_composed(folder):
    edit(
        folder / "life.yaml",
        "ask:",
        "nodes:\n"
        "  - {id: S999_GIFT, phase: closing, title: 赠品, text: 谢谢,\n"
        "     options: [{code: END, label: 完, goto: M175_ANY}]}\n"
        "override:\n  M175_ANY:\n    options: [{code: GIFT, label: 赠品, goto: S999_GIFT}]\nask:",
    )
    document: Any = compose(folder / "life.yaml")
    assert check(folder) == []
    nodes = {node["id"]: node for node in document["nodes"]}
    assert [option["code"] for option in nodes["M175_ANY"]["options"]][-1] == "GIFT"
    assert "S999_GIFT" in nodes


def test_a_node_of_the_scripts_own_that_nothing_leads_to_is_reported(folder):
    edit(
        folder / "life.yaml",
        "ask:",
        "nodes:\n  - {id: S999, phase: closing, title: 无, text: 无,\n"
        "     options: [{code: A, label: a, goto: M175_ANY}]}\nask:",
    )
    assert [(finding.code, finding.node) for finding in check(folder)] == [("UNREACHABLE", "S999")]
