package io.solaster.testkit.chaos;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

/**
 * Faults in an order that a seed draws: two at a time, since what survives each by itself often does not survive both, then
 * both are healed, then there is peace for a while. The same seed and the same faults make the same plan.
 *
 * {@snippet :
 * Chaos chaos = Chaos.plan(seed)
 *         .fault("partition", proxy::partition, proxy::heal)
 *         .fault("standstill", server::stop, server::goOn)
 *         .fault("no descriptors", server::starveOfDescriptors, server::feed);
 * try (Chaos.Run run = chaos.start(Duration.ofSeconds(10), events)) {
 *     // ... clients that go on meanwhile ...
 *     run.join();
 * } // whatever lasts is healed
 * }
 *
 * A plan is made by one thread.
 */
public final class Chaos {

    /**
     * A step of a plan.
     *
     * @param at counted from the beginning
     * @param fault the fault's name
     * @param begins whether the fault begins; else it is healed
     */
    public record Step(Duration at, String fault, boolean begins) {
        @Override
        public String toString() {
            return at.toMillis() + " ms: " + fault + (begins ? " begins" : " is healed");
        }
    }

    private record Fault(String name, Runnable begin, Runnable heal) {}

    private final long seed;
    private final List<Fault> faults = new ArrayList<>();
    private Duration shortest = Duration.ofMillis(50);
    private Duration longest = Duration.ofSeconds(1);

    private Chaos(long seed) {
        this.seed = seed;
    }

    /** A plan without faults. */
    public static Chaos plan(long seed) {
        return new Chaos(seed);
    }

    /**
     * A fault that may come, several times.
     *
     * @param begin lets it happen
     * @param heal ends it; may be called without a beginning
     */
    public Chaos fault(String name, Runnable begin, Runnable heal) {
        if (faults.stream().anyMatch(each -> each.name.equals(name))) {
            throw new IllegalArgumentException("there is a fault '" + name + "' already; give another name");
        }
        faults.add(new Fault(name, begin, heal));
        return this;
    }

    /** One-way cuts between any two nodes of a network, which have to be known by now. */
    public Chaos cuts(FaultNetwork network) {
        List<String> nodes = network.nodes().stream().sorted().toList();
        for (String from : nodes) {
            for (String to : nodes) {
                if (!from.equals(to)) {
                    fault("cut from " + from + " to " + to, () -> network.set(from, to, Faults.NONE.cut()),
                            () -> network.set(from, to, Faults.NONE));
                }
            }
        }
        return this;
    }

    /**
     * What a proxy can do to connections without changing a byte: resets, also in the middle of an answer, a partition, and
     * each way by itself cut, delayed by 20 to 40 ms, or narrow.
     *
     * @param answered bytes of an answer behind which its connection is reset
     * @param narrow bytes a second of a narrow way
     */
    public Chaos harms(FaultProxy proxy, int answered, long narrow) {
        fault("reset", proxy::reset, () -> {});
        fault("partition", proxy::partition, proxy::heal);
        fault("break off", () -> proxy.resetAfter(Direction.TO_CLIENT, answered), proxy::heal);
        for (Direction direction : Direction.values()) {
            Runnable heal = () -> proxy.set(direction, Faults.NONE);
            fault("cut " + direction, () -> proxy.set(direction, Faults.NONE.cut()), proxy::heal);
            fault("delay " + direction, () -> proxy.set(direction,
                    Faults.NONE.delayed(Duration.ofMillis(20)).jittered(Duration.ofMillis(20))), heal);
            fault("narrow " + direction, () -> proxy.set(direction, Faults.NONE.throttled(narrow)), heal);
        }
        return this;
    }

    /** Faults, and the peace between them, last so long; 50 ms to 1 s otherwise. */
    public Chaos lasting(Duration newShortest, Duration newLongest) {
        if (newShortest.isNegative() || newShortest.isZero() || newLongest.compareTo(newShortest) < 0) {
            throw new IllegalArgumentException("from " + newShortest + " to " + newLongest
                    + "; the first is more than 0, the second not shorter");
        }
        shortest = newShortest;
        longest = newLongest;
        return this;
    }

    /** What happens in so much time, in its order. All is healed at the end. */
    public List<Step> steps(Duration time) {
        if (faults.isEmpty()) {
            throw new IllegalStateException("a plan without faults; add some by fault(name, begin, heal)");
        }
        Random random = new Random(seed);
        List<Step> steps = new ArrayList<>();
        Duration now = draw(random);
        while (now.compareTo(time) < 0) {
            Duration healed = now;
            List<Fault> drawn = new ArrayList<>(faults);
            Collections.shuffle(drawn, random);
            for (Fault fault : drawn.subList(0, Math.min(2, drawn.size()))) {
                Duration begin = now.plus(draw(random).dividedBy(2));
                Duration end = begin.plus(draw(random));
                begin = begin.compareTo(time) < 0 ? begin : time;
                end = end.compareTo(time) < 0 ? end : time;
                steps.add(new Step(begin, fault.name, true));
                steps.add(new Step(end, fault.name, false));
                healed = healed.compareTo(end) > 0 ? healed : end;
            }
            now = healed.plus(draw(random));
        }
        // Stable: one that begins at its end is healed after.
        steps.sort(Comparator.comparing(Step::at));
        return steps;
    }

    /** Does what a step of this plan says: for those who go by a clock of their own. */
    public void take(Step step) {
        Fault fault = faults.stream().filter(each -> each.name.equals(step.fault)).findFirst().orElseThrow(
                () -> new IllegalArgumentException("no fault '" + step.fault + "' in this plan; take its own steps"));
        (step.begins ? fault.begin : fault.heal).run();
    }

    private Duration draw(Random random) {
        long span = longest.toMillis() - shortest.toMillis();
        return shortest.plusMillis(span == 0 ? 0 : random.nextLong(span + 1));
    }

    /**
     * Carries the plan out, on a thread of its own.
     *
     * @param events told of each step; ends with all of them in its report
     */
    public Run start(Duration time, Events events) {
        return new Run(List.copyOf(faults), steps(time), events, "chaos by seed " + seed);
    }

    /** The plan for a while, a line a step. */
    public String describe(Duration time) {
        return steps(time).stream().map(Step::toString).collect(Collectors.joining("\n"));
    }

    /** A plan that is carried out. Any thread. */
    public static final class Run implements AutoCloseable {
        private final List<Fault> faults;
        private final List<Step> steps;
        private final Events events;
        private final List<Fault> lasting = new ArrayList<>();
        private final Thread thread;
        private volatile boolean closed;
        private volatile @Nullable Throwable failure;

        private Run(List<Fault> faults, List<Step> steps, Events events, String name) {
            this.faults = faults;
            this.steps = steps;
            this.events = events;
            events.add(name + ": " + steps.size() + " steps");
            this.thread = Thread.ofPlatform().daemon().name(name).start(this::carryOut);
        }

        private void carryOut() {
            long begin = System.nanoTime();
            try {
                for (Step step : steps) {
                    long due = begin + step.at.toNanos();
                    while (!closed && System.nanoTime() - due < 0) {
                        LockSupport.parkNanos(due - System.nanoTime());
                    }
                    if (closed) {
                        break;
                    }
                    Fault fault = faults.stream().filter(each -> each.name.equals(step.fault)).findFirst()
                            .orElseThrow();
                    take(fault, step.begins);
                }
            } catch (RuntimeException | Error e) {
                failure = e;
            } finally {
                healAll();
            }
        }

        private void take(Fault fault, boolean begins) {
            events.add("chaos: " + fault.name + (begins ? " begins" : " is healed"));
            if (begins) {
                lasting.add(fault);
                fault.begin.run();
            } else {
                lasting.remove(fault);
                fault.heal.run();
            }
        }

        private void healAll() {
            while (!lasting.isEmpty()) {
                try {
                    take(lasting.getLast(), false);
                } catch (RuntimeException | Error e) {
                    failure = failure == null ? e : failure;
                }
            }
        }

        /** Waits for the end of the plan. */
        public void join() throws InterruptedException {
            thread.join();
            throwFailure();
        }

        private void throwFailure() {
            Throwable thrown = failure;
            if (thrown != null) {
                throw new IllegalStateException("a fault could not begin or end; what was done:\n" + events, thrown);
            }
        }

        /** Begins no further fault, and heals those that last. Returns once that is done. */
        @Override
        public void close() {
            closed = true;
            LockSupport.unpark(thread);
            boolean interrupted = false;
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            throwFailure();
        }
    }
}
