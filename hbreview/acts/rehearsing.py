"""A rehearsal of a whole round: people, answers, decisions, all through the same acts that real people use."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from .. import clock
from ..documents.roster_reading import read_roster
from ..evaluation import remarks
from ..extensions import db
from ..model import Expert, Firm, Organisation, Person, ScoreSheet, Submission
from ..model.kept import programme_of
from ..programmes import loader
from ..programmes.schema import Programme
from ..storage import LocalStorage
from ..transact import Receipt, carry_out
from ..words import Role, RoundTrigger, Trigger
from ..workflow.actors import Actor
from ..workflow.journal import Origin
from . import (
    answering,
    assigning,
    attaching,
    auditing,
    commenting,
    importing,
    inviting,
    marking,
    moving,
    running_rounds,
)
from .imagining import imagine
from .inviting import Newcomer
from .signing_in import HASHER, actor_for

Progress = Callable[[int, int], None]
PASSWORD = "hbreview-demo"  # noqa: S105 - printed on purpose: it opens a rehearsal only
YEAR = 2019
REMARK = "已核对原始台账，数据属实。"
GENEROUS = 0.7  # of the weight: less is explained in a remark
PAPER = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj " \
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"  # fmt: skip
EXPERTS = 9
_FIELDS = ("business", "technology", "finance")
# In a rehearsal two organisations now and then give the very same file: something for the reviewer to find.
_SHARED_EVERY = 20


def _paper(field: str, seed: int) -> bytes:
    """A page that differs from organisation to organisation, but for the few that share one."""
    owner = seed - 1 if seed % _SHARED_EVERY == 1 else seed
    return PAPER + f"% {field} {owner}\n".encode()


# How far the submissions of a rehearsal have come, in turn; "returned" is a draft that the city sent back.
COURSE = ("draft", "submitted", "city_reviewed", "audited", "scored", "returned", "scored", "submitted")
_ORDER = {"submitted": 1, "city_reviewed": 2, "audited": 3, "scored": 4}


@dataclass(frozen=True, slots=True)
class Cast:
    """Somebody of the rehearsal, with what opens the door."""

    role: str
    name: str
    login: str
    password: str
    city: str = ""
    organisation: str = ""
    programme: str = ""

    def as_data(self) -> dict[str, str]:
        """As ``flask demo --json`` prints it."""
        return {
            "role": self.role, "name": self.name, "login": self.login, "password": self.password,
            "city": self.city, "organisation": self.organisation, "programme": self.programme,
        }  # fmt: skip


class Rehearsal:
    """Makes a round of the notice's organisations come alive. One object, one empty database."""

    def __init__(self, storage: LocalStorage) -> None:
        self._storage = storage
        # Who scores, by login, and how many of them each submission has.
        self._experts, self.sheets = ["expert"], 1
        self._hash = HASHER.hash(PASSWORD)
        self._people: list[Cast] = []
        self._actors: dict[str, Actor] = {}
        self._enterprises: dict[int, Actor] = {}

    def demo(self, progress: Progress) -> list[Cast]:
        """The notice's 129 organisations, both programmes, submissions in every state."""
        self.sheets = len(_FIELDS)
        self._prepare()
        carry_out(self._hire_colleagues)
        submissions = self._submissions()
        for number, submission in enumerate(submissions):
            self.bring(submission, COURSE[number % len(COURSE)], seed=number)
            progress(number + 1, len(submissions))
        return self._people

    def matrix(self, progress: Progress) -> list[Cast]:
        """The same people; of each programme one submission in each state, the others left as drafts."""
        self._prepare()
        submissions = self._submissions()
        states = ("draft", "returned", "submitted", "city_reviewed", "audited", "scored")
        chosen = [
            (submission, state)
            for programme in ("platform", "base")
            for submission, state in zip([s for s in submissions if s.programme == programme], states, strict=False)
        ]
        for number, (submission, state) in enumerate(chosen):
            self.bring(submission, state, seed=number)
            progress(number + 1, len(chosen))
        return self._people

    def _prepare(self) -> None:
        notice = Path(loader.FOLDER / str(YEAR) / "notice.txt").read_bytes()
        importing.import_roster(read_roster(notice, filename="notice.txt").rows, origin=Origin(None, "rehearsal"))
        carry_out(self._hire)
        self._open_round()

    def _hire_colleagues(self, session: Session) -> Receipt:
        """A second reviewer for the first region, a second audit firm, eight more experts and one in reserve."""
        first = loader.regions()[0]
        second = Newcomer(Role.CITY, f"{first.name.zh}复核员", f"city-{first.key}-2", region=first.key)
        self._add(session, second, city=first.key)
        self._add(session, Newcomer(Role.AUDITOR, "审计员乙", "auditor-2", firm_name="河北示例第二会计师事务所"))
        self._describe(session, self._actors["expert"], number=1)
        for number in range(2, EXPERTS + 2):
            reserve = number > EXPERTS
            name = "替补专家" if reserve else f"评审专家{'甲乙丙丁戊己庚辛壬'[number - 1]}"
            actor = self._add(session, Newcomer(Role.EXPERT, name, f"expert-{number}"))
            self._describe(session, actor, number=number, reserve=reserve)
            if not reserve:
                self._experts.append(f"expert-{number}")
        return Receipt("")

    @staticmethod
    def _describe(session: Session, actor: Actor, *, number: int, reserve: bool = False) -> None:
        field = _FIELDS[number % len(_FIELDS)]
        employer = f"河北示例大学第{number}研究所"
        session.add(Expert(person_id=actor.person_id, field=field, employer=employer, advised=[], reserve=reserve))

    def _hire(self, session: Session) -> Receipt:
        """One person of each role, a second of the province, a reviewer for each region, one for each organisation."""
        self._add(session, Newcomer(Role.PROVINCE, "省工作组甲", "province"))
        self._add(session, Newcomer(Role.PROVINCE, "省工作组乙", "province2"))
        self._add(session, Newcomer(Role.ADMIN, "系统管理员", "admin"))
        self._add(session, Newcomer(Role.AUDITOR, "审计员", "auditor", firm_name="河北示例会计师事务所"))
        self._add(session, Newcomer(Role.EXPERT, "评审专家", "expert"))
        for region in loader.regions():
            name = f"{region.name.zh}审核员"
            self._add(session, Newcomer(Role.CITY, name, f"city-{region.key}", region=region.key), city=region.key)
        for organisation in session.scalars(select(Organisation).order_by(Organisation.id)):
            newcomer = inviting.newcomer_for(organisation)
            actor = self._add(session, newcomer, city=organisation.region, organisation=organisation.name)
            self._enterprises[organisation.id] = actor
        return Receipt("")

    def _add(self, session: Session, newcomer: Newcomer, *, city: str = "", organisation: str = "") -> Actor:
        person = inviting.add_person(session, newcomer)
        person.password_hash = self._hash
        session.flush()
        actor = actor_for(person)
        self._actors[person.login] = actor
        self._people.append(
            Cast(newcomer.role.value, person.name, person.login, PASSWORD, city=city, organisation=organisation)
        )
        return actor

    def _open_round(self) -> None:
        today = clock.today()
        plan = running_rounds.Plan(
            year=YEAR,
            title=f"{YEAR}年度运营情况评价",
            programmes=("platform", "base"),
            enterprise_deadline=today + timedelta(days=30),
            city_deadline=today + timedelta(days=46),
            # So that somebody who tries it can finalise on the same day.
            settings={"publicity_days": 0} | ({"min_sheets": self.sheets} if self.sheets > 1 else {}),
        )
        receipt = running_rounds.plan_round(plan, origin=self.by("province"))
        firing = running_rounds.RoundFiring(receipt.target, RoundTrigger.OPEN, 1, {})
        running_rounds.fire_round(firing, origin=self.by("province"))

    def by(self, login: str) -> Origin:
        """The origin of an act by one of the cast."""
        return Origin(self._actors[login], "rehearsal")

    def _submissions(self) -> list[Submission]:
        session = db.session()
        query = select(Submission).options(joinedload(Submission.round)).order_by(Submission.id)
        found = list(session.scalars(query))
        programmes: dict[int, list[str]] = {}
        for submission in found:
            programmes.setdefault(submission.organisation_id, []).append(submission.programme)
        by_name = {name: key for key, name in session.execute(select(Organisation.id, Organisation.name))}
        self._people = [
            Cast(
                p.role,
                p.name,
                p.login,
                p.password,
                p.city,
                p.organisation,
                ",".join(programmes[by_name[p.organisation]]),
            )
            if p.organisation
            else p
            for p in self._people
        ]
        return found

    def bring(self, submission: Submission, goal: str, *, seed: int) -> None:
        """Take one submission from draft as far as ``goal`` (a state, or "returned")."""
        session = db.session()
        programme = programme_of(session, submission.programme_version_id)
        walk = _Walk(self, submission, programme, seed=seed, storage=self._storage)
        walk.assign()
        walk.fill(whole=goal != "draft" or seed % 3 == 0)
        if goal == "draft":
            return
        walk.submit()
        if goal == "returned":
            walk.send_back_to_enterprise()
            return
        for state, act in (("city_reviewed", walk.approve), ("audited", walk.audit), ("scored", walk.score)):
            if _ORDER[goal] >= _ORDER[state]:
                act()

    def scorers(self, seed: int) -> list[str]:
        """Whose turn it is to score: as many as a submission has, in turn, so that all have the same to do."""
        return [self._experts[(seed * self.sheets + place) % len(self._experts)] for place in range(self.sheets)]

    def enterprise(self, submission: Submission) -> Origin:
        """The origin of an act by the submission's own enterprise."""
        return Origin(self._enterprises[submission.organisation_id], "rehearsal")


class _Walk:
    """One submission on its way, with the version that each act leaves behind."""

    def __init__(
        self, rehearsal: Rehearsal, submission: Submission, programme: Programme, *, seed: int, storage: LocalStorage
    ) -> None:
        self._all, self._programme, self._seed, self._storage = rehearsal, programme, seed, storage
        self._id, self._version = submission.public_id, submission.version
        self._name, self._site = submission.organisation_name, submission.site_name
        self._region, self._own = submission.region, rehearsal.enterprise(submission)
        self._scorers = rehearsal.scorers(seed)
        self._dice = Random(seed)  # noqa: S311 - a rehearsal, not a secret
        self._answers: dict[str, str] = {}

    def _follow(self, receipt: Receipt) -> None:
        self._version = receipt.version

    def assign(self) -> None:
        """The province gives the submission to the firm and to its experts."""
        firm = db.session().scalars(select(Firm.public_id).order_by(Firm.id)).first() or ""
        self._follow(assigning.assign_firm(self._id, firm, origin=self._all.by("province")))
        for login in self._scorers:
            expert = self._all.by(login).actor
            one = expert.public_id if expert else ""
            self._follow(assigning.assign_expert(self._id, one, origin=self._all.by("province")))

    def fill(self, *, whole: bool) -> None:
        """The enterprise types its answers and, for a whole form, attaches the sealed scan."""
        self._answers = imagine(self._programme, name=self._name, site=self._site, seed=self._seed)
        kept = self._answers if whole else dict(list(self._answers.items())[:20])
        self._save(kept)
        if whole:
            self._attach("organization_seal", "盖章运营情况表.pdf", self._own)

    def _save(self, raw: Mapping[str, str]) -> None:
        """Save, and say why to each warning that comes of it."""
        saved = answering.save_what_fits(answering.Answering(self._id, self._version, raw), origin=self._own)
        self._version = saved.version
        if saved.after and saved.after.unremarked:
            self._save({remarks.key_for(finding): REMARK for finding in saved.after.unremarked})

    def _attach(self, field: str, name: str, origin: Origin) -> None:
        upload = attaching.Upload(name, io.BytesIO(_paper(field, self._seed)))
        given = attaching.Attaching(self._id, self._version, field, upload)
        self._follow(attaching.attach(given, origin=origin, storage=self._storage, limit=1 << 20))

    def _fire(self, trigger: Trigger, origin: Origin, **data: str) -> None:
        self._follow(moving.fire(moving.Firing(self._id, trigger, self._version, data), origin=origin))

    def submit(self) -> None:
        self._fire(Trigger.SUBMIT, self._own, declared="1")

    def _city(self) -> Origin:
        return self._all.by(f"city-{self._region}")

    def send_back_to_enterprise(self) -> None:
        """The city says what to mend and returns the form."""
        remark = commenting.Remark(self._id, 4, "请补充服务企业数量的佐证材料，并核对与上年数据的关系。", blocking=True)
        commenting.post_comment(remark, origin=self._city())
        self._fire(Trigger.RETURN, self._city(), reason="佐证材料不全，请按意见补充后重新报送。")

    def approve(self) -> None:
        """The city leaves a remark, attaches the sealed page and approves."""
        commenting.post_comment(commenting.Remark(self._id, 1, "材料齐全，数据与台账一致。"), origin=self._city())
        self._attach("city_seal", "审核意见盖章页.pdf", self._city())
        today = clock.today().isoformat()
        self._fire(Trigger.APPROVE, self._city(), opinion="经审核，情况属实，同意上报。", seal_date=today)

    def audit(self) -> None:
        """The firm records figures that agree with the form, attaches its report and signs off."""
        spent = self._answers.get("service_activity_expenditure") or self._answers["service_expenditure"]
        price = self._answers.get("equipment_purchase_price", "100.00")
        figures = {
            "service_assets_original_value": self._answers["total_assets"],
            "service_assets_equipment": price,
            "service_cost_expenditure": spent,
            "capability_investment": self._answers.get("government_subsidy") or "50.00",
            "small_micro_service_count": str(int(self._answers["enterprises_served"]) * 2),
            "small_micro_discount": "对小微企业服务收费按标准下浮百分之二十。",
            "audit_firm_name": "河北示例会计师事务所",
            "audit_report_number": f"冀审字〔{YEAR + 1}〕第{self._seed + 1:03d}号",
            "audit_report_date": f"{YEAR + 1}-03-31",
        }
        item = {"service_item_name": "管理咨询", "service_item_fee": "800.00", "market_standard_fee": "1000.00"}
        record = auditing.Record(self._id, self._version, figures, [item], "")
        self._follow(auditing.keep_record(record, origin=self._all.by("auditor")))
        self._attach("audit_report_file", "专项审计报告.pdf", self._all.by("auditor"))
        self._fire(Trigger.AUDIT, self._all.by("auditor"))

    def score(self) -> None:
        """Each expert scores every indicator and hands in; the province closes the scoring."""
        good = self._dice.uniform(0.62, 0.97) if self._seed % 9 else 0.55
        for place, login in enumerate(self._scorers):
            self._mark(login, good - place * 0.02)
        self._fire(Trigger.SCORE, self._all.by("province"))

    def _mark(self, login: str, good: float) -> None:
        points = {
            i.order: str((i.weight * Decimal(str(round(good, 2)))).quantize(Decimal("0.1")))
            for i in self._programme.indicators
        }
        remarks = dict.fromkeys(points, "佐证材料较少，酌情扣分。") if good < GENEROUS else {}
        marks = marking.Marks(self._id, self._sheet_version(login), points, remarks)
        sheet = marking.keep_marks(marks, origin=self._all.by(login))
        marking.hand_in(sheet.target, sheet.version, origin=self._all.by(login))

    def _sheet_version(self, login: str) -> int:
        query = (
            select(ScoreSheet.version)
            .join(Submission, Submission.id == ScoreSheet.submission_id)
            .join(Person, Person.id == ScoreSheet.expert_id)
            .where(Submission.public_id == self._id, Person.login == login)
        )
        return db.session().scalars(query).first() or 1
