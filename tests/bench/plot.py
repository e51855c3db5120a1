"""Plots as SVG, by hand, side by side: both axes logarithmic."""
import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 400, 320, 62, 18, 52, 46
COLOURS = ["#1f6feb", "#d1242f", "#1a7f37", "#9a6700"]


def powers(values):
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def log_log(left, title, x_label, y_label, series):
    """One plot, left pixels from the left. series: (name, [(x, y), ...]), all above 0."""
    x0, x1 = powers([x for _, points in series for x, _ in points])
    y0, y1 = powers([y for _, points in series for _, y in points])

    def at(x, y):
        return (LEFT + (math.log10(x) - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT),
                HEIGHT - BOTTOM - (math.log10(y) - y0) / (y1 - y0) * (HEIGHT - TOP - BOTTOM))

    out = [f'<g transform="translate({left} 0)">', f'<text x="{LEFT}" y="18" font-size="14">{escape(title)}</text>']
    for power in range(x0, x1 + 1):
        x = at(10 ** power, 10 ** y0)[0]
        out.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>'
                   f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{10 ** power:,}</text>')
    for power in range(y0, y1 + 1):
        y = at(10 ** x0, 10 ** power)[1]
        out.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{10 ** power:g}</text>')
    for i, (name, points) in enumerate(series):
        colour = COLOURS[i % len(COLOURS)]
        places = [at(x, y) for x, y in points]
        out.append(f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}" fill="none" '
                   f'stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in places]
        out.append(f'<text x="{LEFT + 8 + 150 * i}" y="{TOP - 8}" fill="{colour}">{escape(name)}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x_label)}'
               f'</text><text x="4" y="{TOP - 22}">{escape(y_label)}</text></g>')
    return out


def page(plots):
    """plots: the arguments of log_log, but for left."""
    width = WIDTH * len(plots)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" font-family="sans-serif" '
           'font-size="12">', f'<rect width="{width}" height="{HEIGHT}" fill="#fff"/>']
    for i, plot in enumerate(plots):
        out += log_log(i * WIDTH, *plot)
    return "\n".join(out + ["</svg>"]) + "\n"
