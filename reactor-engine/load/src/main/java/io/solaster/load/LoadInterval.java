package io.solaster.load;

/**
 * What was counted within a part of a run. Requests count where they were answered or lost, not where they were due.
 *
 * @param at seconds from the beginning of the record
 * @param seconds how long it is
 * @param answered requests that were answered well
 * @param failed requests that were answered by an error, or never
 * @param p50 nanoseconds; 0 where none was answered
 * @param p99 nanoseconds
 * @param max nanoseconds
 * @param lateness99 the generator's own lateness at p99, in nanoseconds
 * @param histogram of the latencies, compressed by HdrHistogram, in Base64
 */
public record LoadInterval(double at, double seconds, long answered, long failed, long p50, long p99, long max,
        long lateness99, String histogram) {

    /** Requests a second that were answered well. */
    public double perSecond() {
        return answered / seconds;
    }
}
