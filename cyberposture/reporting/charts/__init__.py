"""Where the marks of each chart stand: plain geometry, which the templates' macros draw as SVG.

Lengths along the scale are shares of the drawing's width, so that a chart fits any screen while its
text keeps its size. Nothing here is a colour or a word that is not handed in.
"""

from cyberposture.reporting.charts.bars import (
    Bar,
    Column,
    Distribution,
    Funnel,
    Segment,
    Step,
    bar_of,
    distribution_of,
    funnel_of,
)
from cyberposture.reporting.charts.grids import Cell, Matrix, MatrixRow, matrix_of
from cyberposture.reporting.charts.scale import Mark, Span, Tick, at, place_of, span, ticks_of
from cyberposture.reporting.charts.series import (
    Panel,
    Stack,
    Stacks,
    Trend,
    panel_of,
    stacks_of,
    trend_of,
)
from cyberposture.reporting.charts.standing import (
    Ceiling,
    ChartRow,
    DomainChart,
    Side,
    Strip,
    row_of,
    scale_of,
    strip_of,
)

__all__ = [
    "Bar",
    "Ceiling",
    "Cell",
    "ChartRow",
    "Column",
    "Distribution",
    "DomainChart",
    "Funnel",
    "Mark",
    "Matrix",
    "MatrixRow",
    "Panel",
    "Segment",
    "Side",
    "Span",
    "Stack",
    "Stacks",
    "Step",
    "Strip",
    "Tick",
    "Trend",
    "at",
    "bar_of",
    "distribution_of",
    "funnel_of",
    "matrix_of",
    "panel_of",
    "place_of",
    "row_of",
    "scale_of",
    "span",
    "stacks_of",
    "strip_of",
    "ticks_of",
    "trend_of",
]
