"""What of a form's page changes when some fields are saved: only that goes back to the browser."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...acts.standing import Standing
from ...evaluation import remarks
from ...evaluation.checks import Finding
from ...programmes.schema import Field
from ...words import Reason


@dataclass(frozen=True, slots=True)
class Delta:
    """The parts to send: fields, findings beside other fields, what is no longer or newly missing, counts."""

    fields: tuple[Field, ...]
    zones: tuple[Field, ...]
    found: tuple[str, ...]
    lacking: tuple[Reason, ...]
    sections: tuple[int, ...]
    findings: bool
    whole: bool
    gone: tuple[str, ...]
    new: tuple[Finding, ...]


def between(before: Standing, after: Standing, *, touched: Iterable[str], since: int, skipped: bool = False) -> Delta:
    """What differs. ``touched`` are the keys that were sent; ``since`` is the version that was on the screen, and
    ``skipped`` says that others did something between that version and this save.

    A field that a colleague changed since then comes along, with everything that may follow from it: the page
    moves to the newest version, so it must not hide what it skipped.
    """
    sent = set(touched)
    others = {key for key, version in after.versions.items() if version > since} - sent
    everything = skipped or any(version > since for version in before.versions.values())
    fields = tuple(
        field
        for field in after.programme.enterprise_fields
        if field.key in sent | others or (field.derived and (everything or _derived_differs(field, before, after)))
    )
    shown = {field.key for field in fields}
    zones = _zones(before, after, sent=sent, everything=everything)
    was, now = ({reason.field: reason for reason in form.missing} for form in (before, after))
    return Delta(
        fields=fields,
        # The findings on a cell of the table stand below the table, not in the cell.
        zones=tuple(field for field in zones if field.matrix_row or field.key not in shown),
        found=tuple(key for key, reason in was.items() if now.get(key) != reason),
        lacking=tuple(reason for key, reason in now.items() if was.get(key) != reason),
        sections=tuple(n for n, count in after.progress.items() if everything or count != before.progress[n]),
        findings=everything or _standing_out(before) != _standing_out(after),
        whole=everything,
        gone=tuple(one.key for one in before.findings if one.key not in {new.key for new in after.findings}),
        new=tuple(one for one in after.findings if one.key not in {old.key for old in before.findings}),
    )


def _derived_differs(field: Field, before: Standing, after: Standing) -> bool:
    key = field.key
    return (before.shown.get(key), before.sources.get(key)) != (after.shown.get(key), after.sources.get(key))


def _zones(before: Standing, after: Standing, *, sent: set[str], everything: bool) -> list[Field]:
    """The fields beside which other findings stand now, or whose remark was just sent."""
    if everything:  # what was found at ``since`` is not known any more
        return list(after.programme.enterprise_fields)
    was, now = _by_field(before.findings), _by_field(after.findings)
    remarked = {key.rpartition(".")[2] for key in sent if remarks.is_remark(key)}
    changed = {key for key in was.keys() | now.keys() if was.get(key) != now.get(key)}
    return [field for field in after.programme.enterprise_fields if field.key in changed | remarked]


def _by_field(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.fields[0], []).append(finding)
    return found


def _standing_out(form: Standing) -> list[tuple[str, bool]]:
    """Which findings the summary lists, and which of them still want a remark."""
    wanting = {finding.key for finding in form.unremarked}
    return [(finding.key, finding.key in wanting) for finding in form.findings]
