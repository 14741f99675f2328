package io.solaster.load.report;

import java.util.Arrays;
import java.util.function.DoubleFunction;

import io.solaster.load.report.Canvas.Anchor;
import io.solaster.load.report.Canvas.Ink;

/** One chart: a frame, a grid with labels, and what is drawn in it. */
final class Chart {
    static final int WIDTH = 900;
    static final int HEIGHT = 300;
    private static final int LEFT = 76;
    private static final int RIGHT = WIDTH - 28;
    private static final int TOP = 26;
    private static final int BOTTOM = HEIGHT - 30;

    private final Canvas canvas;
    private final double lowX;
    private final double highX;
    private final double lowY;
    private final double highY;
    private final boolean isLog;
    private int legendAt = LEFT + 4;

    /** @param isLog whether the values go by their logarithm; they are above 0 then */
    Chart(Canvas canvas, double lowX, double highX, double lowY, double highY, boolean isLog) {
        this.canvas = canvas;
        this.lowX = lowX;
        this.highX = Math.max(highX, lowX + 1e-9);
        this.isLog = isLog;
        this.lowY = isLog ? Math.log10(lowY) : lowY;
        this.highY = Math.max(isLog ? Math.log10(highY) : highY, this.lowY + 1e-9);
        canvas.path(Ink.FRAME, new double[]{LEFT, RIGHT, RIGHT, LEFT, LEFT},
                new double[]{TOP, TOP, BOTTOM, BOTTOM, TOP});
    }

    private double x(double value) {
        return LEFT + (Math.clamp(value, lowX, highX) - lowX) / (highX - lowX) * (RIGHT - LEFT);
    }

    private double y(double value) {
        double scaled = isLog ? Math.log10(Math.max(value, 1e-300)) : value;
        return BOTTOM - (Math.clamp(scaled, lowY, highY) - lowY) / (highY - lowY) * (BOTTOM - TOP);
    }

    /** A line upwards, with its value. */
    void gridX(double value, String label) {
        canvas.line(Ink.GRID, x(value), TOP, x(value), BOTTOM);
        canvas.text(Ink.TICK, x(value), BOTTOM + 16, Anchor.MIDDLE, label);
    }

    /** Lines across with their values: powers of ten, or a few even steps. */
    void gridY(DoubleFunction<String> label) {
        if (isLog) {
            for (double power = Math.ceil(lowY - 1e-9); power <= highY + 1e-9; power++) {
                gridY(Math.pow(10, power), label);
            }
            return;
        }
        double step = Math.pow(10, Math.floor(Math.log10(highY - lowY)));
        step = (highY - lowY) / step > 5 ? 2 * step : (highY - lowY) / step > 2 ? step : step / 2;
        for (int i = 0; lowY + i * step <= highY; i++) {
            gridY(lowY + i * step, label);
        }
    }

    private void gridY(double value, DoubleFunction<String> label) {
        canvas.line(Ink.GRID, LEFT, y(value), RIGHT, y(value));
        canvas.text(Ink.TICK, LEFT - 6, y(value) + 4, Anchor.END, label.apply(value));
    }

    /** A line through points; on a logarithmic chart there is none where a value is 0. */
    void line(String name, Ink ink, double[] xs, double[] ys) {
        canvas.path(ink, Arrays.stream(xs).map(this::x).toArray(),
                Arrays.stream(ys).map(value -> isLog && value <= 0 ? Double.NaN : y(value)).toArray());
        canvas.line(ink, legendAt, 14, legendAt + 18, 14);
        canvas.text(Ink.TICK, legendAt + 23, 18, Anchor.START, name);
        legendAt += 36 + 7 * name.length();
    }

    /** Something that happened. */
    void mark(double at, String text) {
        canvas.line(Ink.MARK, x(at), TOP, x(at), BOTTOM);
        canvas.text(Ink.MARKED, x(at) + 3, TOP + 12, Anchor.START, text);
    }
}
