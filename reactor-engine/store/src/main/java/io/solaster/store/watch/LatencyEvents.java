package io.solaster.store.watch;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What took long on one shard, kind by kind: at most one sample a second of each, the last 160. On the owning shard. */
public final class LatencyEvents {
    private static final int MOST_SAMPLES = 160;

    private final Map<String, Series> events = new TreeMap<>();

    /** One sample: the second, and the longest of it in milliseconds. */
    public record Sample(long second, long millis) {}

    /**
     * All that is known of one kind of event.
     *
     * @param samples the oldest first
     * @param longest in milliseconds, of all time
     */
    public record Series(List<Sample> samples, long longest) {
        public Sample last() {
            return samples.getLast();
        }

        Series with(Sample sample) {
            ArrayDeque<Sample> more = new ArrayDeque<>(samples);
            Sample last = more.peekLast();
            if (last != null && last.second == sample.second) {
                more.removeLast();
                more.addLast(new Sample(last.second, Math.max(last.millis, sample.millis)));
            } else {
                more.addLast(sample);
            }
            while (more.size() > MOST_SAMPLES) {
                more.removeFirst();
            }
            return new Series(List.copyOf(more), Math.max(longest, sample.millis));
        }
    }

    void add(String event, long second, long millis) {
        events.merge(event, new Series(List.of(new Sample(second, millis)), millis),
                (before, one) -> before.with(one.last()));
    }

    /** Forgets a kind of event; whether there was one. */
    public boolean clear(String event) {
        return events.remove(event) != null;
    }

    /** What is known now; a copy. */
    public Map<String, Series> events() {
        return new TreeMap<>(events);
    }

    /** What all shards know, as if it were one. */
    public static Map<String, Series> merge(List<Map<String, Series>> shards) {
        Map<String, List<Sample>> samples = new TreeMap<>();
        Map<String, Long> longest = new TreeMap<>();
        for (Map<String, Series> shard : shards) {
            shard.forEach((event, series) -> {
                samples.computeIfAbsent(event, name -> new ArrayList<>()).addAll(series.samples());
                longest.merge(event, series.longest(), Math::max);
            });
        }
        Map<String, Series> merged = new TreeMap<>();
        samples.forEach((event, all) -> {
            all.sort((a, b) -> Long.compare(a.second(), b.second()));
            Series series = new Series(List.of(), 0);
            for (Sample sample : all) {
                series = series.with(sample);
            }
            merged.put(event, new Series(series.samples(), longest.getOrDefault(event, 0L)));
        });
        return merged;
    }
}
