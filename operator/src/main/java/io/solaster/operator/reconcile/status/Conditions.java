package io.solaster.operator.reconcile.status;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import io.fabric8.kubernetes.api.model.Condition;
import org.jspecify.annotations.Nullable;

/** The conditions of a service's status: the time of a transition changes only when the status flips. For one thread. */
public final class Conditions {
    public static final String READY = "Ready";
    public static final String PROGRESSING = "Progressing";
    public static final String DEGRADED = "Degraded";
    public static final String APPLIED = "Applied";
    public static final String PLAN_FEASIBLE = "PlanFeasible";
    public static final String ALIGNED = "TopologyAligned";
    public static final String DRIFTED = "Drifted";
    public static final String BALANCED = "Balanced";
    /** Of a profile. */
    public static final String VALID = "Valid";

    public static final String INVALID_SPEC = "InvalidSpec";
    public static final String UNREADABLE = "Unreadable";
    public static final String INVENTORY_UNREADABLE = "InventoryUnreadable";

    public static final String NOT_IN_FORCE = "NotInForce";

    private static final int LONGEST = 1024;

    private final Map<String, Condition> before = new LinkedHashMap<>();
    private final Map<String, Condition> now = new LinkedHashMap<>();
    private final @Nullable Long generation;
    private final Instant time;

    public Conditions(@Nullable List<Condition> before, @Nullable Long generation, Instant time) {
        if (before != null) {
            before.forEach(each -> this.before.put(each.getType(), each));
        }
        this.generation = generation;
        this.time = time;
    }

    public void set(String type, boolean status, String reason, String message) {
        set(type, status ? "True" : "False", reason, message);
    }

    public void set(String type, String status, String reason, String message) {
        Condition old = before.get(type);
        String since = old != null && status.equals(old.getStatus())
                ? old.getLastTransitionTime()
                : time.truncatedTo(ChronoUnit.SECONDS).toString();
        String text = message.length() <= LONGEST ? message : message.substring(0, LONGEST - 3) + "...";
        now.put(type, new Condition(since, text, generation, reason, status, type));
    }

    /** Keeps what was said before, if anything was, and of which generation. */
    public void keep(String type) {
        Condition old = before.get(type);
        if (old != null) {
            now.put(type, old);
        }
    }

    /** Whether a condition is True, as far as this look has come. */
    public boolean holds(String type) {
        Condition its = now.get(type);
        return its != null && "True".equals(its.getStatus());
    }

    /**
     * Completes what a look has not come to: nothing is said of this generation that was only seen of another.
     *
     * @param reason why it ended early
     */
    public void interrupted(String reason, String message) {
        if (!now.containsKey(PLAN_FEASIBLE)) {
            set(PLAN_FEASIBLE, "Unknown", reason, message);
        }
        if (!now.containsKey(READY)) {
            Condition old = before.get(READY);
            if (old != null && Objects.equals(old.getObservedGeneration(), generation)) {
                keep(READY);
            } else {
                set(READY, false, NOT_IN_FORCE, message);
            }
        }
        set(DEGRADED, true, reason, message);
        before.keySet().stream().filter(type -> !now.containsKey(type)).toList().forEach(this::keep);
    }

    public List<Condition> list() {
        return new ArrayList<>(now.values());
    }
}
