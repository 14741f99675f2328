package io.solaster.operator.reconcile;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.ShardedServiceStatus;
import io.solaster.operator.apply.Ownership;
import io.solaster.operator.reconcile.status.Conditions;
import io.solaster.operator.rollout.Stage;
import org.jspecify.annotations.Nullable;

/** What one reconciliation finds of a service, for the status. For one thread. */
final class Look {

    final ShardedService service;
    final Conditions conditions;
    final Map<String, HasMetadata> children = new TreeMap<>();
    final List<Pod> pods;
    final List<String> drifted = new ArrayList<>();
    final List<String> notes = new ArrayList<>();
    /** What others have added to objects, and of that what has come back after it was removed. */
    final List<String> added = new ArrayList<>();
    final List<String> returned = new ArrayList<>();
    /** Why what others have added could not be removed. */
    final List<String> kept = new ArrayList<>();
    @Nullable
    String degraded;
    String why = "";
    @Nullable
    Stage stage;
    List<ShardedServiceStatus.PodStatus> lie = List.of();
    /** When what could not be applied is tried again; null if all was. */
    @Nullable
    Duration again;

    Look(ShardedService service, @Nullable ShardedServiceStatus status, Instant now, List<Pod> pods) {
        this.service = service;
        this.pods = pods;
        conditions = new Conditions(status == null ? null : status.conditions(),
                service.getMetadata().getGeneration(), now);
    }

    /** Whether the spec cannot be applied, whatever its plan, and nothing but the spec or others can change that. */
    boolean refused;
    /** The generation that is in force; null if none is known to be. */
    @Nullable
    Long appliedGeneration;

    /** Finds which generation is in force: this one, if all of it was applied and rolled out. */
    void inForce(@Nullable ShardedServiceStatus before) {
        boolean whole = conditions.holds(Conditions.APPLIED) && stage != null && stage.status() == null;
        appliedGeneration = whole
                ? service.getMetadata().getGeneration()
                : before == null ? null : before.appliedGeneration();
    }

    /** Whether what is asked for is in force. */
    boolean isInForce() {
        return appliedGeneration != null && appliedGeneration.equals(service.getMetadata().getGeneration());
    }

    /** Adds an object that is this service's: one of another service that had its name is not. */
    void child(HasMetadata child) {
        if (Ownership.owned(child, service)) {
            children.put(Applying.id(child), child);
        }
    }

    /** The first thing that is wrong is the one that is told. */
    void degrade(String reason, String message) {
        if (degraded == null) {
            degraded = reason;
            why = message;
        }
    }
}
