"""scripts/_schema.yaml is the vocabulary of the code, word for word."""

from __future__ import annotations

from pathlib import Path

import yaml

from dialer.domain.problem import ProblemLevel, ProblemType
from dialer.domain.script.expression import FIELDS
from dialer.domain.script.model import Comparison, NodeKind, Phase
from dialer.scripts_yaml import load_scripts

SCRIPTS = Path(__file__).parents[3] / "scripts"
SCHEMA = yaml.safe_load((SCRIPTS / "_schema.yaml").read_text(encoding="utf-8"))


def test_the_fields_of_conditions_are_those_of_the_schema():
    declared = {f"policy.{name}" for name in SCHEMA["policy_fields_used"]}
    declared |= {f"case.{name}" for name in SCHEMA["case_fields_used"]}
    assert {name for name in FIELDS if "." in name} == declared


def test_the_problem_types_and_their_levels_are_those_of_the_schema():
    declared = {
        (name, "U" if group == "UNSUCCESSFUL" else group)
        for group, content in SCHEMA["problem_types"].items()
        for name in content["types"]
    }
    assert {(str(kind), str(kind.level)) for kind in ProblemType} == declared
    assert {level for _, level in declared} == set(ProblemLevel)


def test_the_phases_are_those_of_the_schema():
    assert set(SCHEMA["node"]["phase"].split(" | ")) == set(Phase)


def test_the_outcomes_of_the_shipped_scripts_are_those_of_the_schema():
    scripts = load_scripts(SCRIPTS).scripts
    nodes = [node for script in scripts for node in script.nodes.values() if node.kind is NodeKind.TERMINAL]
    assert {str(node.outcome) for node in nodes} == set(SCHEMA["outcomes"])


def test_what_may_be_compared_is_that_of_the_schema():
    assert set(SCHEMA["node"]["compare"].split(";")[0].split(" | ")) == set(Comparison)
