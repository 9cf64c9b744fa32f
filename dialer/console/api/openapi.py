"""The OpenAPI 3.1 document, made of the endpoints and of the very models that read and write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from dialer.console.api.endpoint import IDEMPOTENCY_KEY, KEY_PATTERN, PREFIX, Endpoint
from dialer.console.api.told import Problem
from dialer.console.routes import Door

_TEMPLATE = "#/components/schemas/{model}"
_SAID = {
    400: "请求不符合本文档 · the request is not what this document describes",
    401: "令牌无效 · no token that holds",
    403: "令牌无此权限 · the token lacks the scope",
    404: "没有或不在范围内 · not there, or out of the token's reach",
    409: "正在处理或被他人抢先，请重试 · being worked on, or somebody was first: try again",
    413: "请求过大 · too big",
    415: "须为 application/json · must be application/json",
    416: "没有这一段 · there is no such part",
    422: "规则不允许 · the rules refuse it",
    429: "过于频繁 · too often; see Retry-After",
    500: "程序错误 · a fault of the program",
    503: "暂不可用 · not now: try again",
}
_FOR_EVERY_PROGRAM = (401, 403, 429, 500, 503)
_FOR_EVERY_BODY = (400, 409, 413, 415)

Mode = Literal["validation", "serialization"]


def document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(PREFIX + endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "dialer",
            "version": "1",
            "description": "新契约电话回访的接口 · policies in, results of the revisits out. See docs/api.md.",
        },
        "paths": paths,
        "components": {
            "schemas": _schemas(endpoints),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "dialer admin token"}},
        },
    }


def _schemas(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    told: list[tuple[type[BaseModel], Mode]] = [(Problem, "serialization")]
    for endpoint in endpoints:
        if endpoint.takes is not None:
            told.append((endpoint.takes, "validation"))
        if not isinstance(endpoint.gives, str):
            told.append((endpoint.gives, "serialization"))
    _, found = models_json_schema(told, ref_template=_TEMPLATE)
    schemas: dict[str, Any] = found["$defs"]
    return schemas


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.does.__name__,
        "summary": endpoint.summary,
        "parameters": [*_in_path(endpoint), *_in_query(endpoint), *_in_headers(endpoint)],
        "responses": _responses(endpoint),
    }
    if not isinstance(endpoint.needs, Door):
        operation["security"] = [{"token": []}]
        operation["x-scope"] = endpoint.needs.value
    if endpoint.takes is not None:
        operation["requestBody"] = {"required": True, "content": _json_of(endpoint.takes)}
    return operation


def _in_path(endpoint: Endpoint) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in endpoint.path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": _PATH[name]} for name in names]


_PATH = {
    "policy_no": {"type": "string", "minLength": 4, "maxLength": 40, "pattern": "^[A-Za-z0-9][A-Za-z0-9/-]{3,39}$"},
    "recording_id": {"type": "integer", "minimum": 1, "maximum": 2**53},
}


def _in_query(endpoint: Endpoint) -> list[dict[str, Any]]:
    if endpoint.asks is None:
        return []
    schema = endpoint.asks.model_json_schema()
    return [
        {
            "name": name,
            "in": "query",
            "description": field.pop("description", ""),
            "schema": field,
            "required": name in schema.get("required", ()),
        }
        for name, field in schema["properties"].items()
    ]


def _in_headers(endpoint: Endpoint) -> list[dict[str, Any]]:
    if endpoint.takes is not None:
        said = "重发时用同一个键，得到同一个答复（24 小时）· the same key gets the same answer for 24 hours"
        schema = {"type": "string", "pattern": KEY_PATTERN}
        return [{"name": IDEMPOTENCY_KEY, "in": "header", "description": said, "schema": schema}]
    if endpoint.gives == "audio/ogg":
        return [{"name": "Range", "in": "header", "schema": {"type": "string"}, "example": "bytes=0-1023"}]
    return []


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    given = _json_of(endpoint.gives) if not isinstance(endpoint.gives, str) else {endpoint.gives: {}}
    responses: dict[str, Any] = {"200": {"description": endpoint.summary, "content": given}}
    if endpoint.gives == "audio/ogg":
        responses["206"] = {"description": "一段 · the part asked for", "content": given}
    refusals = {*endpoint.refuses, *(() if isinstance(endpoint.needs, Door) else _FOR_EVERY_PROGRAM)}
    if endpoint.takes is not None:
        refusals.update(_FOR_EVERY_BODY)
    problem = {"application/problem+json": {"schema": {"$ref": _TEMPLATE.format(model=Problem.__name__)}}}
    for status in sorted(refusals):
        responses[str(status)] = {"description": _SAID[status], "content": problem} | _headers(status)
    return responses


def _headers(status: int) -> dict[str, Any]:
    if status not in {409, 429}:
        return {}
    return {"headers": {"Retry-After": {"description": "秒 · seconds", "schema": {"type": "string"}}}}


def _json_of(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _TEMPLATE.format(model=model.__name__)}}}
