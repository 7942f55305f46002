"""Every page for each role that may open it, in both languages; and what a page keeps of what was typed."""

from __future__ import annotations

import csv
import html
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import select

from hbreview.acts import inviting
from hbreview.acts.inviting import Newcomer
from hbreview.acts.rehearsing import PAPER
from hbreview.extensions import db
from hbreview.model import Answer, Attachment, Objection, Organisation, Person, Round, Submission
from hbreview.programmes import loader
from hbreview.security import declared_action
from hbreview.words import Role
from hbreview.workflow.journal import Origin
from hbreview.workflow.policy import RULES
from tests.worlds import Browser, World

DATA = Path(__file__).resolve().parents[1] / "data"
HTMX = {"HX-Request": "true"}
LANGUAGES = {"zh": "zh-CN", "en": "en"}
# Not pages: files, and what machines ask for.
NO_PAGES = {
    "static", "bootstrap.static", "health.alive", "health.ready", "health.htmx_file", "public.as_csv",
    "public.as_xlsx", "public.as_docx", "enterprise.attachment", "counter.home", "notices.calendar",
    "counter.form_docx", "counter.form_pdf", "counter.form_xlsx", "counter.receipt_pdf", "counter.bundle",
    "enterprise.list_template", "counter.rows", "counter.following", "counter.return_notice", "discussion.counts",
    "discussion.one", "city.summary_as_xlsx", "city.summary_as_docx", "counter.views", "expert.all_sheets_file",
    "expert.sheet_file", "province.all_letters", "province.analysis_file", "province.archive", "province.decision",
    "province.letter", "province.meeting_as_docx", "province.meeting_as_xlsx", "province.monthly_template",
    "province.objection_file", "province.programme_file", "province.programme_workbook",
    "machine.designations", "machine.one_round", "machine.openapi", "machine.rounds", "machine.scores",
    "machine.submission", "machine.submissions",
}  # fmt: skip
# Pages that are there once the outcomes are public.
PUBLICISED = {
    "public.publicity_of", "public.objection_form", "public.objection_received", "province.objection",
    "province.objection_answer",
}  # fmt: skip
# Pages of a form that its enterprise still works on.
MENDING = {"enterprise.review", "enterprise.propose", "enterprise.evidence"}
UNFINISHED = re.compile(r"%\(\w+\)|\{\{|\}\}|\bNone\b|\bUndefined\b|Label\(|<Label|\b(State|Role|Outcome|Round)\.[A-Z]")
# What stands in code is for machines: the names that a message may use.
_SILENT = {"script", "style", "title", "code"}

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class Page(HTMLParser):
    """What a test asks of a page: its language, headings, links, and the text that people read."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.lang, self.title, self.headings = "", "", 0
        self.links: list[str] = []
        self.text: list[str] = []
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._open = tag
        self.headings += tag == "h1"
        self.lang = given.get("lang", "") if tag == "html" else self.lang
        self.links += [given[name] for name in ("href", "src", "action", "hx-get", "hx-post") if name in given]
        self.text += [given[name] for name in ("aria-label", "title", "placeholder") if name in given]

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open == "title":
            self.title += data
        if self._open not in _SILENT:
            self.text.append(data)


def _paths(world: World) -> dict[str, str]:
    """An address of each page, about a submission that has come all the way."""
    scored = world.submission("scored", "base")
    with world.app.app_context():
        round_id = db.session.scalars(select(Round.public_id)).one()
        expert = db.session.scalars(select(Person.public_id).where(Person.role == Role.EXPERT)).one()
        organisation = db.session.get_one(Organisation, scored.organisation_id).public_id
        code = inviting.invite(Newcomer(Role.ADMIN, "新人", "new"), days=3, origin=Origin(None, "test")).code
    one = f"/submissions/{scored.public_id}"
    submitted = f"/submissions/{world.submission('submitted', 'base').public_id}"
    returned = f"/submissions/{world.submission('returned', 'base').public_id}"
    return {
        "account.sign_in": "/login",
        "account.ask_code": "/activate",
        "account.see_invitation": f"/activate/{code}",
        "account.own": "/account",
        "admin.people": "/people",
        "admin.journal": "/journal",
        "audit.record": f"{one}/audit-record",
        "counter.queue": "/submissions",
        "counter.submission": one,
        "counter.history": f"{one}/history",
        "counter.revision": f"{one}/revisions/1",
        "counter.diff": f"{one}/diff?from=1&to=1",
        "city.reuse": f"{one}/reuse",
        "city.return_form": f"{submitted}/return",
        "city.settings": "/city",
        "city.summary": "/summary",
        "discussion.thread": f"{one}/indicators/1",
        "enterprise.desk": "/desk",
        "enterprise.review": f"{returned}/review",
        "enterprise.propose": f"{returned}/proposals/sibling",
        "enterprise.evidence": f"/attachments/{_scan_of(world)}/evidence",
        "expert.sheet": f"{one}/score-sheet",
        "notices.inbox": "/notices",
        "notices.unread": "/notices/unread",
        "province.rounds": "/rounds",
        "province.one_round": f"/rounds/{round_id}",
        "province.ranking": f"/rounds/{round_id}/ranking",
        "province.ruling_form": f"{one}/ruling",
        "province.round_settings": f"/rounds/{round_id}/settings",
        "province.participants": f"/rounds/{round_id}/participants",
        "province.late": f"/rounds/{round_id}/late",
        "province.messages": f"/rounds/{round_id}/messages",
        "province.draw": f"/rounds/{round_id}/draw",
        "province.panel": f"/rounds/{round_id}/panel",
        "province.panel_submission": f"/rounds/{round_id}/panel/{scored.public_id}",
        "province.objections": f"/rounds/{round_id}/objections",
        "province.letters": f"/rounds/{round_id}/letters",
        "province.analysis": "/analysis",
        "province.experts": "/experts",
        "province.expert": f"/experts/{expert}",
        "province.firm_list": "/firms",
        "province.monthly": "/monthly",
        "province.programmes": "/programmes",
        "province.one_programme": f"/programmes/{loader.shipped('base', 2019).digest}",
        "province.rosters": "/rosters",
        "province.titles": "/titles",
        "admin.machines": "/machines",
        "public.designations": "/designations",
        "public.organisation": f"/designations/of/{organisation}",
        "public.publicity": "/publicity",
        "public.ask_letter": "/letters",
        "public.letter": "/letters/ABCD-EFGH-JKLM",
        "public.ask_receipt": "/receipts",
        "public.receipt": f"/receipts/{'0' * 64}",
    }


def _scan_of(world: World) -> str:
    """The sealed scan of the returned base's form, which its enterprise may still replace."""
    with world.app.app_context():
        query = select(Attachment.public_id).where(Attachment.submission_id == world.submission("returned", "base").id)
        return str(db.session.scalars(query.where(Attachment.removed_at.is_(None))).first())


def _browser(world: World, role: Role) -> Browser:
    scored = world.submission("scored", "base")
    if role is Role.ENTERPRISE:
        return world.enterprise(scored)
    return world.city(scored) if role is Role.CITY else world.browser(role.value)


def _faults(browser: Browser, path: str, lang: str) -> list[str]:
    response = browser.get(path)
    if response.status_code != 200:
        return [f"{path}: {response.status_code}"]
    page = Page(response.get_data(as_text=True))
    found = {
        f"lang is {page.lang}": page.lang != lang,
        f"{page.headings} h1": page.headings != 1,
        "no title": len(page.title.split("·")[0].strip()) < 2,
        "a link to another host": any(re.match(r"(?i)(\w+:)?//|javascript:", link) for link in page.links),
    }
    texts = [f"unfinished: {text.strip()[:60]}" for text in page.text if UNFINISHED.search(text)]
    return [f"{path}: {fault}" for fault in [*(fault for fault, is_so in found.items() if is_so), *texts]]


def test_every_page_of_the_application_is_looked_at_here(world: World) -> None:
    rules = [rule for rule in world.app.url_map.iter_rules() if "GET" in (rule.methods or set())]
    assert {rule.endpoint for rule in rules} - NO_PAGES - PUBLICISED == set(_paths(world))


def _publicise(world: World) -> dict[str, str]:
    """The round as it is once its outcomes are public, with an objection that was answered."""
    province, public = world.browser("province"), world.stranger()
    with world.app.app_context():
        round_id = db.session.scalars(select(Round.public_id)).one()
    for version, trigger in ((2, "close"), (3, "publicise")):
        form = {"version": version, "defer": "1", "reason": "尚未完成评分。"}
        assert province.post(f"/rounds/{round_id}/{trigger}", form).status_code == 303
    here = f"/publicity/{round_id}"
    form = {"designation": "", "name": "王小明", "contact": "0311-80000000", "text": "对公示结果整体有不同意见。"}
    assert public.post(f"{here}/objections", {**form, "file": (io.BytesIO(PAPER), "证据.pdf")}).status_code == 303
    with world.app.app_context():
        objection = db.session.scalars(select(Objection.public_id)).one()
    answer = {"version": 1, "upheld": "no", "answer": "经核查，维持公示结果。"}
    assert province.post(f"/objections/{objection}", answer).status_code == 303
    return {
        "public.publicity_of": here,
        "public.objection_form": f"{here}/objections",
        "public.objection_received": f"{here}/objections/{objection}",
        "province.objection": f"/objections/{objection}",
        "province.objection_answer": f"/objections/{objection}/answer",
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_a_round_in_publicity_are_whole_in_both_languages(world: World, language: str) -> None:
    paths = _publicise(world)
    assert set(paths) == PUBLICISED
    faults = []
    for login in ("", "province"):
        browser = world.browser(login) if login else world.stranger()
        browser.get("/designations")
        browser.post("/language", {"language": language, "next": "/"})
        open_to = {"public.publicity_of", "public.objection_form", "public.objection_received"}
        for endpoint, path in paths.items():
            if login or endpoint in open_to:
                faults += _faults(browser, path, LANGUAGES[language])
    assert faults == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", [None, *Role])
def test_page_for_its_role_is_whole_in_both_languages(world: World, role: Role | None, language: str) -> None:
    browser = _browser(world, role) if role else world.stranger()
    browser.get("/designations")
    browser.post("/language", {"language": language, "next": "/"})
    mending = world.enterprise(world.submission("returned", "base"))
    mending.get("/designations")
    mending.post("/language", {"language": language, "next": "/"})
    faults: list[str] = []
    looked_at = 0
    for endpoint, path in _paths(world).items():
        action = declared_action(world.app, endpoint)
        assert action is not None
        roles = RULES[action].roles
        if (role in roles) if roles is not None and role else (roles is None and not endpoint.endswith("sign_in")):
            asked = mending if endpoint in MENDING else browser
            faults += _faults(asked, path, LANGUAGES[language])
            looked_at += 1
    assert faults == []
    assert looked_at >= 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_sign_in_page_and_refusals_are_whole_too(world: World, language: str) -> None:
    stranger = world.stranger()
    stranger.get("/login")
    stranger.post("/language", {"language": language})
    assert _faults(stranger, "/login", LANGUAGES[language]) == []
    city = world.browser("city-chengde")
    for path, status in (("/nowhere", 404), ("/people", 403), ("/submissions/unknown", 404)):
        response = city.get(path)
        page = Page(response.get_data(as_text=True))
        assert (response.status_code, page.headings, page.lang) == (status, 1, "zh-CN")
        assert not any(UNFINISHED.search(text) for text in page.text)


def test_language_switch_stays_over_pages_and_sessions(world: World) -> None:
    browser = world.stranger()
    assert Page(browser.get("/login").get_data(as_text=True)).lang == "zh-CN"

    response = browser.post("/language", {"language": "en", "next": "/designations?q=1"})
    assert (response.status_code, response.headers["Location"]) == (303, "/designations?q=1")
    browser.sign_in("province")
    for path in ("/rounds", "/submissions", "/account"):
        assert Page(browser.get(path).get_data(as_text=True)).lang == "en"

    browser.post("/language", {"language": "tlh", "next": "https://example.com/"})
    assert Page(browser.get("/rounds").get_data(as_text=True)).lang == "en"
    away = browser.post("/language", {"language": "zh", "next": "//example.com/"})
    assert away.headers["Location"] == "/"
    assert Page(browser.get("/rounds").get_data(as_text=True)).lang == "zh-CN"


def _table(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("programme", ["platform", "base"])
def test_submission_page_bears_the_official_words_of_form_and_rubric(world: World, programme: str) -> None:
    draft, scored = world.submission("returned", programme), world.submission("scored", programme)
    pages = {
        "enterprise": world.enterprise(draft).get(f"/submissions/{draft.public_id}"),
        "city": world.city(scored).get(f"/submissions/{scored.public_id}"),
    }
    texts = {who: html.unescape(page.get_data(as_text=True)) for who, page in pages.items()}
    own = [row["label"] for row in _table(f"form-{programme}.csv") if row["filled_by"] == "enterprise"]
    assert len(own) >= 40
    assert [label for label in own if label not in texts["enterprise"]] == []
    rubric = _table(f"rubric-{programme}.csv")
    for text in texts.values():
        assert [row["indicator"] for row in rubric if row["indicator"] not in text] == []
        assert [row["points"] for row in rubric if row["points"] not in text] == []
        assert text.count('<details class="indicator"') == len(rubric)


def _part(text: str, key: str) -> str:
    """The piece of a page that is about one field."""
    start = text.index(f'id="field-{key}"')
    return text[start : text.find('<div class="field', start)]


def _kept(world: World, submission: Submission) -> dict[str, str]:
    with world.app.app_context():
        query = select(Answer.key, Answer.value).where(Answer.submission_id == submission.id)
        return {row.key: row.value for row in db.session.execute(query)}


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_refused_figure_stays_typed_with_the_reason_beside_it(world: World, headers: dict[str, str]) -> None:
    draft = world.submission("returned")
    own = world.enterprise(draft)
    before = _kept(world, draft)
    data = {"version": draft.version, "employees": "约<三十>人", "service_area_owned": "321"}

    response = own.post(f"/submissions/{draft.public_id}/answers", data, headers=headers)

    text = response.get_data(as_text=True)
    assert response.status_code == 422
    wrong = _part(text, "employees")
    assert 'value="约&lt;三十&gt;人"' in wrong
    assert 'class="problem"' in wrong
    assert 'aria-invalid="true"' in wrong
    assert 'class="problem"' not in _part(text, "service_area_owned")
    after = _kept(world, draft)
    assert after["employees"] == before["employees"]
    assert after["service_area_owned"] == "321.00"  # what is right is kept although another is not


def test_zero_and_blank_are_kept_and_shown_apart(world: World) -> None:
    draft = world.submission("returned")
    own, province = world.enterprise(draft), world.browser("province")
    path = f"/submissions/{draft.public_id}"
    for typed, kept, read in (("0", "0.00", "0.00"), ("", "", "—")):
        data = {"version": world.now(draft).version, "annual_rent": typed}
        assert own.post(f"{path}/answers", data).status_code == 303
        assert _kept(world, draft)["annual_rent"] == kept
        assert f'value="{kept}"' in _part(own.get(path).get_data(as_text=True), "annual_rent")
        seen = _part(province.get(path).get_data(as_text=True), "annual_rent")
        shown = re.sub(r"<[^>]*>", " ", seen[seen.index("<output") : seen.index("</output>")]).split()
        assert shown[0] == read


def test_htmx_save_returns_the_parts_that_follow_from_it(world: World) -> None:
    draft = world.submission("returned")
    own = world.enterprise(draft)
    data = {"version": draft.version, "service_area_owned": "1234"}

    response = own.post(f"/submissions/{draft.public_id}/answers", data, headers=HTMX)

    text = response.get_data(as_text=True)
    assert response.status_code == 200
    assert "<html" not in text
    swapped = re.findall(r'<\w+ [^>]*?id="([\w-]+)"[^>]*hx-swap-oob="true"', text)
    assert {"answers-version", "field-service_area_owned", "messages"} <= set(swapped)
    assert len(swapped) == len(set(swapped))
    assert f'id="answers-version" value="{world.now(draft).version}"' in text
    assert 'value="1234.00"' in _part(text, "service_area_owned")
    assert response.headers["Vary"].count("HX-Request") == 1


def test_refused_approval_keeps_the_opinion_that_was_typed(world: World) -> None:
    submitted = world.submission("submitted")

    response = world.fire(world.city(submitted), submitted, "approve", opinion="情况<属实>", seal_date="昨天")

    text = response.get_data(as_text=True)
    assert response.status_code == 422
    assert "情况&lt;属实&gt;" in text
    assert 'value="昨天"' in text
    assert 'href="#field-seal_date"' in text
    assert 'role="alert"' in text


def test_refused_account_keeps_what_was_typed(world: World) -> None:
    data = {"role": "city", "name": "新人", "login": "newcomer", "region": ""}

    response = world.browser("admin").post("/people", data)

    text = response.get_data(as_text=True)
    assert response.status_code == 422
    assert 'value="newcomer"' in text
    assert 'class="problem"' in text


def test_autosave_shows_what_a_colleague_changed_meanwhile(world: World) -> None:
    """The page moves to the newest version, so a colleague's field must come along, or be overwritten unseen."""
    draft = world.submission("returned")
    browser = world.enterprise(draft)
    version = world.now(draft).version
    address = f"/submissions/{draft.public_id}/answers"
    browser.post(address, {"version": version, "contact_person": "同事所填"})

    answer = browser.post(address, {"version": version, "address": "新址一号"}, headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert "同事所填" in answer.get_data(as_text=True)
