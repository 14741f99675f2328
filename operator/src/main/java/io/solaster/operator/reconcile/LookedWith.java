package io.solaster.operator.reconcile;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

import io.solaster.operator.reconcile.plans.PlanBoard.Answer;
import org.jspecify.annotations.Nullable;

/**
 * The plan that each service was looked at with last: another one is a reason to look again. Services are named by
 * namespace/name. Any thread.
 */
final class LookedWith {
    private final Supplier<Map<String, Answer>> plans;
    private final Map<String, Looked> looked = new ConcurrentHashMap<>();
    private final AtomicBoolean late = new AtomicBoolean();

    /**
     * What a service was looked at with.
     *
     * @param answer the plan
     * @param poked another plan, for which it is to be looked at again; null if for none yet
     */
    private record Looked(Answer answer, @Nullable Answer poked) {}

    /** @param plans as they were made last */
    LookedWith(Supplier<Map<String, Answer>> plans) {
        this.plans = plans;
    }

    /** Says that a service is looked at with a plan. */
    void look(String service, Answer answer) {
        looked.put(service, new Looked(answer, null));
        // Since that plan was asked for, others may have been made, and compared with the look before.
        if (!answer.equals(plans.get().get(service))) {
            late.set(true);
        }
    }

    /** Whether a service was looked at with a plan of which {@link #planned} did not know, so that plans are to be compared. */
    boolean isLate() {
        return late.get();
    }

    /** Whether {@link #isLate}, and no more: who asks compares plans then, with those that are made last by then. */
    boolean late() {
        return late.get() && late.getAndSet(false);
    }

    /**
     * Has a service looked at again if the last look was with a plan that comes to something else; once for each plan.
     *
     * @param poke has it looked at again
     * @return whether that plan was this one, to the last figure
     */
    boolean planned(String service, Answer answer, Runnable poke) {
        Looked last = looked.get(service);
        if (last == null) {
            // It is still to be looked at for the first time.
            return true;
        }
        if (last.answer().sameOutcome(answer)) {
            return last.answer().equals(answer);
        }
        // A look that comes in between has its own say.
        if ((last.poked() == null || !last.poked().sameOutcome(answer))
                && looked.replace(service, last, new Looked(last.answer(), answer))) {
            poke.run();
        }
        return true;
    }

    /** Forgets all services but these. */
    void retain(Set<String> there) {
        looked.keySet().retainAll(there);
    }
}
