"""The API says of itself what it does: the document against the routes, and requests made from the document."""

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from server.app import routes
from server.openapi import describe
from server.routing import Route

BY_CONTENT = {
    ("POST", "/api/v1/jobs"),
    ("POST", "/api/v1/jobs/{id}/move"),
    ("POST", "/api/v1/check"),
    ("POST", "/api/v1/explain"),
    ("POST", "/api/v1/export"),
    ("POST", "/api/v1/uploads"),
    ("PUT", "/api/v1/workflows/{name}"),
}
"""Routes that refuse what no schema can tell from what they take: workflows that cannot run, files that are none."""
ANY_BYTES = {("POST", "/api/v1/open")}
"""A route that opens whatever it is given, and says what is wrong with it."""
SCHEMA = schemathesis.openapi.from_dict(describe(routes(), "0")).exclude(path_regex="/api/v1/(socket|events)")
QUIET = list(HealthCheck)


def test_every_served_route_is_described_and_nothing_else(served, run):
    async def listed():
        async with served() as client:
            return {
                (route.method, resource.canonical)
                for resource in client.app.router.resources()
                for route in resource
                if resource.canonical.startswith(("/api/", "/health", "/metrics")) and route.method != "HEAD"
            }

    paths = describe(routes(), "0")["paths"]
    assert run(listed()) == {(method.upper(), path) for path, methods in paths.items() for method in methods}


@pytest.mark.parametrize("route", routes(), ids=lambda route: f"{route.method} {route.path}")
def test_a_route_declares_what_its_path_names(route: Route):
    named = {part[1:-1] for part in route.path.split("/") if part.startswith("{")}
    assert named == {member.name for member in route.in_path} >= set(route.patterns)
    assert all(member.required for member in route.in_path)


def test_operations_have_names_of_their_own():
    operations = [operation for methods in describe(routes(), "0")["paths"].values() for operation in methods.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)


@SCHEMA.parametrize()
@settings(max_examples=5, deadline=None, suppress_health_check=QUIET, derandomize=True)
def test_answers_are_as_described(case, live_server):
    validate(case, live_server)


@pytest.mark.full
@SCHEMA.parametrize()
@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
def test_answers_are_as_described_however_often_it_is_asked(case, live_server):
    validate(case, live_server)


def validate(case, live_server: str) -> None:
    route = case.method, case.path
    left_out = [positive_data_acceptance] if route in BY_CONTENT else []
    left_out += [negative_data_rejection] if route in ANY_BYTES else []
    case.call_and_validate(base_url=live_server, excluded_checks=left_out)
