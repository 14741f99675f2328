package io.solaster.benchmarks;

import java.io.PrintStream;
import java.util.Locale;

/** Prints figures as they come, and at the end all that have a goal. */
final class Report {
    private final PrintStream out;
    private final MarkdownTable goals = new MarkdownTable("figure", "measured", "goal", "met");
    private boolean allMet = true;

    Report(PrintStream out) {
        this.out = out;
    }

    void section(String title, String method) {
        out.println("\n### " + title + "\n\n" + method + "\n");
    }

    void table(MarkdownTable table) {
        out.println(table);
    }

    void line(String text) {
        out.println(text);
    }

    /** A figure with the most that it may be. */
    void goal(String figure, double measured, double most, String unit) {
        boolean met = measured <= most;
        allMet &= met;
        goals.row(figure, Statistics.digits(measured) + unit,
                "<= " + (most == Math.rint(most) ? String.format(Locale.ROOT, "%.0f", most) : Statistics.digits(most))
                        + unit,
                met ? "yes" : "**no**");
    }

    void goals() {
        if (!goals.isEmpty()) {
            section("Against the goals", allMet ? "All are met." : "Not all are met.");
            table(goals);
        }
    }

    /** To the terminal only: what is going on. */
    @SuppressWarnings("SystemOut")
    static void progress(String text) {
        System.err.println("· " + text);
    }
}
