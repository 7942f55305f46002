"""Z05 for what the later desks hand out: each paper by each actor in each state, and what is superseded or lost."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from collections.abc import Callable, Iterator, Mapping

import pytest
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from hbreview.acts import answering_objections, assigning, declaring, issuing_letters, objecting
from hbreview.acts.answering_objections import Answer
from hbreview.acts.attaching import Upload
from hbreview.acts.objecting import Means, Objecting
from hbreview.documents.score_sheet_file import read_score_sheets
from hbreview.extensions import db
from hbreview.model import Attachment, DecisionLetter, Objection, Person, Round, RoundProgramme, ScoreSheet, Submission
from hbreview.model.kept import programme_of
from hbreview.words import Reason
from hbreview.workflow.journal import Origin
from tests.acts import deciding_hands as hands
from tests.documents.pdf_reading import pdf_pages
from tests.trust.desk_hands import pdf, place_of
from tests.trust.policy_by_hand import ACTORS
from tests.trust.test_policy_matrix import NOWHERE, Stage
from tests.worlds import REPEATED_STATES, Browser, World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
EVIDENCE = pdf("异议的证据")
CODES = {"a": 200, "f": 403, "h": 404, "s": 303}
# In the order of ACTORS: nobody, suspended; enterprise, city, auditor, expert (own and other); province, administrator.
PROVINCES = "ss ff ff ff ff af"
NOBODYS = "ss ff ff ff ff hf"
SHEET = "ss fh fh fh ah fh"
SHEETS = "ss ff ff ff aa ff"
NO_DECISION = "ss hh fh fh fh hh"
DECISION = "ss ah fh fh fh ah"
NOT_OUT = "hh hh hh hh hh hh"


def of_a_submission(submission: Submission, *, decided: bool) -> dict[str, str]:
    """What is handed out of one submission, with the answers by hand."""
    here = f"/submissions/{submission.public_id}"
    return {f"{here}/score-sheet.xlsx": SHEET, f"{here}/decision.pdf": DECISION if decided else NO_DECISION}


def of_a_round(world: World, round_: Round) -> dict[str, str]:
    """What is handed out of a whole round and of the province's desks, whatever the round's state."""
    here = f"/rounds/{round_.public_id}"
    with world.app.app_context():
        version = db.session.scalars(select(RoundProgramme.version_id).where(RoundProgramme.round_id == round_.id))
        digest = programme_of(db.session(), version.first() or 0).digest
    return {
        f"{here}/meeting.docx": PROVINCES,
        f"{here}/meeting.xlsx": PROVINCES,
        f"{here}/archive.zip": PROVINCES,
        f"/rounds/{NOWHERE}/meeting.docx": NOBODYS,
        f"/rounds/{NOWHERE}/archive.zip": NOBODYS,
        f"/rounds/{NOWHERE}/letters.zip": NOBODYS,
        "/analysis.csv": PROVINCES,
        "/monthly.xlsx": PROVINCES,
        f"/programmes/{digest}/fields.xlsx": PROVINCES,
        f"/programmes/{digest}/programme.toml": PROVINCES,
        f"/programmes/{NOWHERE}/programme.toml": NOBODYS,
        "/score-sheets.xlsx": SHEETS,
    }


def of_objections(world: World) -> dict[str, str]:
    """Evidence and answers; the objector's own page has neither."""
    with world.app.app_context():
        rows = list(db.session.scalars(select(Objection).order_by(Objection.number)))
    found = {f"/objections/{row.public_id}/files/1": PROVINCES for row in rows}
    found |= {f"/objections/{row.public_id}/files/{number}": NOBODYS for row in rows for number in (0, 2, 99)}
    return found | {f"/objections/{row.public_id}/answer": PROVINCES if row.answered_at else NOBODYS for row in rows}


def of_letters(world: World, round_: Round) -> dict[str, str]:
    """One letter, all letters; void ones stay readable by who issues them."""
    with world.app.app_context():
        letters = list(db.session.scalars(select(DecisionLetter).order_by(DecisionLetter.number)))
    found = {f"/letters/{letter.public_id}.pdf": PROVINCES for letter in (*letters[:1], *letters[-1:])}
    return found | {f"/rounds/{round_.public_id}/letters.zip": PROVINCES if letters else NOBODYS}


def looked_at(stage: Stage, submission: Submission, answers: Mapping[str, str]) -> list[str]:
    """Ask for everything as everybody; what is not as the hand says."""
    faults = []
    for place, actor in enumerate(ACTORS):
        browser = stage.browser(actor, submission)
        for path, letters in answers.items():
            wanted = CODES[letters.replace(" ", "")[place]]
            answer = browser.client.get(path)
            faults += [f"{actor} {path}: {fault}" for fault in faults_of(answer, wanted)]
    return faults


def faults_of(answer: TestResponse, wanted: int) -> Iterator[str]:
    """The code, and what a file's or a refusal's headers must say."""
    if answer.status_code != wanted:
        yield f"{answer.status_code}, by hand {wanted}"
        return
    headers = answer.headers
    if wanted != CODES["a"]:
        if "Content-Disposition" in headers or answer.data[:2] in {b"PK", b"%P"}:
            yield "a refusal hands something out"
        return
    if headers["Cache-Control"] != "no-store" or headers["X-Content-Type-Options"] != "nosniff":
        yield "it may be kept or guessed at"
    named = headers.getlist("Content-Disposition")
    if headers["Content-Type"].startswith("text/html"):
        return
    if len(named) != 1 or not named[0].startswith("attachment; ") or not named[0].isascii():
        yield f"it is named {named}"


def unchanging(world: World, work: Callable[[], list[str]]) -> list[str]:
    """No reading changes anything but the journal, which holds refusals and exports."""
    before = {name: rows for name, rows in world.dump().items() if name not in {"journal", "journal_head"}}
    faults = work()
    after = {name: rows for name, rows in world.dump().items() if name in before}
    return [*faults, *(f"{name} was changed" for name in before if before[name] != after[name])]


def object_to(world: World, content: bytes = EVIDENCE, name: str = "证据.pdf") -> str:
    with world.app.app_context():
        given = Objecting(
            hands.the_round(world).public_id, "", "张三", "0311-1", "公示的结果与事实不符，请核实。",
            [Upload(name, io.BytesIO(content))],
        )  # fmt: skip
        means = Means(world.app.config["STORAGE"], 1024 * 1024)
        return objecting.object_to(given, means=means, origin=Origin(None, "192.0.2.7")).target


def answer(world: World, objection: str) -> None:
    origin = hands.by(world, "province2")
    with world.app.app_context():
        answering_objections.answer(Answer(objection, 1, upheld=False, text="经核查不属实。"), origin=origin)


def issue(world: World) -> int:
    origin, round_id = hands.by(world, "province"), hands.the_round(world).public_id
    with world.app.app_context():
        return issuing_letters.issue_letters(round_id, origin=origin).version


def letter_of(world: World, submission: Submission) -> DecisionLetter:
    """The newest letter about a submission."""
    line = hands.line_of(world, submission)
    with world.app.app_context():
        query = select(DecisionLetter).where(DecisionLetter.designation_id == line.id)
        return db.session.scalars(query.order_by(DecisionLetter.id.desc()).limit(1)).one()


@only_sqlite
@pytest.mark.parametrize(
    "state", ["audited", *(pytest.param(s, marks=pytest.mark.thorough) for s in REPEATED_STATES if s != "audited")]
)
def test_each_paper_by_each_actor_in_each_state(world: World, state: str) -> None:
    """Open, publicised with an objection, final with and without letters: the same table, whoever asks."""
    stage, submission, round_ = Stage.of(world), world.submission(state), hands.the_round(world)

    def all_of(*, decided: bool) -> dict[str, str]:
        papers = of_a_submission(submission, decided=decided) | of_objections(world) | of_letters(world, round_)
        return papers | (of_a_round(world, round_) if state == "audited" else {})

    assert unchanging(world, lambda: looked_at(stage, submission, all_of(decided=False))) == []
    hands.publicise(world)
    objection = object_to(world)
    assert unchanging(world, lambda: looked_at(stage, submission, all_of(decided=False))) == []
    answer(world, objection)
    hands.finalise(world)
    assert unchanging(world, lambda: looked_at(stage, submission, all_of(decided=False))) == []
    assert issue(world) > 0
    assert unchanging(world, lambda: looked_at(stage, submission, all_of(decided=True))) == []
    assert world.faults() == []


@only_sqlite
def test_an_export_leaves_one_entry_and_a_refused_one_none(world: World) -> None:
    """T01, T05: whoever takes the whole round home is on record; who may not is, as refused."""
    path = f"/rounds/{hands.the_round(world).public_id}/archive.zip"
    assert world.browser("province").client.get(path).status_code == 200
    assert world.browser("auditor").client.get(path).status_code == 403
    assert [entry.result for entry in hands.entries(world, "export_round")] == ["done"]


@only_sqlite
def test_head_and_ranges_follow_the_same_policy(world: World) -> None:
    """U08 for letters, sheets and evidence: who may not GET learns nothing by another way."""
    stage, scored = Stage.of(world), world.submission("scored")
    hands.publicise(world)
    objection = object_to(world)
    answer(world, objection)
    hands.finalise(world)
    issue(world)
    here = f"/submissions/{scored.public_id}"
    papers = {
        f"{here}/decision.pdf": DECISION,
        f"{here}/score-sheet.xlsx": SHEET,
        f"/letters/{letter_of(world, scored).public_id}.pdf": PROVINCES,
        f"/objections/{objection}/files/1": PROVINCES,
    }
    for path, letters in papers.items():
        for place, actor in enumerate(ACTORS):
            wanted, client = CODES[letters.replace(" ", "")[place]], stage.browser(actor, scored).client
            head, part = client.head(path), client.get(path, headers={"Range": "bytes=0-3"})
            assert (head.status_code, head.data) == (wanted, b""), (actor, path)
            assert part.status_code == (206 if wanted == 200 else wanted), (actor, path)
            assert wanted != 200 or part.data in {b"%PDF", b"PK\x03\x04"}, (actor, path)
            asked = client.get(path, headers={"If-None-Match": head.headers.get("ETag", '"x"')})
            assert asked.status_code == (304 if wanted == 200 else wanted), (actor, path)


def sheet_ids(browser: Browser) -> set[str]:
    """The sheets in the workbook of everything that is still to be filled in."""
    response = browser.client.get("/score-sheets.xlsx")
    assert response.status_code == 200
    found = read_score_sheets(response.data)
    return set() if isinstance(found, Reason) else {sheet.sheet_id for sheet in found}


def _withdraw(world: World, submission: Submission) -> None:
    with world.app.app_context():
        expert = db.session.scalars(select(Person.public_id).where(Person.login == "expert")).one()
        assigning.withdraw_expert(submission.public_id, expert, origin=hands.by(world, "province"))


def _declare(world: World, submission: Submission) -> None:
    with world.app.app_context():
        declaring.declare_interest(submission.public_id, "亲属", origin=hands.by(world, "expert"))


@only_sqlite
@pytest.mark.parametrize("way", [_withdraw, _declare])
def test_a_sheet_that_is_taken_away_is_handed_out_no_more(
    world: World, way: Callable[[World, Submission], None]
) -> None:
    """Z09: at once, in the session that is open; what was given stays with the province."""
    submission, browser = world.submission("audited"), world.browser("expert")
    path = f"/submissions/{submission.public_id}/score-sheet.xlsx"
    with world.app.app_context():
        sheet = db.session.scalars(select(ScoreSheet).where(ScoreSheet.submission_id == submission.id)).one()
    assert browser.client.get(path).status_code == 200
    assert sheet.public_id in sheet_ids(browser)
    way(world, submission)
    assert browser.client.get(path).status_code == 404
    assert sheet.public_id not in sheet_ids(browser)
    with world.app.app_context():
        assert db.session.get_one(ScoreSheet, sheet.id).withdrawn_at is not None


@only_sqlite
def test_a_void_letter_is_the_organisations_no_more_and_a_new_one_is(world: World) -> None:
    """Superseded: the old paper says that it is void and stays with who issued it; the new one has its own number."""
    scored = world.submission("scored")
    round_ = hands.finalise(world)
    issue(world)
    own, province = world.enterprise(scored), world.browser("province")
    path, first = f"/submissions/{scored.public_id}/decision.pdf", letter_of(world, scored)
    old, count = own.client.get(path).data, len(zipped(province, round_))
    with world.app.app_context():
        issuing_letters.void_letter(first.public_id, "名称有误", origin=hands.by(world, "province"))
    assert own.client.get(path).status_code == 404
    assert len(zipped(province, round_)) == count - 1
    assert issue(world) == 1
    second = letter_of(world, scored)
    new = own.client.get(path).data
    assert second.number != first.number and second.code != first.code
    assert second.facts["number"] in text_of(new) and first.facts["number"] not in text_of(new)
    void = province.client.get(f"/letters/{first.public_id}.pdf").data
    assert "作废" in text_of(void) and "名称有误" in text_of(void)
    assert "作废" not in text_of(old) and "作废" not in text_of(new)
    names = zipped(province, round_)
    assert len(names) == count
    assert not [name for name in names if "作废" in name]
    assert own.client.get(f"/letters/{first.public_id}.pdf").status_code == 403
    for letter, word in ((first, "alert-danger"), (second, "alert-success")):
        assert word in world.stranger().get(f"/letters/{letter.code}").get_data(as_text=True)
    assert world.faults() == []


def text_of(content: bytes) -> str:
    return "".join("".join(pdf_pages(content)).split())


def zipped(browser: Browser, round_: Round) -> list[str]:
    response = browser.client.get(f"/rounds/{round_.public_id}/letters.zip")
    with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
        assert archive.testzip() is None
        return [name for name in archive.namelist() if name.endswith(".pdf")]


NAMES = [
    "审计报告（终稿）.pdf", "a;b,c(1).pdf", "100% 完成#1+2 & '引号'.pdf", "䶮㛃𠮷.pdf", "长" * 300 + ".pdf",
    "C:\\x\\CON.pdf", "a%0D%0AX-Injected: 1.pdf",
]  # fmt: skip


@only_sqlite
def test_evidence_keeps_its_name_and_a_lost_file_stops_nothing_else(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Field cases 34, 35, 38: each name in its header; a lost file is refused with an alarm, the archive names it."""
    hands.publicise(world)
    objections = [object_to(world, pdf(str(number)), name) for number, name in enumerate(NAMES)]
    province = world.browser("province")
    for number, objection in enumerate(objections):
        response = province.client.get(f"/objections/{objection}/files/1")
        assert response.data == pdf(str(number))
        assert "X-Injected" not in response.headers
        assert not set(response.headers["Content-Disposition"].partition("UTF-8''")[2]) & set("\"' ;,()")
    with world.app.app_context():
        row = db.session.scalars(select(Objection).order_by(Objection.number)).first()
        assert row is not None
        digest = row.files[0]["sha256"]
    place_of(world, digest).unlink()
    with caplog.at_level(logging.ERROR, "hbreview"):
        lost = province.client.get(f"/objections/{objections[0]}/files/1")
    assert (lost.status_code, b"%PDF" in lost.data) == (410, False)
    assert [record for record in caplog.records if digest in record.getMessage()]
    assert province.get(f"/objections/{objections[0]}").status_code == 200
    assert province.client.get(f"/objections/{objections[1]}/files/1").data == pdf("1")
    packed = province.client.get(f"/rounds/{hands.the_round(world).public_id}/archive.zip")
    with zipfile.ZipFile(io.BytesIO(packed.data)) as archive:
        listed = {line["path"]: line for line in json.loads(archive.read("manifest.json"))["files"]}
        assert listed[f"files/{digest}"].get("missing") is True
        assert f"files/{digest}" not in archive.namelist()
    assert any(objections[0] in fault for fault in world.faults())


@only_sqlite
def test_an_audit_report_that_is_lost_leaves_pages_and_papers_open(world: World) -> None:
    """Field case 38: the record, the sheet, the meeting's papers and the panel open without the file."""
    audited = world.submission("audited")
    with world.app.app_context():
        query = select(Attachment).where(Attachment.submission_id == audited.id)
        reports = list(db.session.scalars(query.where(Attachment.field == "audit_report_file")))
    assert reports
    for report in reports:
        place_of(world, report.sha256).unlink()
    here, round_ = f"/submissions/{audited.public_id}", hands.the_round(world)
    for login, paths in {
        "auditor": [here, f"{here}/audit-record"],
        "expert": [here, f"{here}/score-sheet", f"{here}/score-sheet.xlsx", "/score-sheets.xlsx"],
        "province": [
            f"{here}/score-sheet", f"{here}/audit-record", f"{here}/bundle.zip", f"{here}/ruling", "/analysis",
            *(f"/rounds/{round_.public_id}/{page}" for page in (
                "panel", f"panel/{audited.public_id}", "ranking", "meeting.docx", "meeting.xlsx", "archive.zip")),
        ],
    }.items():  # fmt: skip
        for path in paths:
            assert world.browser(login).client.get(path).status_code == 200, (login, path)


@only_sqlite
def test_capabilities_are_no_way_past_the_policy(world: World) -> None:
    """Z16: an address that was once good asks again who it is that comes, and a code confirms without handing out."""
    scored = world.submission("scored")
    hands.publicise(world)
    objection = object_to(world)
    receipt = world.stranger().get(f"/publicity/{hands.the_round(world).public_id}/objections/{objection}")
    assert receipt.status_code in {200, 404}
    assert "张三" not in receipt.get_data(as_text=True) and "0311-1" not in receipt.get_data(as_text=True)
    answer(world, objection)
    hands.finalise(world)
    issue(world)
    letter = letter_of(world, scored)
    own = world.browser(f"hb{scored.organisation_id:04d}")
    assert own.client.get(f"/submissions/{scored.public_id}/decision.pdf").status_code == 200
    # Another address of the same paper, its neighbours and what one might guess.
    for path in (f"/letters/{letter.code}.pdf", f"/letters/{letter.id}.pdf", f"/letters/{letter.number}.pdf"):
        assert world.browser("province").client.get(path).status_code == 404, path
    page = world.stranger().get(f"/letters/{letter.code}").get_data(as_text=True)
    assert letter.public_id not in page and ".pdf" not in page

    # The account becomes another organisation's: the same session, the same address, no paper.
    other = next(one for one in (world.submission("audited"), world.submission("draft")) if
                 one.organisation_id != scored.organisation_id)  # fmt: skip
    moved = update(Person).where(Person.login == f"hb{scored.organisation_id:04d}")
    hands.write(world, lambda session: session.execute(moved.values(organisation_id=other.organisation_id)))
    assert own.client.get(f"/submissions/{scored.public_id}/decision.pdf").status_code == 404
    # The province's own account becomes an expert's: no evidence, no archive any more.
    province = world.browser("province")
    changed = update(Person).where(Person.login == "province").values(role="expert")
    hands.write(world, lambda session: session.execute(changed))
    for path in (f"/objections/{objection}/files/1", f"/rounds/{hands.the_round(world).public_id}/archive.zip"):
        assert province.client.get(path).status_code in {302, 303, 403}, path
