package io.solaster.testkit.check;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

/**
 * Promises of logs and brokers that are cheaper to check than linearizability: each in one pass. Each method answers what
 * breaks the promise; nothing where it holds. For one thread.
 */
public final class Deliveries {
    private Deliveries() {}

    /** What was acknowledged and never seen. */
    public static <E> Set<E> lost(Collection<E> acknowledged, Collection<E> seen) {
        Set<E> lost = new LinkedHashSet<>(acknowledged);
        lost.removeAll(new HashSet<>(seen));
        return lost;
    }

    /** What was seen more than once, and how often. */
    public static <E> Map<E, Integer> repeated(Collection<E> seen) {
        Map<E, Integer> times = new LinkedHashMap<>();
        seen.forEach(each -> times.merge(each, 1, Integer::sum));
        times.values().removeIf(count -> count == 1);
        return times;
    }

    /** What was seen though nobody ever sent it, acknowledged or not. */
    public static <E> Set<E> invented(Collection<E> sent, Collection<E> seen) {
        Set<E> invented = new LinkedHashSet<>(seen);
        invented.removeAll(new HashSet<>(sent));
        return invented;
    }

    /**
     * By partition, the first element that was seen after one that was sent later. What was never sent, and what was seen
     * again, is not looked at.
     *
     * @param sent in the order in which it was sent, partition by partition
     * @param seen in the order in which one consumer saw it
     */
    public static <P, E> Map<P, E> outOfOrder(List<E> sent, List<E> seen, Function<? super E, ? extends P> partition) {
        Map<E, Integer> places = new HashMap<>();
        sent.forEach(each -> places.putIfAbsent(each, places.size()));
        Map<P, Integer> latest = new HashMap<>();
        Set<E> again = new HashSet<>();
        Map<P, E> wrong = new LinkedHashMap<>();
        for (E each : seen) {
            Integer place = places.get(each);
            if (place != null && again.add(each)) {
                P its = partition.apply(each);
                Integer before = latest.put(its, place);
                if (before != null && before > place) {
                    wrong.putIfAbsent(its, each);
                    latest.put(its, before);
                }
            }
        }
        return wrong;
    }

    /** The first reading, by one reader, that is smaller than an earlier one: null if all only grow. */
    public static <C extends Comparable<? super C>> @Nullable C firstStepBack(
            Iterable<C> readings) {
        C largest = null;
        for (C each : readings) {
            if (largest != null && each.compareTo(largest) < 0) {
                return each;
            }
            largest = each;
        }
        return null;
    }
}
