"""Fill an empty database with many submissions at once, by Core inserts; the journal's chain is not a valid one."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask_migrate import upgrade
from sqlalchemy import Connection, func, insert, select, text, update

from hbreview import clock, create_app
from hbreview.acts.imagining import imagine
from hbreview.acts.rehearsing import PASSWORD
from hbreview.acts.signing_in import HASHER, digest_of
from hbreview.config import Settings
from hbreview.evaluation.names import normalised_name
from hbreview.extensions import db
from hbreview.model import (
    Answer,
    Attachment,
    Base,
    Comment,
    Entry,
    Firm,
    JournalHead,
    Organisation,
    Person,
    ProgrammeVersion,
    Revision,
    Round,
    RoundProgramme,
    SignIn,
    Submission,
)
from hbreview.model.base import new_public_id
from hbreview.programmes import loader
from hbreview.words import Role, RoundState, State, Visibility

YEAR = 2019
BATCH = 2000
WITH_ANSWERS = 200
COMMENTS = 100
STATES = (State.SUBMITTED, State.DRAFT, State.SUBMITTED, State.CITY_REVIEWED, State.SUBMITTED, State.SCORED)
_KINDS = ("科技服务", "创业孵化", "信息技术", "中小企业服务", "检测认证")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a load needs to know: people by login with a token for the bare pages, and what stands for approval."""

    tokens: dict[str, str]
    big: str
    big_city: str
    submitted: dict[str, list[str]]
    password: str = PASSWORD


def _rows(connection: Connection, model: type[Base], rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), BATCH):
        connection.execute(insert(model), rows[start : start + BATCH])


def fill(settings: Settings, *, submissions: int, labels: Path) -> Plan:
    """Migrate the empty database and fill it; writes the programme's labels for the bare pages to ``labels``."""
    app = create_app(settings)
    with app.app_context():
        upgrade()
        with db.engine.connect().execution_options(writing=True) as connection, connection.begin():
            plan = _Filling(connection, submissions).run()
            if connection.dialect.name == "postgresql":
                _advance_sequences(connection)
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("VACUUM ANALYZE"))
        db.session.remove()
        db.engine.dispose()
    labels.write_text(json.dumps(_labels(), ensure_ascii=False), encoding="utf-8")
    return plan


def _labels() -> dict[str, Any]:
    programme = loader.shipped("platform", YEAR)
    return {
        "sections": [
            [s.label.zh, [[f.key, f.label.zh, f.unit or ""] for f in programme.fields_in(s.number)]]
            for s in programme.sections
        ],
        "indicators": [[i.order, i.name.zh, str(i.weight)] for i in programme.indicators],
        "regions": {region.key: region.name.zh for region in loader.regions()},
    }


def _advance_sequences(connection: Connection) -> None:
    for table in Base.metadata.sorted_tables:
        if "id" in table.c and table.name != "journal_head":
            sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, "id")))
            if sequence:
                highest = connection.scalar(select(func.max(table.c.id)))
                connection.execute(select(func.setval(sequence, highest or 1)))


def reset(settings: Settings) -> None:
    """Put what a load approved back before the city."""
    app = create_app(settings)
    with app.app_context():
        with db.engine.connect().execution_options(writing=True) as connection, connection.begin():
            connection.execute(
                update(Submission).where(Submission.score_set == "bulk").values(state=State.SUBMITTED, version=2)
            )
        db.engine.dispose()


class _Filling:
    def __init__(self, connection: Connection, submissions: int) -> None:
        self._connection, self._count = connection, submissions
        self._now = clock.now() - timedelta(days=1)
        self._regions = [region.key for region in loader.regions()]
        self._tokens: dict[str, str] = {}
        self._people: dict[str, int] = {}

    def run(self) -> Plan:
        """Everything in one transaction."""
        self._round()
        self._organisations()
        self._hire()
        submitted, big, big_city = self._submissions()
        return Plan(self._tokens, big, big_city, submitted)

    def _round(self) -> None:
        today = clock.today()
        self._add(
            Round, id=1, public_id=new_public_id(), year=YEAR, title=f"{YEAR}", state=RoundState.OPEN, version=2,
            enterprise_deadline=today + timedelta(30), city_deadline=today + timedelta(40), settings={},
            created_at=self._now,
        )  # fmt: skip
        for number, key in enumerate(("platform", "base"), 1):
            self._add(
                ProgrammeVersion, id=number, programme=key, year=YEAR, digest=loader.shipped(key, YEAR).digest,
                source=loader.source_text(key, YEAR),
            )  # fmt: skip
            self._add(RoundProgramme, id=number, round_id=1, programme=key, version_id=number)
        self._add(Firm, id=1, public_id=new_public_id(), name="河北示例会计师事务所")

    def _add(self, model: type[Base], **row: Any) -> None:
        self._connection.execute(insert(model), [row])

    def _name(self, number: int) -> str:
        return f"河北{_KINDS[number % len(_KINDS)]}有限公司第{number:07d}号"

    def _region(self, number: int) -> str:
        return self._regions[number % len(self._regions)]

    def _organisations(self) -> None:
        rows = [
            {
                "id": n, "public_id": new_public_id(), "name": self._name(n),
                "search_name": normalised_name(self._name(n)),
                "former_names": [], "region": self._region(n), "version": 1, "created_at": self._now,
            }
            for n in range(1, self._count + 1)
        ]  # fmt: skip
        _rows(self._connection, Organisation, rows)

    def _hire(self) -> None:
        hashed = HASHER.hash(PASSWORD)
        people: list[dict[str, Any]] = [{"login": "province", "role": Role.PROVINCE}]
        people += [{"login": f"city-{key}", "role": Role.CITY, "region": key} for key in self._regions]
        people.append({"login": "hb0001", "role": Role.ENTERPRISE, "organisation_id": 1})
        for number, row in enumerate(people, 1):
            self._add(
                Person, id=number, public_id=new_public_id(), name=row["login"], password_hash=hashed, version=1,
                created_at=self._now, **row,
            )  # fmt: skip
            token = secrets.token_urlsafe(32)
            moment = datetime.now(UTC)
            self._add(
                SignIn, person_id=number, token_digest=digest_of(token), device="bare", created_at=moment,
                seen_at=moment + timedelta(hours=1),
            )  # fmt: skip
            self._tokens[row["login"]], self._people[row["login"]] = token, number

    def _submissions(self) -> tuple[dict[str, list[str]], str, str]:
        submitted: dict[str, list[str]] = {key: [] for key in self._regions}
        rows: list[dict[str, Any]] = []
        scans: list[dict[str, Any]] = []
        entries: list[dict[str, Any]] = []
        for n in range(1, self._count + 1):
            state, region, public_id = STATES[(n // len(self._regions)) % len(STATES)], self._region(n), new_public_id()
            programme = "base" if n % 3 == 0 else "platform"
            if n == 1:
                state = State.SUBMITTED
            movable = state is State.SUBMITTED and n > 1
            rows.append(
                {
                    "id": n, "public_id": public_id, "round_id": 1, "programme": programme,
                    "programme_version_id": 2 if n % 3 == 0 else 1, "organisation_id": n,
                    "organisation_name": self._name(n), "site_name": "", "region": region, "printed_region": region,
                    "national": n % 7 == 0, "firm_id": 1 if n % 2 else None, "state": state, "version": 2,
                    "revision_number": 0 if state is State.DRAFT else 1, "moved_at": self._now,
                    "submitted_at": None if state is State.DRAFT else self._now,
                    "score_set": "bulk" if movable else "",
                }
            )  # fmt: skip
            if state is State.DRAFT:
                continue
            scans.append(self._scan(n, region))
            entries.append(self._entry(len(entries) + 1, n, public_id))
            if movable:
                submitted[region].append(public_id)
        _rows(self._connection, Submission, rows)
        _rows(self._connection, Attachment, scans)
        _rows(self._connection, Entry, entries)
        self._connection.execute(
            update(JournalHead).values(sequence=len(entries), hash=entries[-1]["hash"] if entries else "0" * 64)
        )
        self._answers()
        self._comments()
        return submitted, rows[0]["public_id"], self._region(1)

    def _scan(self, number: int, region: str) -> dict[str, Any]:
        return {
            "public_id": new_public_id(), "submission_id": number, "field": "city_seal", "name": "盖章页.pdf",
            "media_type": "application/pdf", "size": 1000, "sha256": "0" * 64,
            "person_id": self._people[f"city-{region}"], "created_at": self._now,
        }  # fmt: skip

    def _entry(self, sequence: int, number: int, target: str) -> dict[str, Any]:
        return {
            "sequence": sequence, "at": self._now, "person_id": None, "actor": "bulk", "role": "enterprise",
            "act": "submit", "submission_id": number, "round_id": 1, "target": target, "version_from": 1,
            "version_to": 2, "state_from": "draft", "state_to": "submitted", "data": {}, "result": "done",
            "previous": hashlib.sha256(str(sequence - 1).encode()).hexdigest(),
            "hash": hashlib.sha256(str(sequence).encode()).hexdigest(),
        }  # fmt: skip

    def _answers(self) -> None:
        programme = loader.shipped("platform", YEAR)
        rows: list[dict[str, Any]] = []
        for n in [n for n in range(1, self._count + 1) if n % 3][:WITH_ANSWERS]:
            given = imagine(programme, name=self._name(n), site="", seed=n)
            rows += [{"submission_id": n, "key": key, "value": value, "version": 2} for key, value in given.items()]
            if n == 1:
                self._add(
                    Revision, submission_id=1, number=1, answers=given, attachments=[], digest="0" * 64,
                    person_id=self._people["hb0001"], created_at=self._now,
                )  # fmt: skip
        _rows(self._connection, Answer, rows)

    def _comments(self) -> None:
        orders = [indicator.order for indicator in loader.shipped("platform", YEAR).indicators]
        rows = [
            {
                "public_id": new_public_id(), "submission_id": 1, "indicator": orders[n % len(orders)],
                "parent_id": None,
                "person_id": self._people[f"city-{self._region(1)}"], "body": f"第{n}条意见：请补充佐证材料。",
                "blocking": n % 5 == 0, "visibility": Visibility.INTERNAL if n % 4 == 0 else Visibility.ENTERPRISE,
                "revision_number": 1, "created_at": self._now, "version": 1,
            }
            for n in range(COMMENTS)
        ]  # fmt: skip
        _rows(self._connection, Comment, rows)
