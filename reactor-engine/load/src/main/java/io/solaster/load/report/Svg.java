package io.solaster.load.report;

import java.util.Formatter;
import java.util.Locale;

/** A chart as SVG. Its colours come from the page. */
final class Svg implements Canvas {
    private final Formatter svg = new Formatter(Locale.ROOT);

    Svg(String title) {
        svg.format("<svg viewBox='0 0 %d %d' role='img' aria-label='%s'>%n", Chart.WIDTH, Chart.HEIGHT,
                Html.escaped(title));
    }

    @Override
    public void line(Ink ink, double x1, double y1, double x2, double y2) {
        svg.format("<line class='%s' x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f'/>%n", style(ink), x1, y1, x2, y2);
    }

    @Override
    public void text(Ink ink, double x, double y, Anchor anchor, String text) {
        svg.format("<text class='%s' x='%.1f' y='%.1f' text-anchor='%s'>%s</text>%n", style(ink), x, y,
                anchor.name().toLowerCase(Locale.ROOT), Html.escaped(text));
    }

    @Override
    public void path(Ink ink, double[] xs, double[] ys) {
        svg.format("<path class='%s' d='", style(ink));
        boolean drawing = false;
        for (int i = 0; i < xs.length; i++) {
            if (!Double.isNaN(ys[i])) {
                svg.format("%s%.1f %.1f", drawing ? "L" : "M", xs[i], ys[i]);
            }
            drawing = !Double.isNaN(ys[i]);
        }
        svg.format("'/>%n");
    }

    private static String style(Ink ink) {
        return ink.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String toString() {
        return svg + "</svg>\n";
    }
}
