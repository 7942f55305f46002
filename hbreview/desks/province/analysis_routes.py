"""What the scores say: by indicator, city, programme and year."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from flask import Response, abort, make_response, render_template, request

from ...documents.analysis_table import AnalysisRow, analysis_csv
from ...evaluation.agreement import half_up
from ...evaluation.discrimination import Summary
from ...extensions import db
from ...programmes.loader import regions
from ...programmes.schema import PROGRAMMES, Indicator
from ...security import policy
from ...workflow.policy import Action
from . import analysis_queries
from .analysis_queries import Group, Narrowing, Part
from .routes import province


def _narrowing(rounds: Sequence[object]) -> Narrowing:
    """The filters of the address; 404 for a round, programme or city that there is not."""
    known = {
        "round": {getattr(line, "public_id", "") for line in rounds},
        "programme": set(PROGRAMMES),
        "city": {region.key for region in regions()},
    }
    given = {name: request.args.get(name, "") for name in known}
    if any(value and value not in known[name] for name, value in given.items()):
        abort(404)
    return Narrowing(**given)


@province.get("/analysis")
@policy(Action.SEE_ANALYSIS)
def analysis() -> Response:
    session = db.session()
    rounds = analysis_queries.rounds_with_scores(session)
    narrowing = _narrowing(rounds)
    return make_response(
        render_template(
            "province/analysis.html",
            rounds=rounds,
            narrowing=narrowing,
            asked={name: value for name, value in asdict(narrowing).items() if value},
            parts=analysis_queries.parts_of(session, narrowing),
            regions=regions(),
            half_up=half_up,
        )
    )


@province.get("/analysis.csv")
@policy(Action.SEE_ANALYSIS)
def analysis_file() -> Response:
    """The figures of the page, and the quartiles of each group besides."""
    session = db.session()
    narrowing = _narrowing(analysis_queries.rounds_with_scores(session))
    rows = [row for part in analysis_queries.parts_of(session, narrowing) for row in _rows(part)]
    response = make_response(analysis_csv(rows))
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="analysis.csv"'
    return response


def _rows(part: Part) -> Iterator[AnalysisRow]:
    yield AnalysisRow(part.programme, "全部", "全部", "", "总分", "", "分", _figures(part.totals, 1))
    for line in part.lines:
        found = line.separation
        figures = [
            *_figures(line.summary, 100),
            "" if found.correlation is None else str(half_up(found.correlation, 2)),
            str(half_up(found.full * 100, 1)),
            str(half_up(found.low * 100, 1)),
        ]
        yield _row(part, ("全部", "全部"), line.indicator, figures)
    for kind, groups in (("按市", part.cities), ("按年度", part.years)):
        for group in groups:
            yield from _group_rows(part, kind, group)


def _group_rows(part: Part, kind: str, group: Group) -> Iterator[AnalysisRow]:
    yield AnalysisRow(part.programme, kind, group.name.zh, "", "总分", "", "分", _figures(group.totals, 1))
    for line in part.lines:
        if line.indicator.order in group.indicators:
            figures = _figures(group.indicators[line.indicator.order], 100)
            yield _row(part, (kind, group.name.zh), line.indicator, figures)


def _row(part: Part, group: tuple[str, str], indicator: Indicator, figures: Sequence[str]) -> AnalysisRow:
    order, weight = str(indicator.order), format(indicator.weight.normalize(), "f")
    return AnalysisRow(part.programme, *group, order, indicator.name.zh, weight, "%", figures)


def _figures(found: Summary, scale: int) -> list[str]:
    middles = (found.mean, found.lower, found.median, found.upper)
    return [str(found.count), *[str(half_up(value * scale, 1)) for value in middles]]
