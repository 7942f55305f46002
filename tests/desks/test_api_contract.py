"""The description holds: whatever it allows is answered as it says, and whatever it does not is refused."""

from __future__ import annotations

import warnings
from collections import Counter

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from hbreview.desks.machine import description
from tests.desks.machines import finalise, machine_of
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_the_description_is_whole() -> None:
    document = description.document()
    assert document["openapi"] == "3.1.0"
    for schema in document["components"]["schemas"].values():
        jsonschema_rs.Draft202012Validator({"components": document["components"], **schema})
    names = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(names) == len(set(names)) == 8


@only_sqlite
def test_every_route_is_described_and_the_other_way_round(world: World) -> None:
    routed = set()
    for rule in world.app.url_map.iter_rules():
        if rule.endpoint.startswith("machine."):
            path = rule.rule.removeprefix("/api/v1").replace("<", "{").replace(">", "}")
            routed |= {(path, method.lower()) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    assert routed == {(path, method) for path, one in description.document()["paths"].items() for method in one}


@pytest.mark.parametrize(
    ("database", "examples"),
    [("sqlite", 15), pytest.param("postgresql", 100, marks=pytest.mark.thorough)],
    indirect=["database"],
)
def test_whatever_is_asked_is_answered_as_described(world: World, examples: int) -> None:
    """All of the checker's checks, on what the description allows, with ids that are there, and on what it does not."""
    ids = {"round_id": finalise(world).public_id, "public_id": world.submission("scored").public_id}
    headers = machine_of(world).headers
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", world.app)
    # What is wrong shall be in the query or the body: tokens have tests of their own.
    schema.config.generation.update(with_security_parameters=False)
    load_all_checks()
    quick = settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )  # fmt: skip
    statuses: Counter[int] = Counter()

    def ask(case: schemathesis.Case) -> None:
        answer = case.call_and_validate(headers=headers, checks=CHECKS.get_all())
        statuses[answer.status_code] += 1

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for found in schema.get_all_operations():
            operation = found.ok()
            there = {name: ids[name] for name in ids if f"{{{name}}}" in operation.path}
            ways = [operation.as_strategy(mode) for mode in GenerationMode]
            ways += [operation.as_strategy(path_parameters=there)] if there else []
            for way in ways:
                quick(given(case=way)(ask))()
    assert {200, 400, 404} <= set(statuses) and statuses[200] >= 4 * examples
    assert world.faults() == []


@only_sqlite
def test_records_of_organisations_that_are_there_are_answered_as_described(world: World) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", world.app)
    machine = machine_of(world)
    name = world.submission("draft").organisation_name
    good = {"organisation": name, "programme": "platform", "year": 2019, "month": 1, "reported_on": "2019-02-03"}
    case = schema["/monthly-records"]["POST"].Case(body=[good, good | {"organisation": "无此单位"}])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answer = case.call_and_validate(headers=machine.headers)
    assert [one["result"] for one in answer.json()["results"]] == ["added", "refused"]
