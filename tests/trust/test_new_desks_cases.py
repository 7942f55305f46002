"""Roles, states and fields of the later desks: who may write what, and when (S01, S04, Z07-Z17, P02, P03)."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from hbreview.clock import today
from hbreview.evaluation.contacts import contacts
from hbreview.extensions import db
from hbreview.model import Designation, Firm, Person, Revision, Roster, Score, ScoreSheet, Submission
from hbreview.model.kept import programme_of
from hbreview.programmes.loader import shipped
from hbreview.words import RoundState, RoundTrigger
from tests.acts import deciding_hands as hands
from tests.acts.expert_pool import hire_expert, hire_many, live
from tests.desks.machines import machine_of
from tests.desks.test_machine_api import paths as machine_paths
from tests.trust import policy_by_hand as by_hand
from tests.trust.desk_hands import pdf
from tests.trust.test_downloads_of_new_papers import issue, letter_of, object_to
from tests.trust.test_policy_matrix import Stage, address
from tests.trust.test_undoing_decisions import FULL, hand_in, reopen, sheet_of
from tests.worlds import REPEATED_STATES, Browser, World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
PLATFORM = shipped("platform", 2019)
_JOURNAL = {"journal", "journal_head"}
# An expert's own interest holds whatever becomes of the round.
OPEN, CLOSED, SHOWN, FINAL = RoundState.OPEN, RoundState.CLOSED, RoundState.PUBLICISED, RoundState.FINALISED
RUNNING = {OPEN, CLOSED}
# A write: its name, who does it, in which states of its round it goes (S01), by hand. In an order in which all go.
WRITES: tuple[tuple[str, str, set[RoundState]], ...] = (
    ("settings", "province", RUNNING),
    ("weights", "province", set()),
    ("participants", "province", set()),
    ("mark", "expert", RUNNING),
    ("hand in", "expert", RUNNING),
    ("reopen", "province", RUNNING),
    ("hand in again", "expert", RUNNING),
    ("score", "province", RUNNING),
    ("rescore", "province", RUNNING),
    ("ruling", "province", RUNNING),
    ("assign", "province", RUNNING),
    ("withdraw", "province", RUNNING),
    ("further", "province", RUNNING),
    ("draw", "province", RUNNING),
    ("score all", "province", RUNNING),
    ("object", "nobody", {SHOWN}),
    ("record objection", "province", {SHOWN}),
    ("answer", "province2", {SHOWN}),
    ("void", "province", {FINAL}),
    ("letters", "province", {FINAL}),
    ("open", "province", set()),
    ("reopen round", "province", {CLOSED}),
    ("close", "province", {OPEN}),
    ("publicise", "province", {CLOSED}),
    ("finalise", "province2", {SHOWN}),
)  # fmt: skip


class Hands:
    """What each write sends, filled in well, on what stands now."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.audited, self.scored = world.submission("audited"), world.submission("scored")
        self.waiting, self.round = world.submission("city_reviewed"), hands.the_round(world)
        self.here = f"/rounds/{self.round.public_id}"
        hire_many(world, 3)
        self.spare = hire_expert(world, "spare")
        self.objection = self.letter = "none"

    def send(self, name: str, login: str) -> TestResponse:
        """One write as its own person."""
        browser = self.world.stranger() if login == "nobody" else self.world.browser(login)
        return self._requests()[name](browser)

    def _requests(self) -> Mapping[str, Callable[[Browser], TestResponse]]:
        form, done, near = (f"/submissions/{one.public_id}" for one in (self.audited, self.scored, self.waiting))
        with self.world.app.app_context():
            query = select(ScoreSheet).where(ScoreSheet.submission_id == self.audited.id)
            sheet = db.session.scalars(query.order_by(ScoreSheet.id)).first()
        assert sheet is not None
        version, on = {"version": hands.the_round(self.world).version}, {"version": sheet.version}

        def fired(path: str, **data: Any) -> Callable[[Browser], TestResponse]:
            return lambda browser: browser.post(path, data)

        moved = {
            name: fired(f"{self.here}/{trigger}", **version, reason="改", defer="1")
            for name, trigger in {"open": "open", "close": "close", "reopen round": "reopen", "publicise": "publicise",
                                  "finalise": "finalise"}.items()
        }  # fmt: skip
        said = {"name": "张三", "contact": "0311-1", "text": "公示的结果与事实不符，请核实。"}
        now = {"version": self.world.now(self.audited).version}
        return moved | {
            "settings": fired(f"{self.here}/settings", **version, spread="90", reason="调整"),
            "weights": fired(f"{self.here}/weights", **version, programme="platform", **{
                f"weight-platform-{i.order}": str(i.weight) for i in PLATFORM.indicators}),
            "participants": fired(f"{self.here}/participants", **version),
            "mark": fired(f"{form}/score-sheet", **on, **{"points-1": "5"}),
            "hand in": fired(f"/score-sheets/{sheet.public_id}/hand-in", **on, **FULL),
            "reopen": fired(f"/score-sheets/{sheet.public_id}/reopen", reason="请核对"),
            "hand in again": fired(f"/score-sheets/{sheet.public_id}/hand-in", **on, **FULL),
            "score": fired(f"{form}/score", **now),
            "rescore": fired(f"{form}/rescore", **now, reason="复核"),
            "ruling": fired(f"{done}/ruling", version=1, outcome="excellent", reason="经查"),
            "assign": fired(f"{near}/experts", expert=self.spare),
            "withdraw": fired(f"{near}/experts/withdraw", expert=self.spare),
            "further": fired(f"{form}/further-expert"),
            "draw": self._draw,
            "score all": fired(f"{self.here}/score-all", **version),
            "object": lambda browser: browser.post(f"/publicity/{self.round.public_id}/objections", {
                **said, "file": hands.evidence()}),
            "record objection": lambda browser: browser.post(f"{self.here}/objections", {
                **said, "name": "李四", "received_on": today().isoformat(), "file": hands.evidence()}),
            "answer": fired(f"/objections/{self.objection}", version=1, upheld="no", answer="经核查不属实。"),
            "letters": fired(f"{self.here}/letters"),
            "void": fired(f"/letters/{self.letter}/void", reason="有误"),
        }  # fmt: skip

    def _draw(self, browser: Browser) -> TestResponse:
        plan = {"each": 2, "programme": "", "seed": "1", "own_city": "1"}
        shown = browser.post(f"{self.here}/draw", {**plan, "preview": "1"}).get_data(as_text=True)
        found = re.search(r'name="digest" value="(\w+)"', shown)
        return browser.post(f"{self.here}/draw", {**plan, "keep": "1", "digest": found[1] if found else "none"})


def bring(desk: Hands, state: RoundState) -> None:
    """Move the round there, with an objection and letters where there are any."""
    world = desk.world
    if state is CLOSED:
        hands.fire(world, RoundTrigger.CLOSE, "province")
    if state in {SHOWN, FINAL}:
        hands.publicise(world)
        desk.objection = object_to(world)
    if state is FINAL:
        hands.decide_all(world)
        hands.finalise(world)
        issue(world)
        desk.letter = letter_of(world, desk.scored).public_id


def stored(world: World) -> dict[str, Any]:
    return {name: rows for name, rows in world.dump().items() if name not in _JOURNAL}


@only_sqlite
@pytest.mark.parametrize("state", [OPEN, CLOSED, SHOWN, FINAL])
def test_each_write_goes_in_its_states_only(world: World, state: RoundState) -> None:
    """S01, S04, Z17: off its states a right request of the right person is refused and leaves nothing."""
    desk = Hands(world)
    bring(desk, state)
    before = stored(world)
    for name, login, states in WRITES:
        if state not in states:
            answer = desk.send(name, login)
            # Of many at once each is refused by itself, and the page says so.
            assert answer.status_code == 200 if name == "score all" else 400 <= answer.status_code < 500, name
            assert stored(world) == before, name
    for name, login, states in WRITES:
        if state in states:
            if name == "finalise":
                hands.decide_all(world)
                hands.end_publicity(world)
            answer = desk.send(name, login)
            assert answer.status_code in {200, 303}, (name, answer.get_data(as_text=True)[:3000])
            assert stored(world) != before or name == "score all", name
            before = stored(world)
            if name == "reopen round":
                hands.fire(world, RoundTrigger.CLOSE, "province")
                before = stored(world)
    assert world.faults() == []


@only_sqlite
def test_a_recorded_request_sent_again_later_moves_nothing(world: World) -> None:
    """S04: the same version, no one-time key; after others went on it is refused."""
    audited, province, expert = world.submission("audited"), world.browser("province"), world.browser("expert")
    scored, first = world.submission("scored"), sheet_of(world, audited)
    recorded: list[tuple[Browser, str, dict[str, Any]]] = [
        (expert, f"/score-sheets/{first.public_id}/hand-in", {"version": first.version, **FULL}),
        (province, f"/submissions/{scored.public_id}/ruling", {"version": 1, "outcome": "pass", "reason": "一"}),
    ]
    for browser, path, data in recorded:
        assert browser.post(path, data).status_code == 303
    assert reopen(province, first).status_code == 303
    later = {"version": 2, "outcome": "excellent", "reason": "二"}
    assert province.post(f"/submissions/{scored.public_id}/ruling", later).status_code == 303
    before = stored(world)
    for browser, path, data in reversed(recorded):
        assert browser.post(path, data).status_code in {409, 422}, path
    assert stored(world) == before
    # The same answer to an objection, the same round's step, the same letter made void.
    hands.publicise(world)
    objection = object_to(world)
    given = {"version": 1, "upheld": "no", "answer": "经核查不属实。"}
    assert world.browser("province2").post(f"/objections/{objection}", given).status_code == 303
    before = stored(world)
    assert province.post(f"/objections/{objection}", {**given, "answer": "另一答复。"}).status_code == 409
    for trigger in ("open", "close", "publicise", "reopen"):
        answer = province.post(f"/rounds/{hands.the_round(world).public_id}/{trigger}", {"version": 2, "reason": "改"})
        assert answer.status_code == 409, trigger
    assert stored(world) == before


# Whoever writes what is another's: by whom, to what (after the submission's address), with what.
FOREIGN: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("own", "audit-record", {"service_cost_expenditure": "1.00"}),
    ("own", "score-sheet", {"points-1": "6"}),
    ("own", "ruling", {"outcome": "pass", "reason": "我"}),
    ("own", "indicators/1/comments/../../../score", {}),
    ("own", "experts", {"expert": "expert"}),
    ("city", "answers", {"total_assets": "1"}),
    ("city", "audit-record", {"service_cost_expenditure": "1.00"}),
    ("city", "score-sheet", {"points-1": "6"}),
    ("city", "ruling", {"outcome": "pass", "reason": "市"}),
    ("auditor", "answers", {"total_assets": "1"}),
    ("auditor", "score-sheet", {"points-1": "6"}),
    ("auditor", "indicators/1/comments", {"body": "审计"}),
    ("auditor", "ruling", {"outcome": "pass", "reason": "审"}),
    ("expert", "answers", {"total_assets": "1"}),
    ("expert", "audit-record", {"service_cost_expenditure": "1.00"}),
    ("expert", "indicators/1/comments", {"body": "专家"}),
    ("expert", "ruling", {"outcome": "pass", "reason": "专"}),
    ("province", "answers", {"total_assets": "1"}),
    ("province", "score-sheet", {"points-1": "6"}),
    ("province", "audit-record", {"service_cost_expenditure": "1.00"}),
    ("admin", "ruling", {"outcome": "pass", "reason": "管"}),
    ("admin", "score-sheet", {"points-1": "6"}),
)  # fmt: skip
SMUGGLED = {
    "state": "scored", "total": "100", "score_set": "x", "expert_id": "1", "handed_in_at": "2026-01-01",
    "version_to": "9", "further": "1", "withdrawn_at": "", "signed_at": "2026-01-01", "signed_by": "1",
    "organisation_id": "1", "city_id": "1", "owner_id": "1", "seal_date": "2026-01-01", "role": "province",
    "is_admin": "1", "public_id": "x", "number": "9", "recorded_by": "1", "answered_at": "2026-01-01",
    "proposed_by": "9", "confirmed_at": "2026-01-01", "code": "A" * 12,
}  # fmt: skip


@only_sqlite
@pytest.mark.parametrize("state", ["audited", *(pytest.param(s, marks=pytest.mark.thorough) for s in REPEATED_STATES)])
def test_nobody_writes_what_is_anothers(world: World, state: str) -> None:
    """Z07: figures, comments, records, scores and outcomes each have one writer, in whatever state."""
    submission = world.submission(state)
    before = stored(world)
    for who, tail, data in FOREIGN:
        named = {"own": world.enterprise, "city": world.city}
        browser = named[who](submission) if who in named else world.browser(who)
        given = {"version": world.now(submission).version, **data}
        answer = browser.post(f"/submissions/{submission.public_id}/{tail}", given)
        assert answer.status_code in {403, 404, 405, 409}, (who, tail, answer.status_code)
        assert stored(world) == before, (who, tail)


@only_sqlite
def test_fields_that_no_page_has_change_nothing(world: World) -> None:
    """Z06 for the new forms: what is not asked for is not taken."""
    audited, scored = world.submission("audited"), world.submission("scored")
    sheet = sheet_of(world, audited)
    expert, province = world.browser("expert"), world.browser("province")
    plain = {"version": sheet.version, "points-1": "5"}
    assert expert.post(f"/submissions/{audited.public_id}/score-sheet", SMUGGLED | plain).status_code == 303
    now = sheet_of(world, audited)
    assert (now.public_id, now.expert_id, now.handed_in_at, now.further) == (
        sheet.public_id, sheet.expert_id, None, sheet.further,
    )  # fmt: skip
    row = world.now(audited)
    assert (row.state, row.total, row.version) == (audited.state, None, audited.version)
    given = SMUGGLED | {"version": 1, "outcome": "excellent", "reason": "经查"}
    assert province.post(f"/submissions/{scored.public_id}/ruling", given).status_code == 303
    assert (world.now(scored).total, world.now(scored).version) == (scored.total, scored.version)
    round_ = hands.publicise(world)
    said = {"name": "张三", "contact": "0311-1", "text": "公示的结果与事实不符，请核实。", "file": hands.evidence()}
    whole = {**SMUGGLED, "upheld": "yes", "answer": "已属实", **said}
    answer = world.stranger().post(f"/publicity/{round_.public_id}/objections", whole)
    assert answer.status_code == 303
    (objection,) = world.dump()["objections"]
    assert "已属实" not in repr(objection)
    assert hands.the_round(world).version == round_.version


@only_sqlite
def test_access_follows_the_assignment_at_once_and_the_score_stays_locked(world: World) -> None:
    """Z09 over HTTP: not assigned, assigned, scored, taken away; each in the session that is open."""
    audited, province = world.submission("audited"), world.browser("province")
    other = hire_expert(world, "other")
    browser, here = world.browser("other"), f"/submissions/{audited.public_id}"
    reading = (here, f"{here}/score-sheet", f"{here}/score-sheet.xlsx", f"{here}/audit-record", f"{here}/form.docx")

    def codes() -> set[int]:
        return {browser.client.get(path).status_code for path in reading}

    assert codes() == {404}
    assert province.post(f"{here}/experts", {"expert": other}).status_code == 303
    assert codes() == {200}
    with world.app.app_context():
        query = select(ScoreSheet).join(Person, Person.id == ScoreSheet.expert_id).where(Person.login == "other")
        sheet = db.session.scalars(query).one()
    assert hand_in(browser, sheet).status_code == 303
    assert province.post(f"{here}/experts/withdraw", {"expert": other}).status_code == 303
    assert codes() == {404}
    with world.app.app_context():
        kept = {s.indicator: s.points for s in db.session.scalars(select(Score).where(Score.sheet_id == sheet.id))}
    before = stored(world)
    on = {"version": sheet.version + 1}
    for path, data in (
        (f"{here}/score-sheet", {**on, "points-1": "0"}), (f"/score-sheets/{sheet.public_id}/hand-in", {**on, **FULL}),
        (f"{here}/interest", {"reason": "x", "interest": "x"}),
    ):  # fmt: skip
        assert browser.post(path, data).status_code == 404, path
    assert reopen(province, sheet).status_code in {404, 409}
    assert stored(world) == before
    assert len(kept) == len(PLATFORM.indicators)
    assert "other" not in {login for _one, login in live(world, audited)}
    assert world.faults() == []


@only_sqlite
@pytest.mark.parametrize("role", ["city", "enterprise", "auditor", "admin"])
def test_a_person_with_another_role_has_that_role_only(world: World, role: str) -> None:
    """Z10: the expert who is hired by somebody else keeps nothing of the expert's, in the session that is open."""
    audited, browser = world.submission("audited"), world.browser("expert")
    sheet, here = sheet_of(world, audited), f"/submissions/{audited.public_id}"
    assert browser.get(f"{here}/score-sheet").status_code == 200
    facts: dict[str, Any] = {
        "city": {"region": audited.region},
        "enterprise": {"organisation_id": audited.organisation_id},
    }
    with world.app.app_context():
        facts["auditor"] = {"firm_id": db.session.scalars(select(Firm.id)).first()}
    values = {"role": role, **facts.get(role, {})}
    hands.write(world, lambda s: s.execute(update(Person).where(Person.login == "expert").values(**values)))
    before = stored(world)["scores"]
    for path in ("/score-sheets.xlsx", f"{here}/score-sheet", f"{here}/score-sheet.xlsx"):
        assert browser.client.get(path).status_code in {302, 303, 403, 404}, path
    answer = browser.post(f"{here}/score-sheet", {"version": sheet.version, "points-1": "1"})
    assert answer.status_code in {302, 303, 403, 404} and "score-sheet" not in answer.headers.get("Location", "")
    assert hand_in(browser, sheet).status_code in {302, 303, 403, 404}
    assert stored(world)["scores"] == before


def test_duties_are_apart() -> None:
    """Z15, over the table that is kept by hand: who runs accounts decides nothing, who decides reads no journal."""
    desks = (
        "submissions", "score-sheets", "objections", "letters/<letter", "rounds", "experts", "firms", "titles",
        "monthly", "programmes", "rosters", "analysis", "attachments", "comments", "selection", "summary", "city",
        "desk",
    )  # fmt: skip
    business = re.compile(rf"^/({'|'.join(desks)})\b")
    admins = re.compile(r"^/(people|journal|machines)\b")
    place = by_hand.ACTORS.index("admin")
    for (method, rule), row in by_hand.TABLE.items():
        letters = row.replace(" ", "")
        if business.match(rule):
            assert letters[place] in "fh", (method, rule)
        if admins.match(rule):
            assert set(letters[:place]) <= set("sf"), (method, rule)
    assert not [rule for method, rule in by_hand.TABLE if rule.startswith("/journal") and method != "GET"]


def unpacked(content: bytes) -> str:
    """The text of a page, or of every part of a package within a package."""
    if not content.startswith(b"PK"):
        return content.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "".join(unpacked(archive.read(name)) for name in archive.namelist())


@only_sqlite
@pytest.mark.parametrize("programme", ["platform", "base"])
def test_an_expert_learns_of_nobody_whom_to_call(world: World, programme: str) -> None:
    """P02: on no page and in no paper; everybody else of the form's readers does."""
    audited = world.submission("audited", programme)
    with world.app.app_context():
        form = programme_of(db.session(), audited.programme_version_id)
        query = select(Revision.answers).where(Revision.submission_id == audited.id).order_by(Revision.id.desc())
        answers = db.session.scalars(query).first() or {}
    told = {answers[key] for key in contacts(form) if answers.get(key)}
    assert len(told) >= 4
    here = f"/submissions/{audited.public_id}"
    paths = [
        here, f"{here}/score-sheet", f"{here}/history", f"{here}/diff", f"{here}/revisions/1", f"{here}/audit-record",
        f"{here}/form.docx", f"{here}/form.xlsx", f"{here}/bundle.zip", f"{here}/score-sheet.xlsx",
        f"{here}/form.docx?revision=1", "/score-sheets.xlsx", "/submissions", "/notices",
    ]  # fmt: skip
    expert = world.browser("expert")
    for path in paths:
        answer = expert.client.get(path)
        assert answer.status_code == 200, path
        text = unpacked(answer.data)
        assert not [value for value in told if value in text], path
    assert "***" in expert.get(here).get_data(as_text=True), "filled in, and not shown"
    for browser in (
        world.enterprise(audited),
        world.city(audited),
        world.browser("auditor"),
        world.browser("province"),
    ):
        text = unpacked(browser.client.get(f"{here}/form.docx").data)
        assert not [value for value in told if value not in text]


SECRET = "专家秘而不宣之语"  # what an expert wrote into a remark


@only_sqlite
def test_an_enterprise_learns_no_expert_and_no_score_before_its_time(world: World) -> None:
    """P03: every address that its own row of the table opens, in each state of the round; and what others get."""
    stage, scored = Stage.of(world), world.submission("scored")
    with world.app.app_context():
        names = set(db.session.scalars(select(Person.name).where(Person.role == "expert")))

    def whisper(session: Any) -> None:
        query = select(Score).join(ScoreSheet).where(ScoreSheet.submission_id == scored.id)
        for score in session.scalars(query):
            score.remark = SECRET

    hands.write(world, whisper)
    total = str(world.now(scored).total)
    steps: tuple[tuple[bool, Callable[[], object]], ...] = (
        (True, lambda: None),
        (True, lambda: hands.fire(world, RoundTrigger.CLOSE, "province")),
        (False, lambda: hands.publicise(world)),
        (False, lambda: (hands.finalise(world), issue(world))),
    )
    for secret, step in steps:
        step()
        for where, text in read_of(world, stage, scored).items():
            assert not [name for name in (*names, SECRET) if name in text], where
            assert not secret or (f">{total}<" not in text and f'"{total}"' not in text), where


def read_of(world: World, stage: Stage, submission: Submission) -> dict[str, str]:
    """What its own enterprise, machines and strangers can read of a submission."""
    place, ids, own = by_hand.ACTORS.index("enterprise-own"), stage.ids(submission), world.enterprise(submission)
    rules = [
        rule
        for (method, rule), row in by_hand.TABLE.items()
        if method == "GET" and row.replace(" ", "")[place] in "ah" and not rule.endswith((".pdf", ".js", "/next"))
        if "static" not in rule and "<code>" not in rule
    ]
    found = {rule: unpacked(own.client.get(address(rule, ids)).data) for rule in rules}
    machine = machine_of(world)
    found |= {f"machine {path}": machine.get(path).get_data(as_text=True) for path in machine_paths(world)}
    for path in ("/designations", "/designations.csv", "/publicity", f"/publicity/{stage.common['round_id']}"):
        found[f"stranger {path}"] = unpacked(world.stranger().client.get(path).data)
    return found


@only_sqlite
def test_an_objection_is_about_a_line_of_its_own_round(world: World) -> None:
    """Z04, Z17: a line of last year's roster, of no roster, of another list is none of this round's."""
    round_ = hands.publicise(world)
    with world.app.app_context():
        query = select(Designation.id).join(Roster, Roster.id == Designation.roster_id)
        old = db.session.scalars(query.where(Roster.round_id.is_(None))).first()
    assert old is not None
    before = stored(world)
    for choice in (str(old), "999999999", "-1", "１", "1 OR 1=1", "x"):
        given = {"name": "张三", "contact": "1", "text": "公示的结果与事实不符，请核实。", "designation": choice}
        file = (io.BytesIO(pdf(choice)), "证据.pdf")
        answer = world.stranger().post(f"/publicity/{round_.public_id}/objections", {**given, "file": file})
        assert answer.status_code in {400, 422}, choice
    assert stored(world) == before
