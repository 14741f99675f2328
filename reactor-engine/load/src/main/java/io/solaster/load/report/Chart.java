package io.solaster.load.report;

import java.util.Formatter;
import java.util.Locale;
import java.util.function.DoubleFunction;

/** One chart as SVG: a frame, a grid with labels, and what is drawn in it. Colours come from the page. */
final class Chart {
    private static final int WIDTH = 900;
    private static final int HEIGHT = 300;
    private static final int LEFT = 76;
    private static final int RIGHT = 16;
    private static final int TOP = 26;
    private static final int BOTTOM = 30;

    private final Formatter svg = new Formatter(Locale.ROOT);
    private final double lowX;
    private final double highX;
    private final double lowY;
    private final double highY;
    private final boolean isLog;
    private int legendAt = LEFT + 4;

    /** @param isLog whether the values go by their logarithm; they are above 0 then */
    Chart(String title, double lowX, double highX, double lowY, double highY, boolean isLog) {
        this.lowX = lowX;
        this.highX = Math.max(highX, lowX + 1e-9);
        this.isLog = isLog;
        this.lowY = isLog ? Math.log10(lowY) : lowY;
        this.highY = Math.max(isLog ? Math.log10(highY) : highY, this.lowY + 1e-9);
        svg.format("<svg viewBox='0 0 %d %d' role='img' aria-label='%s'>%n", WIDTH, HEIGHT, Html.escaped(title));
        svg.format("<rect class='frame' x='%d' y='%d' width='%d' height='%d'/>%n", LEFT, TOP, WIDTH - LEFT - RIGHT,
                HEIGHT - TOP - BOTTOM);
    }

    private double x(double value) {
        return LEFT + (Math.clamp(value, lowX, highX) - lowX) / (highX - lowX) * (WIDTH - LEFT - RIGHT);
    }

    private double y(double value) {
        double scaled = isLog ? Math.log10(Math.max(value, 1e-300)) : value;
        return HEIGHT - BOTTOM - (Math.clamp(scaled, lowY, highY) - lowY) / (highY - lowY) * (HEIGHT - TOP - BOTTOM);
    }

    /** A line across, with its value. */
    void gridY(double value, String label) {
        double at = y(value);
        svg.format("<line class='grid' x1='%d' x2='%d' y1='%.1f' y2='%.1f'/>%n", LEFT, WIDTH - RIGHT, at, at);
        svg.format("<text class='tick' x='%d' y='%.1f' text-anchor='end'>%s</text>%n", LEFT - 6, at + 4,
                Html.escaped(label));
    }

    /** A line upwards, with its value. */
    void gridX(double value, String label) {
        double at = x(value);
        svg.format("<line class='grid' x1='%.1f' x2='%.1f' y1='%d' y2='%d'/>%n", at, at, TOP, HEIGHT - BOTTOM);
        svg.format("<text class='tick' x='%.1f' y='%d' text-anchor='middle'>%s</text>%n", at, HEIGHT - BOTTOM + 16,
                Html.escaped(label));
    }

    /** Powers of ten, or five even steps. */
    void gridY(DoubleFunction<String> label) {
        if (isLog) {
            for (double power = Math.ceil(lowY - 1e-9); power <= highY + 1e-9; power++) {
                double value = Math.pow(10, power);
                gridY(value, label.apply(value));
            }
            return;
        }
        for (int i = 0; i <= 4; i++) {
            double value = lowY + (highY - lowY) * i / 4;
            gridY(value, label.apply(value));
        }
    }

    /** A line through points; where a value is 0 or below there is none. */
    void line(String name, String colour, double[] xs, double[] ys) {
        StringBuilder points = new StringBuilder();
        boolean drawing = false;
        for (int i = 0; i < xs.length; i++) {
            if (isLog && ys[i] <= 0) {
                drawing = false;
                continue;
            }
            points.append(String.format(Locale.ROOT, "%s%.1f %.1f", drawing ? "L" : "M", x(xs[i]), y(ys[i])));
            drawing = true;
        }
        svg.format("<path class='%s' d='%s'/>%n", colour, points);
        legend(name, colour);
    }

    private void legend(String name, String colour) {
        svg.format("<line class='%s' x1='%d' x2='%d' y1='14' y2='14'/>%n", colour, legendAt, legendAt + 18);
        svg.format("<text class='tick' x='%d' y='18'>%s</text>%n", legendAt + 23, Html.escaped(name));
        legendAt += 36 + 7 * name.length();
    }

    /** Something that happened. */
    void mark(double at, String text) {
        svg.format("<g><title>%s</title><line class='mark' x1='%.1f' x2='%.1f' y1='%d' y2='%d'/>%n", Html.escaped(text),
                x(at),
                x(at), TOP, HEIGHT - BOTTOM);
        svg.format("<text class='marked' x='%.1f' y='%d'>%s</text></g>%n", x(at) + 3, TOP + 12, Html.escaped(text));
    }

    @Override
    public String toString() {
        return svg + "</svg>\n";
    }
}
