package io.solaster.operator.api;

import java.util.List;

import io.fabric8.kubernetes.api.model.Condition;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link ShardedService} stands.
 *
 * @param observedGeneration the spec that this is about
 * @param plan the plan in short
 * @param conditions what holds
 */
public record ShardedServiceStatus(@Nullable Long observedGeneration, @Nullable PlanStatus plan,
        @Nullable List<Condition> conditions) {

    /**
     * The plan in short.
     *
     * @param hash changes with what would be applied, and with nothing else
     * @param verdict Feasible, Infeasible or Unproven
     * @param capacity how many pods there is certainly room for
     * @param strandedCPUs free CPUs that no further pod of this size can use
     * @param reasons the arithmetic
     */
    public record PlanStatus(@Nullable String hash, @Nullable String verdict, @Nullable Integer capacity,
            @Nullable Integer strandedCPUs, @Nullable List<String> reasons) {}
}
