"""The products' files: `config/products/*.yaml`, one product each, with the words its scripts need (rules §8.1)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from dialer.domain.errors import DialerError
from dialer.domain.product import PRODUCT_TEXTS, TEXTS_OF_EVERY_PRODUCT, Product

_KEYS = {"code", "name", "texts"}


class ProductInvalid(DialerError):
    """A product's file can't be used; the message names the file, the key and the reason."""

    code = "PRODUCT_INVALID"


def load_products(folder: Path) -> Mapping[str, Product]:
    """Every product of a folder, by its code. An empty folder is no error: calls then lack their texts and say so.

    Raises:
        ProductInvalid: a file can't be read, lacks a text, has an unknown key, or repeats another file's code.
    """
    products: dict[str, Product] = {}
    for file in sorted(folder.glob("*.yaml")):
        product = parse_product(file.read_bytes(), str(file))
        if product.code in products:
            raise ProductInvalid(f"{file}: code: {product.code} is another file's product already")
        products[product.code] = product
    return products


def parse_product(content: bytes, name: str) -> Product:
    """Read one product's YAML; `name` is what errors call the file.

    Raises:
        ProductInvalid: with the file, the key and the reason.
    """
    try:
        document = yaml.load(content, Loader=yaml.BaseLoader)  # noqa: S506  (builds strings only)
    except yaml.YAMLError as wrong:
        raise ProductInvalid(f"{name}: not readable as YAML: {wrong}") from wrong
    top = _mapping(document, f"{name}: expected the keys code, name and texts")
    _refuse(f"{name}: missing", _KEYS - top.keys())
    _refuse(f"{name}: unknown key", top.keys() - _KEYS)
    texts = _mapping(top["texts"], f"{name}: texts: expected variables with their wording")
    _refuse(f"{name}: texts: missing", set(TEXTS_OF_EVERY_PRODUCT) - texts.keys())
    _refuse(f"{name}: texts: no variable of a product", texts.keys() - PRODUCT_TEXTS.keys())
    return Product(
        code=_text(top["code"], f"{name}: code"),
        name=_text(top["name"], f"{name}: name"),
        texts={variable: _text(wording, f"{name}: texts: {variable}") for variable, wording in texts.items()},
    )


def _mapping(value: object, complaint: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ProductInvalid(complaint)
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ProductInvalid(f"{where}: expected a text")
    return value.strip()


def _refuse(complaint: str, keys: set[str]) -> None:
    if keys:
        raise ProductInvalid(f"{complaint}: {', '.join(sorted(keys))}")
