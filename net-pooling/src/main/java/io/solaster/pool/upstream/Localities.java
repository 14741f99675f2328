package io.solaster.pool.upstream;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

import org.jspecify.annotations.Nullable;

/**
 * Keeps requests near as long as what is near can take them, as Envoy's zone-aware routing does: where a place has at
 * least that part of the endpoints that it has of the callers, its callers stay there; else as many stay as it can take,
 * and the others go where there are more endpoints than callers, by how many more. An endpoint whose place nobody has
 * told is near to everybody.
 */
final class Localities {
    private static final double NOTHING = 1e-9;

    private Localities() {}

    /** Takes a part of the requests, and who may serve them. */
    @FunctionalInterface
    interface Sink {
        void take(double load, List<DefaultTarget> targets);
    }

    /**
     * Divides the targets between here and elsewhere.
     *
     * @param own the caller's place
     * @param callers which part of all callers a place has
     */
    static <P> void split(double load, List<DefaultTarget> targets, Function<DefaultTarget, @Nullable P> placeOf, P own,
            ToDoubleFunction<P> callers, Sink sink) {
        List<DefaultTarget> near = new ArrayList<>();
        Map<P, List<DefaultTarget>> others = new LinkedHashMap<>();
        double ownWeight = 0;
        double everywhere = 0;
        double total = 0;
        for (DefaultTarget target : targets) {
            P at = placeOf.apply(target);
            int weight = target.endpoint().weight();
            total += weight;
            if (at == null) {
                everywhere += weight;
                near.add(target);
            } else if (at.equals(own)) {
                ownWeight += weight;
                near.add(target);
            } else {
                others.computeIfAbsent(at, place -> new ArrayList<>()).add(target);
            }
        }
        if (others.isEmpty()) {
            sink.take(load, near);
            return;
        }
        double here = callers.applyAsDouble(own);
        double stay = near.isEmpty() ? 0 : Math.min(1, (ownWeight / here + everywhere) / total);
        if (stay > NOTHING) {
            sink.take(load * stay, near);
        }
        if (1 - stay < NOTHING) {
            return;
        }
        double allRoom = 0;
        for (var other : others.entrySet()) {
            allRoom += room(other.getKey(), other.getValue(), total, callers);
        }
        for (var other : others.entrySet()) {
            double part = allRoom < NOTHING
                    ? weight(other.getValue()) / (total - ownWeight - everywhere)
                    : room(other.getKey(), other.getValue(), total, callers) / allRoom;
            sink.take(load * (1 - stay) * part, other.getValue());
        }
    }

    /** How much more of the endpoints than of the callers a place has. */
    private static <P> double room(P place, List<DefaultTarget> targets, double total, ToDoubleFunction<P> callers) {
        return Math.max(0, weight(targets) / total - callers.applyAsDouble(place));
    }

    private static double weight(List<DefaultTarget> targets) {
        double sum = 0;
        for (DefaultTarget target : targets) {
            sum += target.endpoint().weight();
        }
        return sum;
    }
}
