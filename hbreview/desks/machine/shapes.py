"""What the interface hands out, as records of shapes: the same ones write an answer and describe it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ...programmes.loader import regions
from ...programmes.schema import PROGRAMMES
from ...words import Outcome, RoundState, State

Schema = dict[str, Any]

ID = "^[A-Za-z0-9]{1,16}$"
CURSOR = "^p[0-9]{1,9}$"
DECIMAL = r"^-?[0-9]{1,18}(\.[0-9]{1,6})?$"


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object: its name, its schema, and how it is read off a row."""

    name: str
    schema: Schema
    read: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """An object with exactly these members."""

    name: str
    about: str
    members: tuple[Member, ...]

    def write(self, row: Any) -> dict[str, Any]:
        """The row as it is handed out."""
        return {member.name: member.read(row) for member in self.members}

    @property
    def schema(self) -> Schema:
        """Its description."""
        return {
            "type": "object",
            "description": self.about,
            "properties": {member.name: member.schema for member in self.members},
            "required": [member.name for member in self.members],
            "additionalProperties": False,
        }

    @property
    def reference(self) -> Schema:
        """How other schemas name it."""
        return {"$ref": f"#/components/schemas/{self.name}"}


def text(about: str, **more: Any) -> Schema:
    """A text."""
    return {"type": "string", "description": about, **more}


def optional(schema: Schema) -> Schema:
    """The same, or null."""
    return schema | {"type": [schema["type"], "null"]} | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})


def _points(about: str) -> Schema:
    return text(f"{about} A decimal number as text; unit: points (分).", pattern=DECIMAL)


def _moment(about: str) -> Schema:
    return text(about, format="date-time")


def _day(about: str) -> Schema:
    return text(f"{about} A day in Asia/Shanghai.", format="date")


def day_text(day: date | None) -> str | None:
    """A day as ISO text."""
    return None if day is None else day.isoformat()


def moment_text(moment: datetime | None) -> str | None:
    """A moment in UTC to the second, as RFC 3339 has it."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def decimal_text(number: Decimal | None) -> str | None:
    """A figure as decimal text, never with an exponent."""
    return None if number is None else format(number, "f")


def _own(name: str, schema: Schema) -> Member:
    return Member(name, schema, lambda row: getattr(row, name))


_ID = text("An id that stays.", pattern=ID)
_PROGRAMME = text("The programme: platform (服务平台) or base (创业基地).", enum=list(PROGRAMMES))
REGION = text("The reviewing region (市), by its key.", enum=[region.key for region in regions()])
_STATE = text("Where the submission stands.", enum=[state.value for state in State])
_OUTCOME = optional(
    text("The outcome (优秀, 合格, 不合格, or deferred); null where none is known.", enum=[o.value for o in Outcome])
)

ROUND = Shape(
    "Round",
    "A yearly evaluation (年度评价) of one data year.",
    (
        Member("id", _ID, lambda row: row.public_id),
        _own("title", text("Its title (名称).")),
        _own("year", {"type": "integer", "description": "The data year (数据年度)."}),
        Member("state", text("Where it stands.", enum=[s.value for s in RoundState]), lambda row: row.state.value),
        Member(
            "programmes", {"type": "array", "items": _PROGRAMME, "description": "What it evaluates."},
            lambda row: sorted(line.programme for line in row.programmes),
        ),
        Member("enterprise_deadline", _day("The enterprises' last day."), lambda r: day_text(r.enterprise_deadline)),
        Member("city_deadline", _day("The cities' last day."), lambda r: day_text(r.city_deadline)),
        Member("audit_deadline", optional(_day("The audit firms' last day; null: none is set.")),
               lambda row: day_text(row.audit_deadline)),
        Member("score_deadline", optional(_day("The experts' last day; null: none is set.")),
               lambda row: day_text(row.score_deadline)),
        Member(
            "publicised_at", optional(_moment("When the publicity (公示) began.")),
            lambda row: moment_text(row.publicised_at),
        ),
    ),
)  # fmt: skip

_FACTS = (
    Member("id", _ID, lambda row: row.submission.public_id),
    Member("round", _ID, lambda row: row.round_id),
    Member("programme", _PROGRAMME, lambda row: row.submission.programme),
    Member("organisation", text("The name (单位名称) of then."), lambda r: r.submission.organisation_name),
    Member("organisation_id", _ID, lambda row: row.organisation_id),
    Member("site", text("The base's name (基地名称); empty for platforms."), lambda row: row.submission.site_name),
    Member("region", REGION, lambda row: row.submission.region),
    Member("national", {"type": "boolean", "description": "Whether the title is a national one (国家级)."},
           lambda row: row.submission.national),
    Member("state", _STATE, lambda row: row.submission.state.value),
    Member("revision", {"type": "integer", "description": "How often it was submitted; 0: never.", "minimum": 0},
           lambda row: row.submission.revision_number),
    Member("submitted_at", optional(_moment("When it was submitted last.")),
           lambda row: moment_text(row.submission.submitted_at)),
    Member("moved_at", _moment("When its state changed last."), lambda row: moment_text(row.submission.moved_at)),
)  # fmt: skip
SUBMISSION_LINE = Shape("SubmissionLine", "A submission (申报) of a round, without its answers.", _FACTS)

ANSWER = Shape(
    "Answer",
    "One field of the form with what was submitted in it.",
    (
        _own("field", text("The field's key, the same every year.")),
        _own("label", text("The field's name on the form (Chinese).")),
        _own(
            "value", text("Figures are decimal numbers as text in `unit`, days ISO days, yes-or-no fields yes or no.")
        ),
        _own("unit", text("The figure's unit as on the form (such as 万元, 家, %); empty for what is no figure.")),
        _own("computed", {"type": "boolean", "description": "Whether it follows from other fields by the form."}),
    ),
)
SUBMISSION = Shape(
    "Submission",
    "A submission with the answers of its last submitted revision. Contacts of people, comments and names of experts "
    "are never part of it.",
    (
        *_FACTS,
        Member(
            "answers",
            {
                "type": "array",
                "items": ANSWER.reference,
                "description": "In the form's order; empty if never submitted.",
            },
            lambda row: [ANSWER.write(answer) for answer in row.answers],
        ),
    ),
)

MEAN = Shape(
    "IndicatorMean",
    "The experts' mean for one indicator of the rubric.",
    (
        _own("indicator", {"type": "integer", "description": "The indicator's number (序号).", "minimum": 1}),
        Member("mean", _points("Rounded half up to two places."), lambda row: decimal_text(row.mean)),
    ),
)
SCORE = Shape(
    "Score",
    "What a finalised round came to for one submission.",
    (
        Member("submission", _ID, lambda row: row.submission_id),
        Member("programme", _PROGRAMME, lambda row: row.programme),
        Member("organisation", text("The name (单位名称)."), lambda row: row.designation.organisation_name),
        Member("total", optional(_points("The total (总分); null: not scored.")),
               lambda row: decimal_text(row.designation.total)),
        Member("rank", {"type": ["integer", "null"], "description": "The place (名次) in its programme.", "minimum": 1},
               lambda row: row.designation.rank),
        Member("outcome", _OUTCOME, lambda r: r.designation.outcome.value if r.designation.outcome else None),
        Member("commended", {"type": "boolean", "description": "Whether it is on the commended list (表扬)."},
               lambda row: row.designation.commended),
        Member("supervised", {"type": "boolean", "description": "Whether it is on the supervised list (重点督导)."},
               lambda row: row.designation.supervised),
        Member("indicators", {"type": "array", "items": MEAN.reference},
               lambda row: [MEAN.write(mean) for mean in row.means]),
    ),
)  # fmt: skip
DESIGNATION = Shape(
    "Designation",
    "A title in force (认定名单).",
    (
        Member("programme", _PROGRAMME, lambda row: row.programme),
        Member("number", {"type": "integer", "description": "Its line on the roster.", "minimum": 1},
               lambda row: row.designation.position),
        Member("organisation", text("The name (单位名称)."), lambda row: row.designation.organisation_name),
        Member("organisation_id", _ID, lambda row: row.organisation_id),
        Member("site", text("The base's name (基地名称); empty for platforms."), lambda row: row.designation.site_name),
        Member("region", REGION, lambda row: row.designation.region),
        Member("national", {"type": "boolean", "description": "Whether it is a national one (国家级)."},
               lambda row: row.designation.national),
        Member("outcome", _OUTCOME, lambda r: r.designation.outcome.value if r.designation.outcome else None),
        Member("round", optional(_ID), lambda row: row.round_id),
        Member("valid_until", optional(_day("The last day of the title.")), lambda row: day_text(row.valid_until)),
    ),
)  # fmt: skip

FAULT = Shape(
    "Fault",
    "What is wrong with one value.",
    (
        _own("field", text("The member or parameter; empty for the whole.")),
        _own("detail", text("What is wrong with it.")),
    ),
)
MONTH_RESULT = Shape(
    "MonthResult",
    "What became of one monthly record.",
    (
        _own("index", {"type": "integer", "description": "Its place in the list that was sent, from 0.", "minimum": 0}),
        _own("result", text("What became of it.", enum=["added", "changed", "unchanged", "refused"])),
        Member("faults", {"type": "array", "items": FAULT.reference}, lambda r: [FAULT.write(f) for f in r.faults]),
    ),
)
# What machines bring; requests are held to it by ``bringing_routes``.
MONTHLY_RECORD: Schema = {
    "type": "object",
    "description": "That an organisation reported one month's figures (每月按时报送).",
    "properties": {
        "organisation": text("Its name (单位名称) or its id.", minLength=1, maxLength=200),
        "programme": _PROGRAMME,
        "year": {"type": "integer", "minimum": 2010, "maximum": 2100, "description": "The year of the month."},
        "month": {"type": "integer", "minimum": 1, "maximum": 12, "description": "The month that was reported."},
        "reported_on": _day("On which it was reported.") | {"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "figures": {
            "type": "object",
            "description": "What it said, by the sender's keys: decimals as text. Left out: what is kept stays.",
            "propertyNames": {"pattern": "^[a-z][a-z0-9_]{0,63}$"},
            "additionalProperties": {"type": "string", "pattern": DECIMAL},
            "maxProperties": 50,
        },
    },
    "required": ["organisation", "programme", "year", "month", "reported_on"],
    "additionalProperties": False,
}
PROBLEM: Schema = {
    "type": "object",
    "description": "Why it was refused (RFC 9457).",
    "properties": {
        "type": text("Always about:blank: the status says what kind it is."),
        "title": text("The status in words."),
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": text("What was wrong."),
        "faults": {"type": "array", "items": FAULT.reference},
        "reference": text("Under which the operator finds it in the log."),
    },
    "required": ["type", "title", "status", "detail"],
    "additionalProperties": False,
}
HANDED_OUT: Mapping[str, Shape] = {
    shape.name: shape
    for shape in (ROUND, SUBMISSION_LINE, SUBMISSION, ANSWER, SCORE, MEAN, DESIGNATION, FAULT, MONTH_RESULT)
}


def write_all(shape: Shape, rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Rows as they are handed out."""
    return [shape.write(row) for row in rows]
