package io.solaster.load.report;

/** What a chart is drawn on, with (0, 0) at its upper left. */
interface Canvas {

    /** What something is; how it looks is the canvas's own matter. */
    enum Ink {
        FRAME, GRID, TICK, MARK, MARKED, A, B, C, D, BAD
    }

    /** Where a text stands to its place. */
    enum Anchor {
        START, MIDDLE, END
    }

    void line(Ink ink, double x1, double y1, double x2, double y2);

    void text(Ink ink, double x, double y, Anchor anchor, String text);

    /** A line through points; a NaN among the ys interrupts it. */
    void path(Ink ink, double[] xs, double[] ys);
}
