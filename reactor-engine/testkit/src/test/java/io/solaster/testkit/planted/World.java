package io.solaster.testkit.planted;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import io.solaster.engine.task.SchedulingGroups;
import io.solaster.engine.timer.ManualClock;
import io.solaster.engine.timer.Timer;
import io.solaster.engine.timer.Timers;
import io.solaster.testkit.gen.Draw;

/**
 * Nodes that one thread runs, step by step: each runs what it was given in order, and which node is next is drawn. Time
 * stands still while one of them has something to do. Messages between two nodes keep their order, unless they are lost.
 */
final class World {
    private static final int MOST_STEPS = 20_000;
    private static final long TICK = 1 << 10;

    /** A node; what it was given before it crashed never happens. */
    static final class Node {
        private final String name;
        private final Deque<Runnable> tasks = new ArrayDeque<>();
        private int life;
        private long busyUntil;

        private Node(String name) {
            this.name = name;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private final Draw draw;
    private final ManualClock clock = new ManualClock();
    private final SchedulingGroups groups = new SchedulingGroups(Map.of());
    private final Timers timers = new Timers(clock, groups::byDefault, Timer::run);
    private final List<Node> nodes = new ArrayList<>();
    private final Map<List<Node>, Long> arrivals = new HashMap<>();
    private final Set<List<Node>> cuts = new HashSet<>();
    private long steps;

    World(Draw draw) {
        this.draw = draw;
    }

    Draw draw() {
        return draw;
    }

    Node node(String name) {
        Node node = new Node(name);
        nodes.add(node);
        return node;
    }

    static Duration micros(long micros) {
        return Duration.ofNanos(1_000 * micros);
    }

    /** In nanoseconds. */
    long now() {
        return clock.nanoTime();
    }

    /** A clock for histories: it tells any two moments apart. */
    long moment() {
        return ++steps;
    }

    void soon(Node node, Runnable task) {
        int life = node.life;
        node.tasks.add(() -> {
            if (node.life == life) {
                task.run();
            }
        });
    }

    Timer after(Node node, Duration delay, Runnable task) {
        int life = node.life;
        Timer timer = timers.timer(() -> {
            if (node.life == life) {
                soon(node, task);
            }
        });
        timer.arm(delay);
        return timer;
    }

    /** The node that runs a step is busy with it for so long. */
    void spend(Node node, Duration time) {
        node.busyUntil = Math.max(now(), node.busyUntil) + time.toNanos();
    }

    void send(Node from, Node to, Runnable received) {
        if (cuts.contains(List.of(from, to))) {
            return;
        }
        // Timers of one tick have no order.
        long arrival = Math.max(now() + 1_000 * (1 + draw.nextInt(500)),
                arrivals.getOrDefault(List.of(from, to), 0L) + 2 * TICK);
        arrivals.put(List.of(from, to), arrival);
        after(to, Duration.ofNanos(arrival - now()), () -> {
            if (!cuts.contains(List.of(from, to))) {
                received.run();
            }
        });
    }

    void cut(Node from, Node to) {
        cuts.add(List.of(from, to));
        cuts.add(List.of(to, from));
    }

    void heal() {
        cuts.clear();
    }

    void crash(Node node) {
        node.life++;
        node.tasks.clear();
        node.busyUntil = 0;
    }

    /** Goes on until nobody has anything to do. */
    void run() {
        for (int step = 0; step < MOST_STEPS; step++) {
            long now = now();
            List<Node> ready = nodes.stream().filter(node -> !node.tasks.isEmpty() && node.busyUntil <= now).toList();
            if (!ready.isEmpty()) {
                Node next = ready.size() == 1 ? ready.getFirst() : draw.of(ready);
                next.tasks.remove().run();
                continue;
            }
            long next = nodes.stream().filter(node -> !node.tasks.isEmpty()).mapToLong(node -> node.busyUntil).min()
                    .orElse(Long.MAX_VALUE);
            if (!timers.isEmpty()) {
                next = Math.min(next, timers.nextDeadlineNanos());
            }
            if (next == Long.MAX_VALUE) {
                return;
            }
            clock.advance(Duration.ofNanos(Math.max(0, next - now)));
            timers.expire(now(), Integer.MAX_VALUE);
        }
        throw new AssertionError("does not come to rest within " + MOST_STEPS + " steps");
    }
}
