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


def between(before: Standing, after: Standing, *, touched: Iterable[str], since: int) -> Delta:
    """What differs. ``touched`` are the keys that were sent; ``since`` is the version that was on the screen.

    A field that a colleague changed since then comes along, with everything that may follow from it: the page
    moves to the newest version, so it must not hide what it skipped.
    """
    sent = set(touched)
    others = {key for key, version in after.versions.items() if version > since} - sent
    everything = bool({key for key in others if key in before.versions and before.versions[key] > since})
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
        zones=tuple(field for field in zones if field.key not in shown),
        found=tuple(key for key in was if key not in now),
        lacking=tuple(reason for key, reason in now.items() if key not in was),
        sections=tuple(n for n, count in after.progress.items() if everything or count != before.progress[n]),
        findings=everything or _standing_out(before) != _standing_out(after),
    )


def _derived_differs(field: Field, before: Standing, after: Standing) -> bool:
    key = field.key
    return (before.shown.get(key), before.sources.get(key)) != (after.shown.get(key), after.sources.get(key))


def _zones(before: Standing, after: Standing, *, sent: set[str], everything: bool) -> list[Field]:
    """The fields beside which other findings stand now, or whose remark was just sent."""
    was, now = _by_field(before.findings), _by_field(after.findings)
    remarked = {key.rpartition(".")[2] for key in sent if remarks.is_remark(key)}
    changed = {key for key in was.keys() | now.keys() if everything or was.get(key) != now.get(key)}
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
