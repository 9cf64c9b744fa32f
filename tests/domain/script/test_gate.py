"""The publication gate: each rule shown by a script that breaks it and nothing else."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from dialer.domain.errors import ScriptInvalid
from dialer.domain.script import Finding, gate, read_script


def question(node_id: str, item: str, goto: str, **more: Any) -> dict[str, Any]:
    yes = {"code": "YES", "label": "是", "goto": goto, "effects": [{"answer": {"item": item, "value": "CONFIRMED"}}]}
    node = {"id": node_id, "phase": "redial", "title": item, "text": "请问？", "mandatory_item": item}
    return node | {"next": goto, "options": [yes]} | more


def a_redial_script() -> dict[str, Any]:
    """The smallest script that passes: identity, solved, end."""
    return {
        "script_id": "RD_SMALL",
        "version": "1.0.0",
        "title": "复访",
        "applies_to": {"case_state": ["L1_REDIAL"]},
        "entry": "M1",
        "mandatory_items": [{"item": "IDENTITY", "node": "M1"}, {"item": "SOLVED", "node": "M2"}],
        "variables": [],
        "global_events": [{"event": "HANGUP", "label": "挂断", "goto": "T_BROKEN"}],
        "nodes": [
            question("M1", "IDENTITY", "M2"),
            question("M2", "SOLVED", "D1"),
            {
                "id": "D1",
                "phase": "result",
                "kind": "decision",
                "title": "判定",
                "branches": [
                    {"when": "mandatory_items_complete == false", "goto": "T_BROKEN"},
                    {"when": "true", "goto": "T_DONE"},
                ],
            },
            {"id": "T_DONE", "phase": "terminal", "kind": "terminal", "title": "成功", "outcome": "SUCCESS"},
            {"id": "T_BROKEN", "phase": "terminal", "kind": "terminal", "title": "中断", "outcome": "INCOMPLETE"},
        ],
    }


def node_of(document: dict[str, Any], node_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(node for node in document["nodes"] if node["id"] == node_id)
    return found


def findings_of(document: dict[str, Any]) -> list[Finding]:
    return gate(read_script(deepcopy(document), "0" * 64))


def found(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(finding.code, finding.node) for finding in findings_of(document)}


def test_the_smallest_script_passes():
    assert findings_of(a_redial_script()) == []


def test_two_nodes_with_one_id_are_refused():
    document = a_redial_script()
    document["nodes"].append(deepcopy(node_of(document, "M1")))
    with pytest.raises(ScriptInvalid, match="two nodes have the id M1"):
        read_script(document, "")


def test_two_options_with_one_code_are_found():
    document = a_redial_script()
    node_of(document, "M1")["options"] *= 2
    assert found(document) == {("DUPLICATE_OPTION", "M1")}


def test_two_events_with_one_name_are_found():
    document = a_redial_script()
    document["global_events"] *= 2
    assert found(document) == {("DUPLICATE_EVENT", "")}


@pytest.mark.parametrize(
    ("node_id", "change"),
    [
        ("M2", {"options": [{"code": "A", "label": "a", "goto": "T_NOWHERE"}]}),
        ("M1", {"max_visits": 1, "on_max_visits": "T_NOWHERE"}),
        ("M1", {"when": "case.phone_changed", "else_goto": "T_NOWHERE"}),
        ("M1", {"next": "$NEXT"}),
        ("D1", {"branches": [{"when": "true", "goto": "T_NOWHERE"}]}),
    ],
)
def test_a_dangling_target_is_found_wherever_it_stands(node_id, change):
    document = a_redial_script()
    node_of(document, node_id).update(change)
    assert ("DANGLING", node_id) in found(document)


def test_a_dangling_entry_and_a_dangling_event_are_found():
    document = a_redial_script()
    document["entry"] = "M0"
    document["global_events"][0]["goto"] = "T_NOWHERE"
    whys = [finding.why for finding in findings_of(document) if finding.code == "DANGLING"]
    assert whys == ["entry M0 is no node", "global event HANGUP leads to T_NOWHERE, which is no node"]


def test_a_node_that_nothing_leads_to_is_found():
    document = a_redial_script()
    alone = {"code": "A", "label": "a", "goto": "M1"}
    document["nodes"].append({"id": "S9", "phase": "line", "title": "孤", "text": "？", "options": [alone]})
    assert found(document) == {("UNREACHABLE", "S9")}


def test_a_node_without_a_way_out_is_found():
    document = a_redial_script()
    node_of(document, "M1")["options"].append({"code": "B", "label": "b", "goto": "S9"})
    stuck = {"code": "A", "label": "a", "goto": "S9"}
    document["nodes"].append({"id": "S9", "phase": "line", "title": "困", "text": "？", "options": [stuck]})
    assert found(document) == {("NO_WAY_OUT", "S9")}


def test_returning_to_the_main_line_is_a_way_out():
    document = a_redial_script()
    node_of(document, "M1")["options"].append({"code": "B", "label": "b", "goto": "S9"})
    back = {"code": "A", "label": "a", "goto": "$RETURN"}
    document["nodes"].append({"id": "S9", "phase": "line", "title": "回", "text": "？", "options": [back]})
    assert findings_of(document) == []


def test_jumps_of_the_system_that_come_back_are_found():
    document = a_redial_script()
    loop = [{"when": "case.phone_changed", "goto": "D1"}, {"when": "true", "goto": "T_DONE"}]
    node_of(document, "D1")["branches"] += []
    node_of(document, "D1")["branches"] = [*node_of(document, "D1")["branches"][:1], *loop]
    assert found(document) == {("ENDLESS_LOOP", "D1")}


def test_a_decision_that_may_have_no_answer_is_found():
    document = a_redial_script()
    node_of(document, "D1")["branches"][-1]["when"] = "case.phone_changed"
    assert found(document) == {("NO_DEFAULT", "D1")}


def test_a_mandatory_item_that_nothing_confirms_is_found():
    document = a_redial_script()
    node_of(document, "M2")["options"][0]["effects"] = [{"answer": {"item": "SOLVED", "value": "NEGATIVE"}}]
    assert found(document) == {("UNCONFIRMABLE", "M2")}


def test_a_mandatory_item_at_a_node_that_does_not_settle_it_is_found():
    document = a_redial_script()
    node_of(document, "M2")["mandatory_item"] = "RESIGN"
    assert found(document) == {("ITEM_NODE", "M2")}


def test_a_mandatory_item_left_out_is_found():
    document = a_redial_script()
    del document["mandatory_items"][1]
    [finding] = findings_of(document)
    assert (finding.code, "SOLVED" in finding.why) == ("MISSING_ITEM", True)
    assert str(finding).startswith("RD_SMALL 1.0.0: ")


def test_a_mandatory_item_under_a_condition_that_spares_some_policies_is_found():
    document = a_redial_script()
    document["mandatory_items"][0]["when"] = "policy.pay_mode == 'SINGLE'"
    assert found(document) == {("MISSING_ITEM", "")}


def test_a_product_script_needs_every_item_of_the_law():
    document = a_redial_script()
    document["applies_to"] = {
        "channel": ["BANK"],
        "design_type": ["ORDINARY", "UNIT_LINKED"],
        "insurance_class": ["HEALTH"],
        "term": "> 1 year",
    }
    missing = {finding.why.split()[2] for finding in findings_of(document)}
    assert missing == {
        *("PURCHASE", "RECEIPT", "SIGN_HOLDER", "SIGN_INSURED", "DOCS_READ", "LIABILITY", "EXCLUSION", "TERM"),
        *("PAYMENT", "SURRENDER_LOSS", "FREELOOK", "DUAL_RECORD", "NOT_DEPOSIT", "RISK_STATEMENT", "RISK_ASSESS"),
        *("BENEFIT_UNCERTAIN", "FEES", "ACCOUNT_CHOICE", "WAITING_PERIOD", "HEALTH_DISCLOSURE", "REIMBURSE"),
        "RENEWAL",
    }


def test_an_undeclared_variable_an_unused_one_and_a_stray_brace_are_found():
    document = a_redial_script()
    node_of(document, "M1")["text"] = "您好，{holder}，{您"
    document["variables"] = [{"name": "sla", "meaning": "时限", "example": "两天"}]
    assert found(document) == {("UNKNOWN_VARIABLE", "M1"), ("BRACES", "M1"), ("UNUSED_VARIABLE", "")}


def test_a_variant_is_searched_for_variables_too():
    document = a_redial_script()
    node_of(document, "M1")["text_variants"] = [{"when": "case.phone_changed", "text": "{holder}？"}]
    assert found(document) == {("UNKNOWN_VARIABLE", "M1")}


def test_a_condition_on_an_answer_that_nobody_gives_is_found():
    document = a_redial_script()
    node_of(document, "D1")["branches"][0]["when"] = "answers.WEATHER == 'CONFIRMED'"
    assert found(document) == {("UNKNOWN_ITEM", "D1")}


def test_a_problem_under_the_wrong_level_is_found():
    document = a_redial_script()
    problem = {"problem": {"level": "L2", "type": "NOT_AWARE"}}
    node_of(document, "M1")["options"][0]["effects"].append(problem)
    assert found(document) == {("PROBLEM_LEVEL", "M1")}


@pytest.mark.parametrize(
    ("node_id", "change", "code"),
    [
        ("T_DONE", {"outcome": "POWER_OFF"}, "OUTCOME"),
        ("T_DONE", {"outcome": None}, "OUTCOME"),
        ("M1", {"text": " "}, "NO_TEXT"),
        ("M1", {"max_visits": 2}, "SHAPE"),
        ("M1", {"when": "case.phone_changed"}, "SHAPE"),
    ],
)
def test_a_node_that_lacks_what_its_kind_needs_is_found(node_id, change, code):
    document = a_redial_script()
    node = node_of(document, node_id)
    node.update(change)
    for key in [key for key, value in node.items() if value is None]:
        del node[key]
    assert found(document) == {(code, node_id)}


def test_a_subscript_with_another_option_than_done_is_found():
    document = a_redial_script()
    node_of(document, "M2")["kind"] = "subscript"
    assert ("SHAPE", "M2") in found(document)


def test_a_version_that_is_not_three_numbers_is_found():
    document = a_redial_script()
    document["version"] = "1.0"
    assert found(document) == {("VERSION", "")}
