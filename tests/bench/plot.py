#!/usr/bin/python3
"""plot.py - draws the pictures of the README from what make bench-json wrote:
ratios.svg, a bar for each goal, and latencies.svg, p50, p99 and p99.9.

Usage: plot.py JSON FOLDER
"""
import json
import math
import os
import sys
from xml.sax.saxutils import escape, quoteattr

WIDTH, MARGIN = 920, 16
ROW, BAR, THIN = 34, 12, 26  # heights of a row with two lines, of its bar, of a row with one
LEFT, RIGHT = 330, 690  # where the bars are
FAR = 2.5  # how many times its goal a bar may be long
MARKS = (("p50", "p50_us"), ("p99", "p99_us"), ("p99.9", "p999_us"))

# On a page of its own, since a picture is not told the colours around it.
STYLE = """
text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
.page { fill: #ffffff } .head { font-size: 16px; font-weight: 600 } .strong { font-weight: 600 }
.dim { font-size: 11px; fill: #59636e } .grid { stroke: #d1d9e0 } .goal { stroke: #1f2328; stroke-width: 1.5 }
.met { fill: #2f6fb3 } .missed { fill: #bc4c00 } text.missed { font-weight: 600 }
.span { stroke: #2f6fb3; stroke-width: 2 } .mark { fill: #2f6fb3; stroke: #2f6fb3; stroke-width: 2 } .open { fill: #ffffff }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .page { fill: #0d1117 } .dim { fill: #9198a1 } .grid { stroke: #3d444d } .goal { stroke: #e6edf3 }
.met { fill: #4493f8 } .missed { fill: #f0883e }
.span { stroke: #4493f8 } .mark { fill: #4493f8; stroke: #4493f8 } .open { fill: #0d1117 }
}
"""


class Picture:
    """Elements of an SVG, put down from top to bottom; y is where the next stands."""

    def __init__(self, title, under):
        self.title, self.parts, self.y = title, [], MARGIN + 16
        self.text(MARGIN, title, "head")
        self.y += 20
        self.text(MARGIN, under, "dim")
        self.y += 16

    def element(self, name, css, **numbers):
        values = "".join(f' {key}="{value:.1f}"' for key, value in numbers.items())
        self.parts.append(f"<{name} class={quoteattr(css)}{values}/>")

    def text(self, x, words, css="", anchor="start", down=0.0):
        self.parts.append(f'<text class={quoteattr(css)} x="{x:.1f}" y="{self.y + down:.1f}" '
                          f'text-anchor="{anchor}">{escape(words)}</text>')

    def save(self, path):
        height = self.y + MARGIN
        with open(path, "w", encoding="utf-8") as out:
            out.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img">\n'
                      f"<title>{escape(self.title)}</title>\n<style>{STYLE}</style>\n"
                      f'<rect class="page" width="{WIDTH}" height="{height:.0f}" rx="6"/>\n'
                      + "\n".join(self.parts) + "\n</svg>\n")


def said(document):
    """How it was measured, in a line."""
    cpu = f", {document['cpu']}" if document["cpu"] else ""
    return (f"medians of {document['runs']} runs of {document['seconds']:g} s; {document['cores']} cores{cpu}, "
            f"load before {document['load']:.1f}")


# ---- ratios --------------------------------------------------------------------


def draw_bar(picture, row, sign):
    """The bar of a row: as long as its ratio in units of its goal."""
    share = row["ratio"] / row["goal_ratio"]
    missed = row["verdict"] != "met"
    unit = (RIGHT - LEFT) / FAR
    picture.text(MARGIN, row["what"], down=13)
    picture.text(MARGIN, row["against"], "dim", down=27)
    picture.element("rect", "missed" if missed else "met", x=LEFT, y=picture.y + 6, height=BAR,
                    width=max(min(share, FAR) * unit, 1))
    picture.text(RIGHT + 3, "»" if share > FAR else "", "dim", down=16)
    picture.text(RIGHT + 62, f"{row['ratio']:.2f}", "strong", "end", down=17)
    picture.text(RIGHT + 72, f"{sign} {row['goal_ratio']:g}", "dim", down=17)
    if missed:
        picture.text(WIDTH - MARGIN, "missed" if row["verdict"] == "missed" else "wrong answers", "missed",
                     "end", down=17)
    picture.y += ROW


def draw_goals(picture, rows, sense, words, sign):
    rows = [row for row in rows if row["goal"] == sense and row["verdict"] != "left out"]
    if not rows:
        return
    goal = LEFT + (RIGHT - LEFT) / FAR
    picture.y += 22
    picture.text(MARGIN, words, "strong")
    picture.text(goal, "goal", "dim", "middle")
    picture.y += 6
    top = picture.y
    for row in rows:
        draw_bar(picture, row, sign)
    picture.element("line", "goal", x1=goal, x2=goal, y1=top, y2=picture.y)


def draw_ratios(document, path):
    rows = document["rows"]
    verdicts = [row["verdict"] for row in rows]
    missed = verdicts.count("missed") + verdicts.count("WRONG")
    picture = Picture("Against limits and peers",
                      f"{verdicts.count('met')} met, {missed} missed, {verdicts.count('left out')} left out; "
                      + said(document))
    draw_goals(picture, rows, "at least", "At least: a bar has to reach the line", "≥")
    draw_goals(picture, rows, "at most", "At most: a bar has to end before the line", "≤")
    for row in rows:
        if row["verdict"] == "left out":
            picture.y += 20
            picture.text(MARGIN, f"{row['what']}: left out, {row['note']}", "dim")
    picture.save(path)


# ---- latencies -----------------------------------------------------------------


def number(us):
    return f"{us:,.0f}" if us >= 10 else f"{us:.1f}"


def named(us):
    """A power of ten of microseconds, for people."""
    return f"{us:g} µs" if us < 1000 else f"{us / 1000:g} ms" if us < 1e6 else f"{us / 1e6:g} s"


def draw_mark(picture, name, x):
    y = picture.y + THIN / 2
    if name == "p50":
        picture.element("circle", "mark", cx=x, cy=y, r=4)
    elif name == "p99":
        picture.element("circle", "mark open", cx=x, cy=y, r=4)
    else:
        picture.element("line", "span", x1=x, x2=x, y1=y - 6, y2=y + 6)


def timed(rows):
    """Rows with latencies; what stands there against several peers, once."""
    found = {}
    for row in rows:
        if row["p50_us"] > 0 and row["what"] not in {other["what"] for other in found.values()}:
            found.setdefault(tuple(row[key] for _, key in MARKS), row)
    return list(found.values())


def draw_axis(picture, powers, place, height):
    for power in powers:
        picture.text(place(10.0 ** power), named(10.0 ** power), "dim", "middle")
        picture.element("line", "grid", x1=place(10.0 ** power), x2=place(10.0 ** power), y1=picture.y + 6,
                        y2=picture.y + 6 + height)
    picture.text(WIDTH - MARGIN, "p50 / p99 / p99.9 in µs", "dim", "end")
    picture.y += 6


def draw_latencies(document, path):
    rows = timed(document["rows"])
    times = [row[key] for row in rows for _, key in MARKS]
    low = math.floor(math.log10(min(times, default=1)))
    high = max(math.ceil(math.log10(max(times, default=10))), low + 1)

    def place(us):
        return LEFT + (RIGHT - LEFT) * (math.log10(us) - low) / (high - low)

    picture = Picture("Latencies", "dot p50, ring p99, end p99.9; " + said(document))
    picture.y += 14
    draw_axis(picture, range(low, high + 1), place, THIN * len(rows))
    for row in rows:
        picture.text(MARGIN, row["what"], down=THIN / 2 + 4)
        places = [(name, place(row[key])) for name, key in MARKS]
        picture.element("line", "span", x1=places[0][1], x2=places[-1][1], y1=picture.y + THIN / 2,
                        y2=picture.y + THIN / 2)
        for name, x in reversed(places):
            draw_mark(picture, name, x)
        picture.text(WIDTH - MARGIN, " / ".join(number(row[key]) for _, key in MARKS), "", "end", down=THIN / 2 + 4)
        picture.y += THIN
    picture.save(path)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    if not document["rows"]:
        sys.exit(f"{sys.argv[1]}: no rows")
    os.makedirs(sys.argv[2], exist_ok=True)
    draw_ratios(document, os.path.join(sys.argv[2], "ratios.svg"))
    draw_latencies(document, os.path.join(sys.argv[2], "latencies.svg"))


main()
