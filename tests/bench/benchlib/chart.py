"""The results as a picture: a panel of bars for each scenario, each panel with a scale of its own."""

from xml.sax.saxutils import escape

from .scenarios import UNITS
from .table import number, of_unit

WIDTH = 760
LABEL_WIDTH = 120
BAR_WIDTH = 480
ROW = 24
PANEL_HEAD = 44
MARGIN = 20
CLIP = 2.5  # a bar this much longer than the second longest is cut, so that the others show
COLOURS = {"cgw": "#1f6f8b", "floor": "#8a8f98", "nginx": "#6a9955", "h2o": "#b58900",
           "uvicorn": "#a05195"}
OWN = COLOURS["cgw"]


def text(x, y, words, size=13, anchor="start", weight="normal", fill="#222"):
    return (f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}"'
            f' font-weight="{weight}" fill="{fill}">{escape(words)}</text>')


def scale_of(values):
    """The value that takes the whole width."""
    ordered = sorted(values, reverse=True)
    if len(ordered) > 1 and ordered[0] > CLIP * ordered[1]:
        return ordered[1] * CLIP
    return ordered[0]


def bar(y, label, value, scale):
    cut = value > scale
    width = max(BAR_WIDTH * min(value / scale, 1), 1)
    colour = COLOURS.get(label, OWN)
    yield text(MARGIN + LABEL_WIDTH - 8, y + 15, label, anchor="end",
               weight="bold" if label.startswith("cgw") else "normal")
    yield (f'<rect x="{MARGIN + LABEL_WIDTH}" y="{y + 3}" width="{width:.1f}" height="{ROW - 8}"'
           f' rx="2" fill="{colour}"/>')
    if cut:
        x = MARGIN + LABEL_WIDTH + width - 26
        yield (f'<path d="M{x:.1f} {y + ROW - 3} l6 -{ROW - 4} h6 l-6 {ROW - 4} z" fill="#fff"/>')
    yield text(MARGIN + LABEL_WIDTH + width + 8, y + 15, number(value))


def panel(top, result):
    """The drawing of one scenario and its height."""
    parts = [text(MARGIN, top + 18, result["title"], size=15, weight="bold"),
             text(MARGIN, top + 35, subtitle(result), size=12, fill="#666")]
    bars = {label: figures[result["metric"]] for label, figures in result["servers"].items()}
    scale = scale_of([max(value, 0) for value in bars.values()]) or 1
    y = top + PANEL_HEAD
    for label, value in bars.items():
        parts += bar(y, label, value, scale)
        y += ROW
    return parts, y - top + 18


def subtitle(result):
    better = "more is better" if result["metric"] in ("rate", "mb_s") else "less is better"
    words = [f"{UNITS[result['metric']]}, {better}"]
    for target in result["targets"]:
        if target["ratio"] is None or not isinstance(target["against"], str):
            continue
        words.append(f"{target['subject']} is {target['ratio']:.2f} × {target['against']}"
                     f"{of_unit(target, result['metric'])} (aim {target['target']})")
    return "   ·   ".join(words)


def draw(results, machine):
    """The whole picture, as a string of SVG."""
    parts, y = [], MARGIN
    parts.append(text(MARGIN, y + 16, "cgw: one worker on one core", size=19, weight="bold"))
    parts.append(text(MARGIN, y + 36, f"{machine['cpu']}, Linux {machine['kernel']}; medians",
                      size=12, fill="#666"))
    y += 56
    for result in results:
        if result["servers"]:
            drawn, height = panel(y, result)
            parts += drawn
            y += height
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}"'
            f' viewBox="0 0 {WIDTH} {y}" font-family="Helvetica, Arial, sans-serif">')
    return "\n".join([head, f'<rect width="{WIDTH}" height="{y}" fill="#fff"/>', *parts,
                      "</svg>\n"])
