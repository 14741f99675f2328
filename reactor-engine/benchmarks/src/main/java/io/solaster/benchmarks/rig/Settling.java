package io.solaster.benchmarks.rig;

/**
 * Whether a server's CPU per request has come to rest. Compilation, which is part of it and runs on the same CPU, makes
 * the first of a JVM's requests cost many times as much as the later ones.
 */
public final class Settling {
    /** How far one look may be from the one before. */
    private static final double CLOSE = 0.05;

    private double last = Double.NaN;
    private double least = Double.POSITIVE_INFINITY;
    private boolean settled;

    /**
     * Takes the next look.
     *
     * @return whether it is settled: two looks were close to each other, and none before them was well below
     */
    public boolean look(double cpu) {
        least = Math.min(least, cpu);
        settled = Math.abs(cpu / last - 1) <= CLOSE && cpu <= least * (1 + CLOSE);
        last = cpu;
        return settled;
    }

    public boolean isSettled() {
        return settled;
    }
}
