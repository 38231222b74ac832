"""The two charts, as Altair charts: swim lanes of events, and a balance over time.

The report embeds their specifications and feeds them named data sets from its script; a notebook passes frames and
shows them directly. Times are wall-clock milliseconds of the display zone, drawn on a UTC axis, so that the browser's own
zone never matters. Colours are mid-tones that read on white and on black; shape repeats what colour says. The ink
follows the parameter `ink`, and the visible span the parameters `t0` and `t1`, which the script sets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

MARKS: Final = ("for", "against", "bad", "other")
COLOURS: Final = {"for": "#d1442f", "against": "#1f83c9", "bad": "#b07a00", "other": "#7d8794"}
SHAPES: Final = {"for": "diamond", "against": "square", "bad": "triangle-up", "other": "circle"}
SIZES: Final = {"for": 150, "against": 130, "bad": 70, "other": 42}
LANE_HEIGHT: Final = 74
INK: Final = "#3d4650"

_AXIS_TIME: Final = (
    "(t1 - t0) <= 2000 ? utcFormat(datum.value, '%H:%M:%S.%L') : "
    "(t1 - t0) <= 600000 ? utcFormat(datum.value, '%H:%M:%S') : "
    "(t1 - t0) <= 129600000 ? (utcFormat(datum.value, '%H:%M') == '00:00' ? "
    "utcFormat(datum.value, '%m-%d') : utcFormat(datum.value, '%H:%M')) : "
    "(t1 - t0) <= 864000000 ? utcFormat(datum.value, '%m-%d %H:%M') : utcFormat(datum.value, '%Y-%m-%d')"
)


def timeline_chart(
    data: pl.DataFrame | str,
    *,
    lanes: Sequence[str],
    span: tuple[float, float],
    words: Mapping[str, str],
    cited: pl.DataFrame | str | None = None,
    chosen: pl.DataFrame | str | None = None,
    gaps: Sequence[Mapping[str, Any]] = (),
    observed: float | None = None,
    legend: bool = True,
) -> alt.LayerChart:
    """Events as marks in one lane per system; cited ones are larger and carry their number.

    Args:
        data: the name of a data set, or a frame, with `t` (ms), `y` (lane from 0 at the top, plus 0…1 inside it), `mark` (one
            of MARKS), `size` (of SIZES); drawn in order, so rows to lie on top come last.
        lanes: lane labels from top to bottom.
        span: visible start and end, ms.
        words: labels of MARKS, and `observed`.
        cited: like `data`: `t`, `y` and `label` of what is numbered.
        chosen: like `data`: `t` and `y` of what is ringed.
        gaps: `{"y", "y2", "since", "until"}` where a source is silent, ms.
        observed: the moment of observation, ms.
        legend: draw the legend of marks; the report has its own.
    """
    import altair as alt

    time = _time_axis(alt)
    x = alt.X("t:T", scale=time.scale, axis=time.axis, title=None)
    y = _lanes(alt, lanes)
    bands = (
        alt.Chart(alt.InlineData(values=[{"y": n + 0.03, "y2": n + 0.97} for n in range(len(lanes))]))
        .mark_rect(fill="#8a94a0", opacity=0.1)
        .encode(y=y, y2="y2")
    )
    holes = (
        alt.Chart(alt.InlineData(values=[dict(gap) for gap in gaps]))
        .mark_rect(fill="#b07a00", opacity=0.18, stroke="#b07a00", strokeDash=[3, 3], strokeOpacity=0.9, clip=True)
        .encode(x=alt.X("since:T", scale=time.scale, axis=time.axis, title=None), x2="until", y=y, y2="y2")
    )
    key = _legend(alt, words) if legend else None
    marks = (
        alt.Chart(_source(alt, data))
        .mark_point(filled=True, clip=True, invalid=None, opacity=0.85)
        .encode(
            x=x,
            y=y,
            color=alt.Color("mark:N", scale=_range(alt, COLOURS), legend=key),
            shape=alt.Shape("mark:N", scale=_range(alt, SHAPES), legend=key),
            size=alt.Size("size:Q", scale=None, legend=None),
        )
    )
    layers = [bands, *([holes] if gaps else []), marks]
    if chosen is not None:
        ring = alt.Chart(_source(alt, chosen)).mark_point(
            filled=False, invalid=None, size=420, strokeWidth=2.5, clip=True, stroke=alt.expr("ink")
        )
        layers.append(ring.encode(x=x, y=y))
    if cited is not None:
        layers.append(
            alt.Chart(_source(alt, cited))
            .mark_text(dy=-14, invalid=None, fontSize=11, fontWeight="bold", clip=True, fill=alt.expr("ink"))
            .encode(x=x, y=y, text="label:N")
        )
    layers += _observed(alt, time, observed, words)
    chart: alt.LayerChart = _finish(alt, alt.layer(*layers), span, height=LANE_HEIGHT * max(len(lanes), 1))
    return chart


def balance_chart(
    data: pl.DataFrame | str,
    *,
    span: tuple[float, float],
    words: Mapping[str, str],
    physical: bool = False,
    observed: float | None = None,
) -> alt.LayerChart:
    """A book balance as steps, what is below zero filled, and the physical quantity where it is known.

    Args:
        data: the name of a data set, or a frame, with `t` (ms), `b` (balance), `p` (physical or null), `s` (series).
        span: visible start and end, ms.
        words: `book`, `physical`, `below`, `observed`.
        physical: whether `p` has values.
        observed: the moment of observation, ms.
    """
    import altair as alt

    source = _source(alt, data)
    time = _time_axis(alt)
    x = alt.X("t:T", scale=time.scale, axis=time.axis, title=None)
    kinds = [words["book"], words["below"], *([words["physical"]] if physical else [])]
    paint = alt.Color(
        "what:N",
        scale=alt.Scale(domain=kinds, range=["#1f83c9", "#d1442f", "#2f8f4e"][: len(kinds)]),
        legend=alt.Legend(title=None, orient="top", symbolType="square", labelLimit=300),
    )
    room = alt.Scale(padding=8, nice=False)
    title = alt.Axis(title=words["quantity"], titleFontSize=12, tickMinStep=1, gridOpacity=0.28)
    base = alt.Chart(source).transform_filter("datum.s === series")
    below = (
        base.transform_calculate(low="min(datum.b, 0)", what=f"'{_quoted(words['below'])}'")
        .mark_area(interpolate="step-after", opacity=0.35, clip=True)
        .encode(x=x, y=alt.Y("low:Q", axis=title, scale=room), y2=alt.datum(0), color=paint)
    )
    line = (
        base.transform_calculate(what=f"'{_quoted(words['book'])}'")
        .mark_line(interpolate="step-after", strokeWidth=2, clip=True)
        .encode(x=x, y=alt.Y("b:Q", axis=title, scale=room), color=paint)
    )
    zero = (
        alt.Chart(alt.InlineData(values=[{"y": 0}])).mark_rule(strokeWidth=1.2, stroke=alt.expr("ink")).encode(y="y:Q")
    )
    layers = [below, line, zero]
    if physical:
        layers.append(
            base.transform_filter("isValid(datum.p)")
            .transform_calculate(what=f"'{_quoted(words['physical'])}'")
            .mark_line(interpolate="step-after", strokeDash=[5, 4], strokeWidth=1.8, point={"shape": "square", "size": 45}, clip=True)
            .encode(x=x, y=alt.Y("p:Q", axis=title, scale=room), color=paint)
        )  # fmt: skip
    layers += _observed(alt, time, observed, words)
    drawn = _finish(alt, alt.layer(*layers), span, height=240)
    chart: alt.LayerChart = drawn.add_params(alt.param(name="series", value=""))
    return chart


class _time_axis:  # noqa: N801 - a small record of the two things that every layer shares
    def __init__(self, alt: Any) -> None:
        self.scale = alt.Scale(type="utc", domainRaw=alt.expr("[t0, t1]"), nice=False)
        self.axis = alt.Axis(
            labelExpr=_AXIS_TIME, labelFontSize=12, tickCount=8, labelOverlap="greedy", gridOpacity=0.28
        )


def _lanes(alt: Any, lanes: Sequence[str]) -> Any:
    names = "".join(f"datum.value == {n + 0.5} ? '{_quoted(name)}' : " for n, name in enumerate(lanes)) + "''"
    axis = alt.Axis(values=[n + 0.5 for n in range(len(lanes))], labelExpr=names, labelFontSize=13, labelLimit=150,
                    domain=False, ticks=False, grid=False, labelPadding=8)  # fmt: skip
    scale = alt.Scale(domain=[0, max(len(lanes), 1)], reverse=True, nice=False, zero=False)
    return alt.Y("y:Q", title=None, scale=scale, axis=axis)


def _source(alt: Any, data: pl.DataFrame | str) -> Any:
    # milliseconds need no parsing, and the report's rows are clean: two passes over 50,000 rows saved
    return alt.NamedData(name=data, format=alt.DataFormat(parse=None)) if isinstance(data, str) else data


def _range(alt: Any, values: Mapping[str, Any]) -> Any:
    return alt.Scale(domain=list(MARKS), range=[values[mark] for mark in MARKS])


def _legend(alt: Any, words: Mapping[str, str]) -> Any:
    text = "".join(f"datum.value == '{mark}' ? '{_quoted(words[mark])}' : " for mark in MARKS[:-1])
    return alt.Legend(
        title=None,
        orient="top",
        labelExpr=f"{text}'{_quoted(words['other'])}'",
        symbolSize=90,
        labelLimit=300,
        columns=2,
    )


def _observed(alt: Any, time: _time_axis, observed: float | None, words: Mapping[str, str]) -> list[Any]:
    if observed is None:
        return []
    base = alt.Chart(alt.InlineData(values=[{"t": observed, "label": words["observed"]}])).encode(
        x=alt.X("t:T", scale=time.scale)
    )
    return [
        base.mark_rule(strokeWidth=1.6, strokeDash=[6, 3], stroke=alt.expr("ink"), clip=True),
        base.mark_text(align="left", dx=5, dy=8, fontSize=12, fill=alt.expr("ink"), clip=True).encode(
            text="label:N", y=alt.value(0)
        ),
    ]


def _finish(alt: Any, chart: Any, span: tuple[float, float], *, height: int) -> Any:
    ink, font = alt.expr("ink"), "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
    return (
        chart.add_params(
            alt.param(name="t0", value=span[0]),
            alt.param(name="t1", value=span[1]),
            alt.param(name="ink", value=INK),
        )
        .properties(width="container", height=height, background="transparent", padding=4)
        .configure(font=font, aria=False, autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
        .configure_view(stroke=None)
        .configure_axis(labelColor=ink, titleColor=ink, gridColor="#8a94a0", tickColor="#8a94a0", domainColor="#8a94a0")
        .configure_legend(labelColor=ink, labelFontSize=12, offset=6)
    )


def _quoted(text: str) -> str:
    """A label inside a Vega expression's single quotes; labels are the product's own words, but a quote stays a quote."""
    return text.replace("\\", "\\\\").replace("'", "\\'")
