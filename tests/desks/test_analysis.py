"""The analysis of scores, reckoned again from the rows of the database."""

from __future__ import annotations

import csv
import html
import io
import random
import re
import statistics
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from hbreview.clock import now
from hbreview.documents.analysis_table import AnalysisRow, analysis_csv
from hbreview.extensions import db
from hbreview.model import Person, Round, Score, ScoreSheet, Submission
from hbreview.model.kept import programme_of
from hbreview.words import State
from tests.acts import sheet_hands as hands
from tests.desks.test_query_counts import count
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def score_many(world: World, wanted: int) -> None:
    """So many drafts, spread over the cities, put to scored with one or two sheets each."""

    def work(session: Session) -> None:
        dice = random.Random(wanted)
        rows = list(session.scalars(select(Submission).where(Submission.state == State.DRAFT)))
        experts = list(session.scalars(select(Person.id).where(Person.login.in_(["expert", "auditor"]))))
        for row in dice.sample(rows, wanted):
            session.execute(delete(Score).where(Score.sheet_id.in_(
                select(ScoreSheet.id).where(ScoreSheet.submission_id == row.id)
            )))  # fmt: skip
            session.execute(delete(ScoreSheet).where(ScoreSheet.submission_id == row.id))
            total = Fraction(0)
            seats = experts[: dice.randint(1, 2)]
            for expert in seats:
                sheet = ScoreSheet(submission_id=row.id, expert_id=expert, assigned_at=now(), handed_in_at=now())
                session.add(sheet)
                session.flush()
                for one in programme_of(session, row.programme_version_id).indicators:
                    points = Decimal(dice.randint(int(one.weight * 4), int(one.weight * 10))) / 10
                    session.add(Score(sheet_id=sheet.id, indicator=one.order, points=points))
                    total += Fraction(points) / len(seats)
            row.state = State.SCORED
            row.total = shown(total, 1)

    hands.do(world, work)


def shown(value: Fraction, places: int) -> Decimal:
    """Rounded half up; no figure here is negative."""
    exact = Decimal(value.numerator * 10**20 // value.denominator).scaleb(-20)
    return exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def percent(value: Fraction) -> str:
    return f"{shown(value * 100, 1)}%"


def shares(world: World, programme: str, region: str = "") -> dict[int, list[Fraction]]:
    """The mean share of the weight that each scored submission has, by indicator: row by row."""
    found: dict[int, list[Fraction]] = {}
    with world.app.app_context():
        session = db.session()
        query = select(Submission).where(Submission.programme == programme, Submission.state == State.SCORED)
        for row in session.scalars(query.where(Submission.region == region) if region else query):
            for one in programme_of(session, row.programme_version_id).indicators:
                given = session.scalars(
                    select(Score.points)
                    .join(ScoreSheet)
                    .where(
                        ScoreSheet.submission_id == row.id,
                        ScoreSheet.withdrawn_at.is_(None),
                        ScoreSheet.handed_in_at.is_not(None),
                        Score.indicator == one.order,
                    )
                )
                marks = [Fraction(str(value)) for value in given]
                found.setdefault(one.order, []).append(sum(marks, Fraction(0)) / len(marks) / Fraction(one.weight))
    return found


def figures(world: World, query: str = "") -> list[dict[str, str]]:
    answer = world.browser("province").get(f"/analysis.csv{query}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_figures_of_the_page_and_the_table_are_those_of_the_sheets(world: World) -> None:
    score_many(world, 40)
    text = html.unescape(world.browser("province").get("/analysis?programme=platform").get_data(as_text=True))
    table = [row for row in figures(world, "?programme=platform") if row["分组"] == "全部" and row["指标序号"]]
    expected = shares(world, "platform")
    assert [int(row["指标序号"]) for row in table] == sorted(expected)
    for row in table:
        own = expected[int(row["指标序号"])]
        quarters = statistics.quantiles(own, n=4, method="inclusive") if len(own) > 1 else [own[0]] * 3
        means = (Fraction(statistics.mean(own)), *map(Fraction, quarters))
        assert row["份数"] == str(len(own))
        assert [row[name] for name in ("平均", "下四分位", "中位", "上四分位")] == [
            str(shown(v * 100, 1)) for v in means
        ]
        assert row["满分比例（%）"] == str(shown(Fraction(sum(v == 1 for v in own), len(own)) * 100, 1))
        low = Fraction(sum(v < Fraction(3, 5) for v in own), len(own))
        assert row["低于六成比例（%）"] == str(shown(low * 100, 1))
        assert -1 <= Decimal(row["与其余得分的相关"]) <= 1
        line = re.search(rf'<span class="order">{row["指标序号"]}</span>(.*?)</tr>', text)
        assert line
        cells = re.findall(r'<td class="num">([^<]*)</td>', line.group(1))
        assert cells[1:5] == [percent(v) for v in means]
        assert cells[5] == row["与其余得分的相关"]


@only_sqlite
def test_cities_years_and_totals_are_told_apart(world: World) -> None:
    score_many(world, 60)
    rows = figures(world)
    with world.app.app_context():
        query = select(Submission.programme, Submission.region, Submission.total, Submission.organisation_name)
        scored = list(db.session.execute(query.where(Submission.state == State.SCORED)))
    totals = [row for row in rows if row["指标"] == "总分" and row["分组"] == "按市"]
    assert sum(int(row["份数"]) for row in totals) == len(scored) == 62
    assert {row["组别"] for row in rows if row["分组"] == "按年度"} == {"2019"}
    region = scored[0].region
    own = shares(world, "platform", region)
    narrowed = [
        r for r in figures(world, f"?city={region}&programme=platform") if r["分组"] == "按市" and r["指标序号"]
    ]
    assert {int(row["指标序号"]): row["平均"] for row in narrowed} == {
        order: str(shown(sum(values, Fraction(0)) / len(values) * 100, 1)) for order, values in own.items()
    }
    page = html.unescape(world.browser("province").get("/analysis").get_data(as_text=True))
    histograms = re.findall(r"chart-histogram.*?</table>", page, re.S)
    for programme, found in zip(("platform", "base"), histograms, strict=True):
        counted = [int(number) for number in re.findall(r'<td class="num">(\d+)</td>', found)]
        expected = [0] * 20
        for one in scored:
            if one.programme == programme:
                expected[min(int(one.total) // 5, 19)] += 1
        filled = [place for place, number in enumerate(expected) if number]
        assert counted == expected[filled[0] : filled[-1] + 1]


@only_sqlite
def test_a_sheet_that_is_withdrawn_or_not_in_counts_for_nothing(world: World) -> None:
    submission, before = world.submission("scored"), figures(world)
    hands.put_sheet(world, submission, "second", "0.1", handed_in=False)
    assert figures(world) == before
    hands.put_sheet(world, submission, "second", "0.1")
    assert figures(world) != before
    withdrawn = update(ScoreSheet).where(ScoreSheet.expert_id == hands.person(world, "second").id)
    hands.do(world, lambda session: session.execute(withdrawn.values(withdrawn_at=now())))
    assert figures(world) == before


@only_sqlite
def test_narrowing_to_what_there_is_not_is_no_page(world: World) -> None:
    province = world.browser("province")
    for query in ("?round=nothing", "?programme=park", "?city=beijing"):
        assert province.get(f"/analysis{query}").status_code == 404
        assert province.get(f"/analysis.csv{query}").status_code == 404
    with world.app.app_context():
        round_id = db.session.scalars(select(Round.public_id)).one()
    page = province.get(f"/analysis?round={round_id}&city=dingzhou").get_data(as_text=True)
    assert 'href="/analysis.csv?round=' in page
    hands.do(world, lambda session: session.execute(update(Submission).values(state=State.DRAFT)))
    assert province.get("/analysis").status_code == 200
    assert len(figures(world)) == 0


@only_sqlite
def test_analysis_is_the_provinces(world: World) -> None:
    for path in ("/analysis", "/analysis.csv"):
        for login in ("expert", "auditor", "admin", "city-baoding"):
            assert world.browser(login).get(path).status_code == 403
        assert world.stranger().get(path).status_code == 303


@only_sqlite
def test_charts_stand_beside_their_tables_and_bring_no_styles(world: World) -> None:
    page = world.browser("province").get("/analysis").get_data(as_text=True)
    assert page.count('role="img"') == page.count("<desc>") == page.count("<figure")
    assert page.count("<figure") == page.count("</table></div>\n</div></figure>")
    assert not re.search(r"<(svg|rect|text|g)[^>]* style=", page)
    assert "<script>" not in page


@only_sqlite
def test_analysis_takes_the_same_statements_however_much_is_scored(world: World) -> None:
    province = world.browser("province")
    for more in (0, 3, 60):
        score_many(world, more)
        assert count(world, province, "/analysis") == 4
        assert count(world, province, "/analysis.csv") == 4


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1"])
def test_no_text_of_the_table_runs_as_a_formula(text: str) -> None:
    """I01. Figures stay figures, a negative correlation too."""
    row = AnalysisRow("platform", "按市", text, "1", text, "6", "%", ["3", "1.0", "1.0", "1.0", "1.0", "-0.25"])
    line = list(csv.reader(io.StringIO(analysis_csv([row]).decode("utf-8-sig"))))[1]
    assert (line[2], line[4], line[12]) == (f"'{text}", f"'{text}", "-0.25")
    assert len(line) == 15
