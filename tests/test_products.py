"""The products' files: complete, closed, and enough for the scripts that read them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dialer.domain.product import PRODUCT_TEXTS
from dialer.products import ProductInvalid, load_products, parse_product
from dialer.scripts_yaml import load_scripts

ROOT = Path(__file__).parent.parent
GOOD = """
code: P1
name: 示例
texts: {liability_summary: 一, exclusion_summary: 二, correct_statement: 三, freelook_refund_text: 四}
"""


def test_the_example_products_load():
    assert {"DEMO-LIFE", "DEMO-PAR", "DEMO-UL", "DEMO-ILP", "DEMO-HEALTH", "DEMO-ACC"} <= load_products(
        ROOT / "config/products"
    ).keys()


@pytest.mark.parametrize(
    ("script", "product", "of_one_policy"),
    [
        ("NB_LIFE_ORDINARY", "DEMO-LIFE", set()),
        ("NB_PARTICIPATING", "DEMO-PAR", set()),
        ("NB_UNIVERSAL", "DEMO-UL", set()),
        ("NB_UNIT_LINKED", "DEMO-ILP", set()),
        ("NB_HEALTH_LONG", "DEMO-HEALTH", set()),
        ("NB_SHORT_TERM", "DEMO-ACC", {"deductible_text"}),
    ],
)
def test_an_example_product_has_every_text_its_script_reads(script: str, product: str, of_one_policy: set[str]):
    variables = {variable.name for variable in load_scripts(ROOT / "scripts").latest(script).variables}

    assert (variables & PRODUCT_TEXTS.keys()) - of_one_policy <= load_products(ROOT / "config/products")[
        product
    ].texts.keys()


def test_a_waiting_period_is_a_length_of_time():
    """The scripts say “合同约定了{waiting_period_text}的等待期”: “无等待期的等待期” can't be read aloud."""
    waiting = {
        product.code: product.texts["waiting_period_text"]
        for product in load_products(ROOT / "config/products").values()
        if "waiting_period_text" in product.texts
    }

    assert waiting.keys() >= {"DEMO-HEALTH", "DEMO-ACC"}
    assert all(re.fullmatch("[一二三四五六七八九十百]+(天|日|个月|年)", text) for text in waiting.values()), waiting


def test_every_product_text_is_a_variable_of_some_script():
    names = {variable.name for script in load_scripts(ROOT / "scripts").scripts for variable in script.variables}

    assert PRODUCT_TEXTS.keys() <= names


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("- a list", "expected the keys"),
        ("code: [", "not readable as YAML"),
        (GOOD + "colour: red", "unknown key: colour"),
        (GOOD.replace("name: 示例\n", ""), "missing: name"),
        (GOOD.replace("liability_summary: 一, ", ""), "texts: missing: liability_summary"),
        (GOOD.replace("{", "{fee_txet: 五, "), "texts: no variable of a product: fee_txet"),
        (GOOD.replace("一", "''"), "liability_summary: expected a text"),
    ],
)
def test_a_wrong_file_is_refused_with_file_key_and_reason(content: str, why: str):
    with pytest.raises(ProductInvalid, match=f"p1.yaml: .*{why}"):
        parse_product(content.encode(), "p1.yaml")


def test_two_files_of_one_product_are_refused(tmp_path: Path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(GOOD)

    with pytest.raises(ProductInvalid, match=r"b\.yaml: code: P1"):
        load_products(tmp_path)
