"""The day's charts as drawings that need nothing else, each with the table of what is drawn."""

from __future__ import annotations

from html import escape

from edge.run.simulate.day.page import Chart

WIDTH, HEIGHT, FOOT = 420, 130, 20
LABELS_MAX = 6
"""So many labels stand under columns; the table has all."""


def drawn(chart: Chart) -> str:
    """Return one chart as a figure."""
    drawing = _bars(chart) if chart.lying else _columns(chart)
    note = f'<p class="note">{escape(chart.note)}</p>' if chart.note else ""
    head = f"<h2>{escape(chart.title)}</h2>{_key(chart)}"
    return f'<section class="chart">{head}{drawing}{note}{_table(chart)}</section>'


def _key(chart: Chart) -> str:
    if len(chart.series) < 2:
        return ""
    names = "".join(
        f'<li><i class="s{number}"></i>{escape(name)}</li>' for number, (name, _) in enumerate(chart.series)
    )
    return f'<ul class="key">{names}</ul>'


def _columns(chart: Chart) -> str:
    """Columns on one another, from left to right."""
    sums = [sum(values[at] for _, values in chart.series) for at in range(len(chart.labels))]
    most, step = max([1, *sums]), WIDTH / max(1, len(chart.labels))
    parts = []
    for at, label in enumerate(chart.labels):
        top = float(HEIGHT)
        for number, (_, values) in enumerate(chart.series):
            high = values[at] * (HEIGHT - 14) / most
            top -= high
            parts.append(
                f'<rect class="s{number}" x="{at * step + 1:.1f}" y="{top:.1f}"'
                f' width="{max(1.0, step - 2):.1f}" height="{high:.1f}"/>'
            )
        if at % -(-len(chart.labels) // LABELS_MAX) == 0:
            parts.append(f'<text x="{at * step + 1:.1f}" y="{HEIGHT + FOOT - 5}">{escape(label)}</text>')
    size = f'viewBox="0 0 {WIDTH} {HEIGHT + FOOT}"'
    return (
        f'<svg {size} role="img" aria-label="{escape(chart.title)}; the most is {most:,}">'
        f'<text x="0" y="11">{most:,}</text>{"".join(parts)}</svg>'
    )


def _bars(chart: Chart) -> str:
    [(_, values)] = chart.series
    most = max([1, *values])
    rows = "".join(
        f'<div class="bar"><span>{escape(label)}</span>'
        f'<span class="line"><i class="s0" style="width:{100 * value / most:.1f}%"></i></span>'
        f"<b>{value:,}</b></div>"
        for label, value in zip(chart.labels, values, strict=True)
    )
    return f'<div aria-hidden="true">{rows}</div>'


def _table(chart: Chart) -> str:
    heads = "".join(
        f'<th scope="col">{escape(one)}</th>' for one in (chart.what, *(n for n, _ in chart.series))
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(label)}</th>'
        + "".join(f"<td>{values[at]:,}</td>" for _, values in chart.series)
        + "</tr>"
        for at, label in enumerate(chart.labels)
    )
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<details><summary>As a table</summary>{table}</details>"
