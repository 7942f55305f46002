"""What of a form stands under another organisation too, or stood in the organisation's own form of last year.

Told of are only submissions that the reader may know of: a city never learns that another city's exists.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import CTE, ColumnElement, Text, and_, cast, distinct, func, literal, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from ...acts.standing import SERVED_LIST
from ...evaluation import reuse
from ...evaluation.reuse import ContractNumber
from ...model import Answer, Attachment, Revision, Round, ServedEnterprise, Submission
from ...model.kept import programme_of
from ...words import ScanState
from ...workflow.actors import Actor
from ...workflow.visibility import visible_to

# A blank letter that a whole city attaches would fill the page: of each file so many places are named.
MOST_PLACES = 20
MOST_ROWS = 200
# Each number costs the database one look through the texts that hold a contract.
MOST_NUMBERS = 20
MOST_REVISIONS = 500
# From a narrow letter to its full-width form.
_WIDER = 0xFEE0


@dataclass(frozen=True, slots=True)
class Place:
    """Another submission that the reader may open; ``version_id`` is its programme's."""

    submission_id: str
    organisation: str
    programme: str
    version_id: int
    year: int


@dataclass(frozen=True, slots=True)
class FileSpot:
    """A file by its id for addresses, the key of its field, and its name."""

    attachment_id: str
    field: str
    name: str


@dataclass(frozen=True, slots=True)
class SameFile:
    """A file of this form, and one with the same content elsewhere."""

    here: FileSpot
    there: FileSpot
    place: Place


@dataclass(frozen=True, slots=True)
class SameNumber:
    """A contract number of this form as it is written here, with the keys of the fields that name it here and there."""

    number: str
    here: tuple[str, ...]
    there: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class SameList:
    """How many credit codes the list here has in common with one elsewhere, and how many each has."""

    common: int
    here: int
    there: int
    place: Place

    @property
    def share(self) -> int:
        """The part of this list that stands there too, in whole per cent, rounded down."""
        return self.common * 100 // self.here


@dataclass(frozen=True, slots=True)
class Reuse:
    """What was found. ``cut``: there is more than is named here; ``last``: last year's form, where one may see it."""

    files: list[SameFile] = field(default_factory=list)
    numbers: list[SameNumber] = field(default_factory=list)
    lists: list[SameList] = field(default_factory=list)
    unchanged_files: list[SameFile] = field(default_factory=list)
    unchanged_lists: list[SameList] = field(default_factory=list)
    unchanged_texts: list[str] = field(default_factory=list)
    last: Place | None = None
    cut: bool = False

    @property
    def elsewhere(self) -> bool:
        """Whether something stands under another organisation too."""
        return bool(self.files or self.numbers or self.lists)

    @property
    def unchanged(self) -> bool:
        """Whether something is as it was in the organisation's own form of last year."""
        return bool(self.unchanged_files or self.unchanged_lists or self.unchanged_texts)


@dataclass(frozen=True, slots=True)
class _Texts:
    """The answers now, and last year's with where they stand; ``last_id`` 0: none that the reader may see."""

    now: Mapping[str, str]
    last: Mapping[str, str]
    last_id: int
    place: Place | None


_PLACE = (
    Submission.public_id, Submission.organisation_name, Submission.programme, Submission.programme_version_id,
    Round.year,
)  # fmt: skip


def reuse_of(session: Session, submission: Submission, who: Actor) -> Reuse:
    """What is used twice, as far as this reader may know: four statements at most. The round must be loaded.

    Files compare by content, lists by credit codes, contract numbers by what ``evaluation.reuse`` reads in the texts of
    the newest revisions of the same round. The organisation's own form of the other programme is no reuse.
    """
    texts = _texts(session, submission, who)
    programme = programme_of(session, submission.programme_version_id)
    given = [one.key for one in programme.fields if one.filled_by == "enterprise"] + [SERVED_LIST]
    looked_at = _Compared(submission, who, texts.last_id)
    files, more_files = _files(session, looked_at, given)
    lists = _lists(session, looked_at)
    numbers, more_numbers = _numbers(session, looked_at, texts.now)
    return Reuse(
        files=[found for own, found in files if not own],
        numbers=numbers,
        lists=[found for own, found in lists if not own],
        unchanged_files=[found for own, found in files if own],
        unchanged_lists=[found for own, found in lists if own],
        unchanged_texts=reuse.unchanged_texts(programme, texts.now, texts.last),
        last=texts.place,
        cut=more_files or more_numbers or len(lists) == MOST_ROWS,
    )


@dataclass(frozen=True, slots=True)
class _Compared:
    """A submission, for whom it is compared, and the number of last year's form; 0: none that the reader may see."""

    submission: Submission
    who: Actor
    last_id: int

    @property
    def own(self) -> ColumnElement[bool]:
        """Whether the other ``Submission`` is the organisation's own of last year."""
        return Submission.id == self.last_id

    @property
    def scope(self) -> ColumnElement[bool]:
        """The other ``Submission``: of other organisations or the own of last year, and only what one may know of."""
        other = Submission.organisation_id != self.submission.organisation_id
        return and_(visible_to(self.who), or_(other, self.own))


def _live(file: type[Attachment]) -> ColumnElement[bool]:
    """The condition that leaves the files of the form as it stands, and nothing that a scanner took out.

    ``coalesce`` keeps a planner without statistics off the index of comments, where nearly every file is NULL.
    """
    return and_(file.removed_at.is_(None), func.coalesce(file.comment_id, 0) == 0, file.scan != ScanState.INFECTED)


def _texts(session: Session, submission: Submission, who: Actor) -> _Texts:
    """The answers as they stand, and last year's revision as far as the reader may see it; one statement."""
    nowhere = (literal(0), literal(""), literal(""), literal(""), literal(0), literal(0))
    now = select(Answer.key.label("key"), Answer.value.label("value"), *nowhere).where(
        Answer.submission_id == submission.id
    )
    last = (
        select(literal("").label("key"), cast(Revision.answers, Text).label("value"), Submission.id, *_PLACE)
        .join(Submission, Submission.id == Revision.submission_id)
        .join(Round, Round.id == Submission.round_id)
        .where(
            Submission.organisation_id == submission.organisation_id,
            Submission.programme == submission.programme,
            Round.year < submission.round.year,
            Revision.number == Submission.revision_number,
            visible_to(who),
        )
        .order_by(Round.year.desc(), Submission.id.desc())
        .limit(1)
        .subquery()
    )
    answers: dict[str, str] = {}
    before: tuple[dict[str, str], int, Place | None] = ({}, 0, None)
    for key, value, number, *place in session.execute(union_all(now, select(*last.c))):
        if number:
            before = (json.loads(value), number, Place(*place))
        else:
            answers[key] = value
    return _Texts(answers, *before)


def _files(session: Session, compared: _Compared, given: list[str]) -> tuple[list[tuple[bool, SameFile]], bool]:
    """Files of the enterprise that are elsewhere too, whether that is the own form of last year, and if there are more.

    One statement; the own ones come first, of each file no more than so many places.
    """
    mine = aliased(Attachment)
    nth = func.row_number().over(partition_by=(mine.id, compared.own), order_by=Attachment.id)
    found = (
        select(
            compared.own.label("own"), mine.id.label("mine_id"), Attachment.id.label("there_id"),
            nth.label("place"),
            mine.public_id.label("here_file"), mine.field.label("here_field"), mine.name.label("here_name"),
            Attachment.public_id.label("there_file"), Attachment.field.label("there_field"),
            Attachment.name.label("there_name"), *_PLACE,
        )
        .select_from(mine)
        .join(Attachment, Attachment.sha256 == mine.sha256)
        .join(Submission, Submission.id == Attachment.submission_id)
        .join(Round, Round.id == Submission.round_id)
        .where(mine.submission_id == compared.submission.id, mine.field.in_(given), _live(mine), _live(Attachment))
        .where(compared.scope)
        .subquery()
    )  # fmt: skip
    # One place more than is named says that there are more.
    query = select(found).where(found.c.place <= MOST_PLACES + 1)
    query = query.order_by(found.c.own.desc(), found.c.mine_id, found.c.there_id).limit(MOST_ROWS)
    rows = session.execute(query).all()
    kept = [
        (bool(row.own), SameFile(FileSpot(*row[4:7]), FileSpot(*row[7:10]), Place(*row[10:])))
        for row in rows
        if row.place <= MOST_PLACES
    ]
    return kept, len(kept) < len(rows) or len(rows) == MOST_ROWS


def _lists(session: Session, compared: _Compared) -> list[tuple[bool, SameList]]:
    """Lists of enterprises served that are nearly this one, those with the most in common first; one statement.

    Of the organisation's own list of last year only one that names exactly the same enterprises.
    """
    mine = select(Attachment.id).where(
        Attachment.submission_id == compared.submission.id, Attachment.field == SERVED_LIST, _live(Attachment)
    )
    counted = aliased(ServedEnterprise)
    size = select(func.count(distinct(counted.credit_code)))
    own_size = size.where(counted.attachment_id.in_(mine)).scalar_subquery()
    codes = select(counted.credit_code).where(counted.attachment_id.in_(mine), counted.credit_code != "")
    in_common = func.count(distinct(ServedEnterprise.credit_code))
    # Counted before it is asked whose lists these are: the index of the credit codes is the way in.
    common = (
        select(ServedEnterprise.attachment_id.label("list_id"), in_common.label("common"))
        .where(ServedEnterprise.credit_code.in_(codes))
        .group_by(ServedEnterprise.attachment_id)
        .having(or_(in_common >= reuse.LEAST_IN_COMMON, in_common == own_size))
        .subquery()
    )
    their_size = size.where(counted.attachment_id == common.c.list_id).scalar_subquery()
    part = common.c.common * reuse.LEAST_PART_OF_SHORTER
    query = (
        select(compared.own, common.c.common, own_size, their_size, *_PLACE)
        .join(Attachment, Attachment.id == common.c.list_id)
        .join(Submission, Submission.id == Attachment.submission_id)
        .join(Round, Round.id == Submission.round_id)
        .where(_live(Attachment), compared.scope)
        # At least half of the shorter one is at least half of one of the two.
        .where(or_(~compared.own & (common.c.common >= reuse.LEAST_IN_COMMON)
                   & or_(part >= own_size, part >= their_size),
                   compared.own & (common.c.common == own_size) & (common.c.common == their_size)))
        .order_by(common.c.common.desc(), common.c.list_id)
        .limit(MOST_ROWS)
    )  # fmt: skip
    return [(bool(row[0]), SameList(row[1], row[2], row[3], Place(*row[4:]))) for row in session.execute(query)]


def _numbers(session: Session, compared: _Compared, answers: Mapping[str, str]) -> tuple[list[SameNumber], bool]:
    """This form's contract numbers in other organisations' newest revisions of the round; none or one statement."""
    here = _by_number(answers)
    if not here:
        return [], False
    asked = dict(list(here.items())[:MOST_NUMBERS])
    patterns = [pattern for number, _fields in asked.values() for pattern in like(number)]
    texts = _contract_texts(compared)
    query = (
        select(Revision.answers, *_PLACE)
        .join(texts, texts.c.id == Revision.id)
        .join(Submission, Submission.id == Revision.submission_id)
        .join(Round, Round.id == Submission.round_id)
        .where(or_(*(texts.c.text.like(pattern, escape="!") for pattern in patterns)))
        .order_by(Submission.id)
        .limit(MOST_REVISIONS)
    )
    found, rows = [], session.execute(query).all()
    for row in rows:
        for key, (_number, fields) in _by_number(row[0]).items():
            if key in asked:
                number, own_fields = asked[key]
                found.append(SameNumber(number.written, tuple(own_fields), tuple(fields), Place(*row[1:])))
    more = len(asked) < len(here) or len(rows) == MOST_REVISIONS or len(found) > MOST_ROWS
    return found[:MOST_ROWS], more


def _contract_texts(compared: _Compared) -> CTE:
    """Number and text, in small letters, of the newest revisions of the round that hold a word for a contract.

    Kept by the database for the statement, so that it unpacks each text once and not for every number.
    """
    stored = cast(Revision.answers, Text)
    query = (
        select(Revision.id.label("id"), func.lower(stored).label("text"))
        .join(Submission, and_(Submission.id == Revision.submission_id, Submission.revision_number == Revision.number))
        .where(
            Submission.round_id == compared.submission.round_id,
            Submission.organisation_id != compared.submission.organisation_id,
            visible_to(compared.who),
            or_(*(stored.like(f"%{_as_stored(word)}%", escape="!") for word in ("合同", "协议"))),
        )
    )
    return query.cte("contract_texts").prefix_with("MATERIALIZED")


def _by_number(answers: Mapping[str, str]) -> dict[str, tuple[ContractNumber, list[str]]]:
    """The contract numbers in a form, by what they are compared by, each with the fields that name it."""
    found: dict[str, tuple[ContractNumber, list[str]]] = {}
    for key, text in answers.items():
        for number in reuse.contract_numbers([text]):
            found.setdefault(number.key, (number, []))[1].append(key)
    return found


def like(number: ContractNumber) -> tuple[str, str]:
    """What a revision's stored text is like where it names this number: with narrow letters, or all with wide ones.

    Anything may stand between the parts, so that every separator is found; Python then reads the number itself.
    Parts are letters and figures only: no sign of theirs means something to LIKE, where "!" escapes. A number
    that is written half narrow and half wide within one part is not found.
    """
    wide = [re.sub("[!-~]", lambda sign: chr(ord(sign.group()) + _WIDER), run) for run in number.runs]
    narrow, wider = ("%".join(_as_stored(run) for run in runs) for runs in (number.runs, wide))
    return f"%{narrow}%".lower(), f"%{wider}%".lower()


def _as_stored(text: str) -> str:
    r"""The text as it stands in stored JSON: Chinese signs as \uXXXX; what LIKE would read otherwise is escaped."""
    return re.sub("[!%_]", r"!\g<0>", json.dumps(text)[1:-1])
