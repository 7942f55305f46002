"""The analysis of scores as one CSV table: a line for each group and indicator, and for each group's total."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from .spreadsheet_cells import safe_cell

HEADER = (
    "类别", "分组", "组别", "指标序号", "指标", "权重", "单位", "份数", "平均", "下四分位", "中位", "上四分位",
    "与其余得分的相关", "满分比例（%）", "低于六成比例（%）",
)  # fmt: skip
_WORDS = {"platform": "示范平台", "base": "示范基地"}


@dataclass(frozen=True, slots=True)
class AnalysisRow:
    """One line; the total has no ``order``. Figures are text, rounded already, and "" where there is none.

    ``unit``: 分 for totals, % for shares of the weight.
    """

    programme: str
    grouped_by: str
    group: str
    order: str
    indicator: str
    weight: str
    unit: str
    figures: Sequence[str]


def analysis_csv(rows: Sequence[AnalysisRow]) -> bytes:
    """UTF-8 with a mark, as Excel wants it; no text runs as a formula (I01), figures stay figures."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADER)
    for row in rows:
        texts = [safe_cell(text) for text in (_WORDS[row.programme], row.grouped_by, row.group)]
        figures = [*row.figures, *[""] * (len(HEADER) - 7 - len(row.figures))]
        writer.writerow([*texts, row.order, safe_cell(row.indicator), row.weight, row.unit, *figures])
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8")
