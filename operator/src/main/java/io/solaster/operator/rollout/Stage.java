package io.solaster.operator.rollout;

import java.time.Duration;
import java.util.List;
import java.util.Set;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.solaster.operator.api.ShardedServiceStatus.RolloutStatus;
import org.jspecify.annotations.Nullable;

/**
 * What rollouts make of what is wanted.
 *
 * @param wanted the objects to apply now
 * @param mounted the names of ConfigMaps that pods still read, which must stay
 * @param stuck pods of a revision that nobody wants any more, which are not ready: their StatefulSet may wait for them
 *            for ever
 * @param otherSize the names of pods of another revision, whose size is not the planned one
 * @param progressing what is under way; null if nothing is
 * @param degraded what is wrong; null if nothing is
 * @param events what is to be told once
 * @param status for the service's status; null if there is nothing to say
 * @param again when to look again at the latest; null if nothing depends on time
 */
public record Stage(List<HasMetadata> wanted, Set<String> mounted, List<Pod> stuck, Set<String> otherSize,
        @Nullable Word progressing, @Nullable Word degraded, List<Note> events, @Nullable RolloutStatus status,
        @Nullable Duration again) {

    public Stage {
        wanted = List.copyOf(wanted);
        mounted = Set.copyOf(mounted);
        stuck = List.copyOf(stuck);
        otherSize = Set.copyOf(otherSize);
        events = List.copyOf(events);
    }

    /** A condition's reason and message. */
    public record Word(String reason, String message) {}

    /** An event. */
    public record Note(boolean warning, String reason, String message) {}
}
