package io.solaster.spring.reload;

import java.time.Instant;
import java.util.List;
import java.util.Map;

import io.solaster.config.check.ConfigDiff;
import org.jspecify.annotations.Nullable;

/**
 * How the configuration files are, and what came of reading them again. Immutable.
 *
 * @param state what came of the last time
 * @param at when that was; null before the first time
 * @param problems why nothing has changed, each with key, reason and fix; empty where all is well
 * @param diff what the last reload has changed, or would have changed; empty before the first
 * @param applied how often a change has been put in force
 * @param refused how often nothing was changed, because of what the files said or because they could not be read
 * @param applyNanos how long the last change took from files that had been read to the last shard; 0 before the first
 * @param files what is watched; empty where nothing is
 * @param fingerprints what each file said when they were read last, as {@link io.solaster.config.plan.Fingerprint} names it; a
 *            file that was not there is left out, and empty where nothing is watched
 */
public record ReloadStatus(State state, @Nullable Instant at, List<String> problems, ConfigDiff diff, long applied,
        long refused, long applyNanos, List<String> files, Map<String, String> fingerprints) {

    public ReloadStatus {
        problems = List.copyOf(problems);
        files = List.copyOf(files);
        fingerprints = Map.copyOf(fingerprints);
    }

    /** Before anything has changed. */
    public static ReloadStatus none() {
        return new ReloadStatus(State.UNCHANGED, null, List.of(), new ConfigDiff(List.of()), 0, 0, 0, List.of(),
                Map.of());
    }

    /** Whether files and application are at odds, which somebody should look at. */
    public boolean isWarning() {
        return state == State.INVALID || state == State.NEEDS_RESTART || state == State.UNREADABLE;
    }

    ReloadStatus watching(List<String> newFiles) {
        return new ReloadStatus(state, at, problems, diff, applied, refused, applyNanos, newFiles, fingerprints);
    }

    ReloadStatus read(Map<String, String> newFingerprints) {
        return new ReloadStatus(state, at, problems, diff, applied, refused, applyNanos, files, newFingerprints);
    }

    ReloadStatus unchanged() {
        return new ReloadStatus(applied == 0 ? State.UNCHANGED : State.APPLIED, Instant.now(), List.of(), diff, applied,
                refused, applyNanos, files, fingerprints);
    }

    ReloadStatus applied(ConfigDiff newDiff, long nanos, List<String> newProblems) {
        return new ReloadStatus(State.APPLIED, Instant.now(), newProblems, newDiff, applied + 1, refused, nanos, files,
                fingerprints);
    }

    ReloadStatus refused(State newState, List<String> newProblems, ConfigDiff newDiff) {
        return new ReloadStatus(newState, Instant.now(), newProblems, newDiff, applied, refused + 1, applyNanos, files,
                fingerprints);
    }

    /** What came of it. */
    public enum State {
        /** The files say what they said at the start. */
        UNCHANGED,
        /** They said something else, and it is in force. */
        APPLIED,
        /** There is an error in them: nothing has changed. */
        INVALID,
        /** Something in them needs a restart: nothing has changed. */
        NEEDS_RESTART,
        /** A file is gone, empty, or cannot be read: nothing has changed. */
        UNREADABLE
    }
}
