package io.solaster.streams.plugin;

import java.time.Duration;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * What there is to say of a plug-in, over all shards, since the process started.
 *
 * @param name its name in the configuration
 * @param kind 'java' or 'wasm'; null while there is none
 * @param version of the version that runs; null while there is none
 * @param state what it is at
 * @param calls messages that it was shown
 * @param failures calls that failed, those that were stopped among them
 * @param overruns calls that took longer than they may
 * @param missed messages that came while it was not there
 * @param time what a call takes on average, of one in 256
 * @param reloads how often a version was put in the place of another
 * @param lastSwap the longest that a shard took to start the version that runs, and to put it in its place
 * @param lastError what went wrong last; null for nothing
 * @param setAside the version that was set aside last, and why; null for none
 * @param leftThreads threads that versions left behind, by name
 * @param drops messages that it dropped
 * @param replaces messages that it gave another value
 * @param routes messages that it sent to another topic
 * @param renewals how often an instance was made anew, since a call had broken off
 * @param nanos what all calls took, in nanoseconds, as far as one in 256 tells
 */
public record PluginStats(String name, @Nullable String kind, @Nullable String version, State state, long calls,
        long failures, long overruns, long missed, Duration time, long reloads, Duration lastSwap,
        @Nullable String lastError, @Nullable String setAside, List<String> leftThreads, long drops, long replaces,
        long routes, long renewals, long nanos) {

    /** What a plug-in is at. */
    public enum State {
        /** There is no file of its name. */
        MISSING,
        /** It looks at messages. */
        RUNNING,
        /** It looks at messages, by an older version than its file, which was set aside. */
        FALLEN_BACK,
        /** What there was is set aside, and nothing is in its place. */
        SET_ASIDE
    }
}
