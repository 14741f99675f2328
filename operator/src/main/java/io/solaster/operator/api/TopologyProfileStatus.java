package io.solaster.operator.api;

import java.util.List;

import io.fabric8.kubernetes.api.model.Condition;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link TopologyProfile} stands.
 *
 * @param observedGeneration the spec that this is about
 * @param nodes how many nodes the profile counts for
 * @param conditions what holds: Valid
 */
public record TopologyProfileStatus(@Nullable Long observedGeneration, @Nullable Integer nodes,
        @Nullable List<Condition> conditions) {}
