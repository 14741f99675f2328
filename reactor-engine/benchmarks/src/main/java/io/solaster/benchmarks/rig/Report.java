package io.solaster.benchmarks.rig;

import java.io.PrintStream;
import java.util.Locale;

/** Prints figures as they come, and at the end all that have a goal. */
public final class Report {
    private final PrintStream out;
    private final MarkdownTable figures = new MarkdownTable("figure", "measured", "goal", "met", "A/A noise");
    private boolean allMet = true;

    public Report(PrintStream out) {
        this.out = out;
    }

    public void section(String title, String method) {
        out.println("\n### " + title + "\n\n" + method + "\n");
    }

    public void table(MarkdownTable table) {
        out.println(table);
    }

    public void line(String text) {
        out.println(text);
    }

    /** A figure with the most that it may be. */
    public void goal(String figure, double measured, double most, String unit) {
        atMost(figure, measured, most, unit, Double.NaN);
    }

    /** A figure with the most that it may be, and how far it is from itself: see {@link Statistics#noise}. */
    public void atMost(String figure, double measured, double most, String unit, double noise) {
        figure(figure, measured, "<= " + round(most), unit, measured <= most, noise);
    }

    /** A figure with the least that it may be, and how far it is from itself. */
    public void atLeast(String figure, double measured, double least, String unit, double noise) {
        figure(figure, measured, ">= " + round(least), unit, measured >= least, noise);
    }

    /** A figure to compare others with. */
    public void figure(String figure, double measured, String unit, double noise) {
        progress(figure + ": " + Statistics.digits(measured) + unit);
        figures.row(figure, Statistics.digits(measured) + unit, "", "", percent(noise));
    }

    private void figure(String figure, double measured, String goal, String unit, boolean met, double noise) {
        allMet &= met;
        progress(figure + ": " + Statistics.digits(measured) + unit);
        figures.row(figure, Statistics.digits(measured) + unit, goal + unit, met ? "yes" : "**no**", percent(noise));
    }

    private static String round(double goal) {
        return goal == Math.rint(goal) ? String.format(Locale.ROOT, "%.0f", goal) : Statistics.digits(goal);
    }

    private static String percent(double noise) {
        return Double.isNaN(noise) ? "" : Statistics.digits(100 * noise) + " %";
    }

    /** All figures of before, in one table. */
    public void figures() {
        if (!figures.isEmpty()) {
            section("Against the goals", allMet ? "All are met." : "Not all are met.");
            table(figures);
        }
    }

    /** To the terminal only: what is going on. */
    @SuppressWarnings("SystemOut")
    public static void progress(String text) {
        System.err.println("· " + text);
    }
}
