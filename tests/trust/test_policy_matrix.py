"""Every rule, method, actor and state: the running application against the table kept by hand (Z01-Z04, Z08, T01)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from hbreview import clock, create_app
from hbreview.acts import inviting, running_rounds
from hbreview.acts.inviting import Newcomer
from hbreview.acts.rehearsing import PASSWORD
from hbreview.acts.running_rounds import RoundFiring
from hbreview.acts.signing_in import HASHER, actor_for
from hbreview.extensions import db
from hbreview.model import Attachment, Comment, Entry, Person, Round, ScoreSheet, Submission
from hbreview.security import UndeclaredRouteError, require_policies
from hbreview.transact import Receipt, carry_out
from hbreview.words import Role, RoundTrigger
from hbreview.workflow.journal import Origin
from tests.trust import policy_by_hand as by_hand
from tests.worlds import REPEATED_STATES, Browser, World, settings

_ANY = re.compile(r"<any\(([^)]*)\):\w+>")
_CONVERTER = re.compile(r"<\w+(?:\([^)]*\))?:(\w+)>")
_JOURNAL = {"journal", "journal_head"}
HTMX = {"HX-Request": "true"}
NOWHERE = "0" * 32

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def plain_rules(app: Flask) -> Iterator[tuple[str, str]]:
    """The methods and rules of the URL map as the hand's table writes them, one for each trigger."""
    for rule in app.url_map.iter_rules():
        found = _ANY.search(rule.rule)
        words = found.group(1).split(",") if found else [""]
        for word in words:
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield method, _CONVERTER.sub(r"<\1>", _ANY.sub(word, rule.rule))


def kind_of(response: TestResponse) -> str:
    """The class of an answer; a fault of ours is a class that no table expects."""
    to_the_door = response.status_code in {302, 303} and response.headers["Location"].startswith("/login?next=")
    if to_the_door or response.status_code == 401:
        return "sign-in"
    named = {403: "forbid", 404: "hide", 405: "405"}
    return named.get(response.status_code, "allow" if response.status_code < 500 else str(response.status_code))


@dataclass
class Stage:
    """A world with the strangers of each role added, and addresses that exist for every rule."""

    world: World
    common: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, world: World) -> Stage:
        """Hire the people whom the rehearsal does not have, and make each kind of child for each submission."""
        stage = cls(world)
        with world.app.app_context():
            carry_out(stage._hire)
            invited = inviting.invite(Newcomer(Role.EXPERT, "受邀", "invited"), days=7, origin=Origin(None, "test"))
            stage.common["code"] = invited.code
        world.browser("suspended")
        with world.app.app_context():
            suspended = db.session.scalars(select(Person.public_id).where(Person.login == "suspended")).one()
            inviting.suspend(suspended, suspended=True, origin=Origin(None, "test"))
            stage.common["person_id"] = db.session.scalars(
                select(Person.public_id).where(Person.login == "victim")
            ).one()
            stage.common["round_id"] = db.session.scalars(select(Round.public_id)).one()
        return stage

    @staticmethod
    def _hire(session: Session) -> Receipt:
        known = HASHER.hash(PASSWORD)
        for newcomer in (
            Newcomer(Role.AUDITOR, "别家审计员", "auditor-other", firm_name="另一家会计师事务所"),
            Newcomer(Role.EXPERT, "别的专家", "expert-other"),
            Newcomer(Role.PROVINCE, "停用者", "suspended"),
            Newcomer(Role.EXPERT, "听凭处置者", "victim"),
        ):
            inviting.add_person(session, newcomer).password_hash = known
        author = session.scalars(select(Person).where(Person.login == "province")).one()
        for submission in session.scalars(select(Submission).order_by(Submission.id)):
            session.add(
                Comment(
                    submission_id=submission.id, indicator=1, person_id=author.id, body="请说明。",
                    revision_number=submission.revision_number, created_at=clock.now(),
                )
            )  # fmt: skip
        return Receipt("")

    def login_of(self, actor: str, submission: Submission) -> str:
        """Whom of the cast a kind of actor means for this submission; "" for nobody."""
        own, city = submission.organisation_id, submission.region
        others = [self.world.submission(state) for state in REPEATED_STATES]
        return {
            "anonymous": "",
            "suspended": "suspended",
            "enterprise-own": f"hb{own:04d}",
            "enterprise-other": next(f"hb{s.organisation_id:04d}" for s in others if s.organisation_id != own),
            "city-own": f"city-{city}",
            "city-other": "city-baoding" if city != "baoding" else "city-tangshan",
            "auditor-assigned": "auditor",
            "auditor-unassigned": "auditor-other",
            "expert-assigned": "expert",
            "expert-unassigned": "expert-other",
            "province": "province",
            "admin": "admin",
        }[actor]

    def browser(self, actor: str, submission: Submission) -> Browser:
        """The browser of an actor; a fresh one for nobody."""
        login = self.login_of(actor, submission)
        return self.world.browser(login) if login else self.world.stranger()

    def ids(self, submission: Submission) -> dict[str, str]:
        """What fills the holes of every rule for one submission."""
        with self.world.app.app_context():

            def first(model: type[Attachment | Comment | ScoreSheet]) -> str:
                query = select(model.public_id).where(model.submission_id == submission.id).order_by(model.id.desc())
                return str(db.session.scalars(query.limit(1)).one())

            return self.common | {
                "submission_id": submission.public_id,
                "attachment_id": self._evidence(submission),
                "comment_id": first(Comment),
                "sheet_id": first(ScoreSheet),
                "order": "1",
                "number": "1",
                "digest": NOWHERE,
                "deputy_id": NOWHERE,
                "phrase_id": NOWHERE,
                "view_id": NOWHERE,
                "public_id": NOWHERE,
                "token_id": NOWHERE,
                "webhook_id": NOWHERE,
                "objection_id": NOWHERE,
                "letter_id": NOWHERE,
                "decision_id": NOWHERE,
                "organisation_id": NOWHERE,
                "firm_id": NOWHERE,
            }

    @staticmethod
    def _evidence(submission: Submission) -> str:
        query = select(Attachment.public_id).where(Attachment.submission_id == submission.id)
        return str(db.session.scalars(query.where(Attachment.field == "organization_seal").limit(1)).one())

    def journal(self) -> tuple[int, str]:
        """How many entries there are, and the newest one's act."""
        with self.world.app.app_context():
            last = db.session.scalar(select(func.max(Entry.sequence))) or 0
            return last, db.session.scalar(select(Entry.act).where(Entry.sequence == last)) or ""

    def kept(self) -> Mapping[str, object]:
        """The database without the journal."""
        return {name: rows for name, rows in self.world.dump().items() if name not in _JOURNAL}

    def decide(self) -> None:
        """Close, publicise (deferring what is not scored) and finalise the round."""
        steps: tuple[tuple[RoundTrigger, str, dict[str, str]], ...] = (
            (RoundTrigger.CLOSE, "province", {}),
            (RoundTrigger.PUBLICISE, "province", {"defer": "1", "reason": "测试中延后"}),
            (RoundTrigger.FINALISE, "province2", {}),
        )
        with self.world.app.app_context():
            for trigger, login, data in steps:
                version = db.session.scalars(select(Round.version)).one()
                actor = actor_for(db.session.scalars(select(Person).where(Person.login == login)).one())
                firing = RoundFiring(self.common["round_id"], trigger, version, data)
                running_rounds.fire_round(firing, origin=Origin(actor, "test"))


def address(rule: str, ids: Mapping[str, str]) -> str:
    """The rule with its holes filled."""
    files = {"/static/<filename>": "/static/hbreview.css"}
    files["/bootstrap/static/<filename>"] = "/bootstrap/static/css/bootstrap.min.css"
    return files.get(rule) or re.sub(r"<(\w+)>", lambda hole: ids[hole.group(1)], rule)


def send(browser: Browser, method: str, path: str, headers: dict[str, str]) -> TestResponse:
    """One request of the matrix; what a write sends is never right."""
    if method == "GET":
        return browser.client.get(path, headers=headers)
    return browser.post(path, {"version": "junk"}, headers=headers)


def rows_of_the_table(*, with_general: bool) -> list[tuple[str, str]]:
    """The table's rows that a state is asked about; rules about no submission once are enough."""
    return [key for key in by_hand.TABLE if with_general or by_hand.is_about_a_submission(key[1])]


@dataclass(frozen=True)
class Cells:
    """The cells of one actor about one submission in one state, with what fills the holes of their addresses."""

    actor: str
    state: str
    submission: Submission
    rows: list[tuple[str, str, str]]
    ids: Mapping[str, str]

    @classmethod
    def of(cls, stage: Stage, actor: str, state: str, submission: Submission, *, with_general: bool) -> Cells:
        """All rows of the table that a state is asked about, each with its answer by hand."""
        rows = [(m, r, by_hand.expected(m, r, actor, state)) for m, r in rows_of_the_table(with_general=with_general)]
        if state != "submitted":
            rows = [row for row in rows if row[2] != "allow" or not row[1].endswith(by_hand.PAPERS)]
        return cls(actor, state, submission, rows, stage.ids(submission))

    @property
    def harmless(self) -> list[tuple[str, str, str]]:
        """Readings and refusals: nothing but the journal may change by them."""
        return [row for row in self.rows if row[0] == "GET" or row[2] != "allow"]


def faults_of(stage: Stage, asked: list[Cells]) -> list[str]:
    """Walk all cells of one actor, harmless ones of all states first; what is not as the table says."""
    faults = []
    before = stage.kept()
    for cells in asked:
        faults += _harmless_faults(stage, cells)
    if stage.kept() != before:
        faults.append(f"{asked[0].actor}: a reading or refused request changed the database")
    for cells in asked:
        browser = stage.browser(cells.actor, cells.submission)
        for method, rule, _wanted in (row for row in cells.rows if row not in cells.harmless):
            for headers in ({}, HTMX):
                response = send(browser, method, address(rule, cells.ids), headers)
                if (found := kind_of(response)) != "allow":
                    where = f"{cells.actor} {cells.state} {method} {rule}"
                    faults.append(f"{where}: {found} ({response.status_code}), by hand allow")
                if rule == "/logout":
                    browser.sign_in(stage.login_of(cells.actor, cells.submission))
    return faults


NOTED = {("GET", "/rounds/<round_id>/archive.zip"): "export_round"}


def _harmless_faults(stage: Stage, cells: Cells) -> list[str]:
    """Reading or refused cells: their class, and one journal entry for a refusal of somebody, else none."""
    browser, faults = stage.browser(cells.actor, cells.submission), []
    if not browser.token:
        browser.get("/login")
    count, _act = stage.journal()
    for method, rule, wanted in cells.harmless:
        for headers in ({}, HTMX):
            where = f"{cells.actor} {cells.state} {method} {rule} {'htmx' if headers else 'plain'}"
            response = send(browser, method, address(rule, cells.ids), headers)
            if (found := kind_of(response)) != wanted:
                faults.append(f"{where}: {found} ({response.status_code}), by hand {wanted}")
            after, act = stage.journal()
            # A stranger is shown nothing and cannot make the journal grow.
            signed_in = cells.actor not in {"anonymous", "suspended"}
            entries = 1 if wanted in {"forbid", "hide"} and signed_in else 0
            if (method, rule) in NOTED and wanted == "allow" and act == NOTED[method, rule]:
                count = after  # who took the whole round home is noted each time
            if after - count != entries or (entries and act != "denied"):
                faults.append(f"{where}: {after - count} journal entries, the last is {act}")
            count = after
    return faults


@pytest.mark.thorough
@only_sqlite
@pytest.mark.parametrize("actor", by_hand.ACTORS)
def test_matrix_of_an_actor_in_every_state_agrees_with_the_hand_table(world: World, actor: str) -> None:
    """Z02, Z08, T01: each cell plain and as HTMX; refusals and readings change nothing, refusals are journalled."""
    stage = Stage.of(world)
    asked = [
        Cells.of(stage, actor, state, world.submission(state), with_general=state == "submitted")
        for state in REPEATED_STATES
    ]
    faults = faults_of(stage, asked)
    stage.decide()
    decided = [
        Cells.of(stage, actor, "decided", world.submission(state), with_general=state == "scored")
        for state in ("submitted", "scored")
    ]
    assert "\n".join(faults + faults_of(stage, decided)) == ""


@pytest.mark.parametrize("actor", ["enterprise-other", "city-own", "expert-assigned"])
def test_matrix_of_one_state_on_each_database_agrees_with_the_hand_table(world: World, actor: str) -> None:
    """Z02: a sample on both databases."""
    stage = Stage.of(world)
    cells = Cells.of(stage, actor, "submitted", world.submission("submitted"), with_general=False)
    assert faults_of(stage, [cells]) == []


@only_sqlite
def test_url_map_and_hand_table_hold_the_same_rules(app: Flask) -> None:
    """Z03: no rule is missing from the table, none in it is stale."""
    mapped = set(plain_rules(app))
    assert mapped - set(by_hand.TABLE) == set()
    assert set(by_hand.TABLE) - mapped == set()


@only_sqlite
def test_methods_that_no_rule_declares_are_refused(world: World) -> None:
    """Z03: 405, whoever asks, and an override in a header or field is not read."""
    stage = Stage.of(world)
    ids, browser = stage.ids(world.submission("submitted")), world.browser("province")
    override = {"X-HTTP-Method-Override": "GET", "X-HTTP-Method": "GET", "X-Method-Override": "GET"}
    before, faults = stage.kept(), []
    for rule in sorted({rule for _method, rule in by_hand.TABLE}):
        declared = {method for method, known in by_hand.TABLE if known == rule}
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"):
            if method in declared:
                continue
            data = {"csrf_token": browser.token, "_method": "GET"} if method != "TRACE" else None
            response = browser.client.open(address(rule, ids), method=method, data=data, headers=override)
            if response.status_code != 405:
                faults.append(f"{method} {rule}: {response.status_code}")
    assert "\n".join(faults) == ""
    assert stage.kept() == before


@only_sqlite
def test_head_of_what_one_may_not_see_is_refused_like_get(world: World) -> None:
    """Z03: HEAD and OPTIONS tell a stranger nothing that GET would not."""
    submission = world.submission("submitted")
    path = f"/submissions/{submission.public_id}"
    assert world.stranger().client.head(path).status_code == 303
    assert world.browser("admin").client.head(path).status_code == 404
    assert world.browser("admin").client.options(path).status_code == 404
    assert world.enterprise(submission).client.head(path).status_code == 200


def test_application_with_an_undeclared_route_refuses_to_start(tmp_path: Path) -> None:
    """Z01: the error names the route."""
    app = create_app(settings(f"sqlite:///{tmp_path / 'hbreview.sqlite3'}", tmp_path))
    app.add_url_rule("/forgotten", "forgotten", lambda: "open to all")
    with pytest.raises(UndeclaredRouteError, match="/forgotten"):
        require_policies(app)
    with app.app_context():
        db.engine.dispose()


def _body(response: TestResponse) -> str:
    """A page without what differs in every answer."""
    return re.sub(r'(content|value)="[^"]*"|"X-CSRFToken": "[^"]*"', "", response.get_data(as_text=True))


@pytest.mark.parametrize("who", ["enterprise-other", "city-other", "auditor-unassigned", "expert-unassigned", "admin"])
@only_sqlite
def test_swapped_id_is_answered_like_a_random_one(world: World, who: str) -> None:
    """Z04: what one may not know of and what does not exist cannot be told apart."""
    stage, submission = Stage.of(world), world.submission("scored")
    ids, browser = stage.ids(submission), stage.browser(who, submission)
    nothing = dict.fromkeys(ids, NOWHERE) | {"order": "1", "number": "1"}
    for method, rule in rows_of_the_table(with_general=False):
        for headers in ({}, HTMX):
            real = send(browser, method, address(rule, ids), headers)
            random = send(browser, method, address(rule, nothing), headers)
            assert (real.status_code, random.status_code) == (404, 404), f"{method} {rule}"
            assert _body(real).replace(ids["submission_id"], NOWHERE) == _body(random).replace(
                ids["submission_id"], NOWHERE
            ), f"{method} {rule}"


def test_attachment_of_one_enterprise_is_hidden_to_another(world: World) -> None:
    """Z04: its file, its name and its removal."""
    stage, submission = Stage.of(world), world.submission("returned")
    ids, other = stage.ids(submission), stage.browser("enterprise-other", submission)
    path = f"/attachments/{ids['attachment_id']}"
    before = stage.kept()
    assert world.enterprise(submission).get(path).status_code == 200
    assert other.get(path).status_code == 404
    assert other.get(f"{path}?inline=1").status_code == 404
    assert other.post(f"{path}/remove", {"version": str(submission.version)}).status_code == 404
    assert stage.kept() == before


@only_sqlite
def test_ids_in_form_fields_of_something_else_are_not_taken(world: World) -> None:
    """Z04: a parent comment of another submission, a firm or an expert that is no such thing."""
    stage, submission = Stage.of(world), world.submission("submitted")
    elsewhere = stage.ids(world.submission("returned"))
    path, before = f"/submissions/{submission.public_id}", stage.kept()
    city, province = world.city(submission), world.browser("province")
    remark = {"body": "回复", "parent": elsewhere["comment_id"]}
    assert city.post(f"{path}/indicators/1/comments", remark).status_code in {404, 422}
    for firm in (NOWHERE, stage.common["person_id"], elsewhere["submission_id"]):
        assert province.post(f"{path}/firm", {"firm": firm}).status_code == 422
    for expert in (NOWHERE, elsewhere["submission_id"], elsewhere["sheet_id"]):
        assert province.post(f"{path}/experts", {"expert": expert}).status_code == 422
    assert stage.kept() == before


def test_refusal_is_journalled_with_who_where_and_what(world: World) -> None:
    """T01: one entry with actor, role, city, address, act, result and request id; none for somebody unknown."""
    stage, submission = Stage.of(world), world.submission("submitted")
    city, path = world.city(submission), f"/submissions/{submission.public_id}/score"
    count, _act = stage.journal()
    assert city.post(path, {"version": str(submission.version)}).status_code == 403
    assert stage.journal() == (count + 1, "denied")
    with world.app.app_context():
        entry = db.session.scalars(select(Entry).where(Entry.sequence == count + 1)).one()
        person = db.session.scalars(select(Person).where(Person.login == f"city-{submission.region}")).one()
        assert (entry.person_id, entry.actor, entry.role) == (person.id, person.name, "city")
        assert submission.region in entry.scope
        assert (entry.target, entry.result, entry.data) == (f"POST {path}", "refused", {"status": 403})
        assert entry.address and entry.request_id and entry.at.utcoffset() is not None
    assert world.stranger().post(path, {"version": "1"}).status_code == 401
    assert stage.journal()[0] == count + 1
    assert world.faults() == []
