"""Completes the OpenAPI document: each endpoint's action, who may, and every "no" it can say."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from alos.api.access import May
from alos.domain.authorization import describe

ACTION = "x-alos-action"
WHO = "x-alos-who"
OPEN = "none"
"""The action of an endpoint that takes callers whom nobody knows yet."""
_REFUSALS = {
    "400": "the body can't be read",
    "401": "nobody is signed in, or not any more",
    "403": "the caller may not do that",
    "404": "there is nothing of that name",
    "409": "the rules do not allow this change now",
    "413": "the body is too large",
    "422": "a value is not of the shape below",
    "429": "too much of it",
    "503": "a part of the gateway is down; nothing was changed",
}
_HEAD_TOO_LARGE = {
    "description": "the request line and headers are too large; said before anything reads them",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}
_SHAPE = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
            "required": ["message"],
        }
    },
    "required": ["error"],
}


def complete_document(app: FastAPI) -> None:
    """Have the application's document made with actions and refusals in it, once."""

    def build() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _build(app)
        return app.openapi_schema

    app.openapi = build  # type: ignore[method-assign]  # FastAPI documents this way


def get_action(route: APIRoute) -> str:
    """The action that an endpoint declares; ``none`` for those that need no identity."""
    return next((one.action.value for one in _list_rules(route.dependant)), OPEN)


def _build(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    document["components"] = document.get("components", {})
    document["components"].setdefault("schemas", {})["Refusal"] = _SHAPE
    document["components"]["securitySchemes"] = {
        "session": {"type": "http", "scheme": "bearer"},
    }
    for route in app.routes:
        if not isinstance(route, APIRoute) or not route.include_in_schema:
            continue
        rules = list(_list_rules(route.dependant))
        for method in route.methods or ():
            operation = document["paths"][route.path_format][method.lower()]
            operation[ACTION] = rules[0].action.value if rules else OPEN
            if rules:
                operation[WHO] = describe(rules[0].action)
                operation["security"] = [{"session": []}]
            for status, why in _REFUSALS.items():
                operation["responses"][status] = _describe(why, page=_is_page(route))
            operation["responses"]["431"] = _HEAD_TOO_LARGE
    return document


def _is_page(route: APIRoute) -> bool:
    """Whether people see the endpoint's answers, a "no" included."""
    found = route.response_class
    return isinstance(found, type) and issubclass(found, HTMLResponse)


def _describe(why: str, *, page: bool) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Refusal"}
    content: dict[str, Any] = {"application/json": {"schema": schema}}
    if page:
        content["text/html"] = {"schema": {"type": "string"}}
    return {"description": why, "content": content}


def _list_rules(dependant: Dependant) -> Iterator[May]:
    for one in dependant.dependencies:
        if isinstance(one.call, May):
            yield one.call
        yield from _list_rules(one)
