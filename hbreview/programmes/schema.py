"""The shape of a programme: what a form asks, what a rubric scores, what an audit holds against it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from ..words import Label, Level, Outcome
from .layout import Layout


class FieldType(StrEnum):
    """What a field takes."""

    TEXT = "text"
    TEXTAREA = "textarea"
    INTEGER = "integer"
    DECIMAL = "decimal"
    PERCENT = "percent"
    PHONE = "phone"
    EMAIL = "email"
    URL = "url"
    YES_NO = "yes_no"
    CHOICE = "choice"
    DATE = "date"
    ATTACHMENT = "attachment"


# The two programmes of the notice by their keys, in its order.
PROGRAMMES = ("platform", "base")
NUMBERS = frozenset({FieldType.INTEGER, FieldType.DECIMAL, FieldType.PERCENT})


@dataclass(frozen=True, slots=True)
class Region:
    """A reviewing region, with how each of the notice's rosters prints it."""

    key: str
    name: Label
    printed_platform: str
    printed_base: str
    aliases: tuple[str, ...]

    def printed(self, programme: str) -> str:
        """How the roster of a programme prints this region."""
        return self.printed_platform if programme == "platform" else self.printed_base


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered part of the form; 0 is its head."""

    number: int
    label: Label


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a choice field."""

    value: str
    label: Label


@dataclass(frozen=True, slots=True)
class Requirement:
    """When a field must be filled (K1): always, never, or when another field is filled or has a value."""

    kind: str = "always"
    other: str = ""
    equals: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One cell of the form. ``scale`` is the number of decimal places; figures are in ``unit``."""

    key: str
    label: Label
    section: int
    type: FieldType
    unit: str = ""
    formula: str = ""
    check_only: bool = False
    attachable: bool = False
    hint: Label | None = None
    required: Requirement = Requirement()
    supplementary: bool = False
    filled_by: str = "enterprise"
    evidence_for: tuple[int, ...] = ()
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    scale: int = 0
    choices: tuple[Choice, ...] = ()
    matrix_row: str = ""
    matrix_column: str = ""
    max_length: int = 200
    # Which count of a list of the enterprises served this figure is: "enterprises", "small_micro" or a category.
    counted: str = ""
    # Where the official label says too little without its neighbours: "telephone" of whom.
    full_label: Label | None = None
    # Beyond this a figure asks whether its unit is right; no rule of the notice, the province's experience.
    likely_most: Decimal | None = None
    # It asks for last year's figure: the field of last year's form that answered it.
    last_year_of: str = ""
    # It asks whether a report came in time: points are taken off for a "no".
    reported: bool = False

    @property
    def title(self) -> Label:
        """What the field is called away from its place in the form."""
        return self.full_label or self.label

    @property
    def derived(self) -> bool:
        """Whether the value is computed from other fields where they are known."""
        return bool(self.formula) and not self.check_only

    @property
    def is_number(self) -> bool:
        """Whether the field takes a figure."""
        return self.type in NUMBERS


@dataclass(frozen=True, slots=True)
class Matrix:
    """The base form's table of eight categories: rows and columns as (key, label)."""

    section: int
    rows: tuple[tuple[str, Label], ...]
    columns: tuple[tuple[str, Label], ...]


@dataclass(frozen=True, slots=True)
class Floor:
    """A rule below which an indicator should get at most a share of its weight: said to experts, not enforced."""

    rule: str
    share: Decimal


@dataclass(frozen=True, slots=True)
class SuggestPart:
    """One part of the points that a sheet suggests: in proportion from 0 at ``zero`` to its share at ``full``.

    The value is ``given`` by whoever asks ("monthly.on_time"), where it is known; else that of ``field``, where yes
    counts as ``full`` and no as ``zero``; or what ``formula`` over the form's fields comes to, called ``label``.
    """

    full: Decimal
    zero: Decimal = Decimal(0)
    share: Decimal = Decimal(1)
    field: str = ""
    formula: str = ""
    given: str = ""
    label: Label | None = None


@dataclass(frozen=True, slots=True)
class Indicator:
    """A second-level indicator: the points to look at, its weight, the fields that are evidence for it."""

    order: int
    dimension: Label
    name: Label
    points: Label
    weight: Decimal
    basis: Label
    evidence: tuple[str, ...] = ()
    floor: Floor | None = None
    # What the round suggests for a quantitative indicator; the province's rule, and it binds no expert.
    suggest: tuple[SuggestPart, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """A consistency rule C1 to C25 as an expression; ``fields`` are those that its message names."""

    id: str
    level: Level
    rule: str
    tolerance: Decimal
    message: Label
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuditFigure:
    """One figure of the special audit, and what of the form it is held against (``comparison``).

    ``parts`` are the figures of the audit that it is the sum of.
    """

    key: str
    label: Label
    type: FieldType
    unit: str = ""
    item_no: int = 0
    required: bool = False
    repeats: bool = False
    compare_with: str = ""
    comparison: str = ""
    parts: tuple[str, ...] = ()

    def as_field(self) -> Field:
        """The figure as a field, so that it is read by the same rules as the form's."""
        number = self.type in NUMBERS
        signed = self.key == "fee_comparison"
        return Field(
            key=self.key,
            label=self.label,
            section=0,
            type=self.type,
            unit=self.unit,
            scale=2 if self.type in {FieldType.DECIMAL, FieldType.PERCENT} else 0,
            minimum=Decimal(0) if number and not signed else None,
            max_length=5000 if self.type is FieldType.TEXTAREA else 200,
        )


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """Something that the city's reviewer looks at before it decides, and ticks."""

    key: str
    label: Label


@dataclass(frozen=True, slots=True)
class RoundDefaults:
    """What a round begins with and the province may change (RULES.md section 6). Marks in points."""

    pass_mark: Decimal
    excellent: Decimal
    supervised_below: Decimal
    commended_top: int
    remark_below: Decimal
    spread: Decimal
    min_sheets: int
    publicity_days: int
    not_submitted: Outcome
    minimum_served: int
    deduction_per_no: Decimal
    validity_years: int
    # A figure this many times last year's, or this small a part of it, asks for a remark; none under ``jump_least``.
    jump_factor: Decimal
    jump_least: Decimal
    # 1: a form is sent only when every warning has its remark (RULES.md section 5); 0: they are only asked for.
    remarks_required: int
    # 1: a form is approved only when the whole checklist is ticked; 0: the ticks are kept with the decision.
    checklist_required: int
    # 1: no expert scores what is of its own city; 0: an expert may.
    own_city_barred: int
    # 1: the enterprise brings the audit's report and the province signs off; 0: an audit firm does both.
    enterprise_brings_report: int


@dataclass(frozen=True, slots=True)
class Programme:
    """One programme of one year, whole."""

    key: str
    year: int
    name: Label
    form_title: Label
    rubric_title: Label
    roster_title: Label
    sections: tuple[Section, ...]
    fields: tuple[Field, ...]
    matrix: Matrix | None
    indicators: tuple[Indicator, ...]
    checks: tuple[Check, ...]
    audit_figures: tuple[AuditFigure, ...]
    checklist: tuple[ChecklistItem, ...]
    defaults: RoundDefaults
    layout: Layout
    digest: str

    def __hash__(self) -> int:
        # The whole file is in the digest; hashing hundreds of fields at each cached call is not free.
        return hash(self.digest)

    def field(self, key: str) -> Field:
        """The field of this key; KeyError when the form has none."""
        for field in self.fields:
            if field.key == key:
                return field
        raise KeyError(key)

    @property
    def field_keys(self) -> tuple[str, ...]:
        """The keys of all fields, in the form's order."""
        return tuple(field.key for field in self.fields)

    def has_field(self, key: str) -> bool:
        """Whether the form has a field of this key."""
        return any(field.key == key for field in self.fields)

    def indicator(self, order: int) -> Indicator:
        """The indicator of this number; KeyError when the rubric has none."""
        for indicator in self.indicators:
            if indicator.order == order:
                return indicator
        raise KeyError(order)

    def fields_in(self, section: int) -> tuple[Field, ...]:
        """A section's fields in the form's order."""
        return tuple(field for field in self.fields if field.section == section)

    @property
    def enterprise_fields(self) -> tuple[Field, ...]:
        """What the enterprise fills in."""
        return tuple(field for field in self.fields if field.filled_by == "enterprise")

    @property
    def city_fields(self) -> tuple[Field, ...]:
        """What the city fills in (section seven)."""
        return tuple(field for field in self.fields if field.filled_by == "city")
