package io.solaster.testkit.planted;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

import io.solaster.testkit.check.Calls.Add;
import io.solaster.testkit.check.Calls.Keyed;
import io.solaster.testkit.check.History;
import io.solaster.testkit.check.History.Recorder;
import io.solaster.testkit.check.Linearizability;
import io.solaster.testkit.check.Models;
import io.solaster.testkit.check.Verdict;
import io.solaster.testkit.planted.World.Node;

/** A client that pipelines its requests. Wrong: one that was given up leaves the line of those that wait for an answer. */
final class WrongAnswer {
    private final World world;
    private final boolean bug;
    private final Node client;
    private final Node server;
    private final Recorder<Keyed<String, Add>, Long> recorder;
    private final Deque<Integer> waiting = new ArrayDeque<>();
    private final Map<Integer, Boolean> givenUp = new HashMap<>();
    private final Map<String, Long> sums = new HashMap<>();

    private WrongAnswer(World world, boolean bug, History<Keyed<String, Add>, Long> history) {
        this.world = world;
        this.bug = bug;
        client = world.node("client");
        server = world.node("server");
        recorder = history.record("client");
    }

    static void run(World world, boolean bug) {
        History<Keyed<String, Add>, Long> history = new History<>(world::moment);
        WrongAnswer service = new WrongAnswer(world, bug, history);
        world.draw().repeat(6, i -> {
            Keyed<String, Add> request = new Keyed<>(world.draw().of("x", "y"), new Add(1 + i));
            world.after(service.client, Duration.ofMillis(world.draw().nextInt(3)), () -> service.ask(request));
        });
        world.run();
        Verdict<Keyed<String, Add>, Long> verdict = Linearizability
                .of(Models.<String, Long, Add, Long>byKey(Models.counter(0))).check(history);
        assertThat(verdict.isLinearizable()).as(verdict.toString()).isTrue();
    }

    private void ask(Keyed<String, Add> request) {
        int call = recorder.call(request);
        waiting.add(call);
        world.after(client, Duration.ofMillis(1), () -> giveUp(call));
        world.send(client, server, () -> {
            long sum = sums.merge(request.key(), request.call().amount(), Long::sum);
            world.spend(server, World.micros(world.draw().nextInt(400)));
            world.soon(server, () -> world.send(server, client, () -> answered(sum)));
        });
    }

    private void giveUp(int call) {
        if (waiting.contains(call) && givenUp.putIfAbsent(call, true) == null) {
            recorder.giveUp(call);
            if (bug) {
                waiting.remove(call);
            }
        }
    }

    private void answered(long sum) {
        Integer call = waiting.poll();
        if (call != null && !givenUp.containsKey(call)) {
            recorder.answer(call, sum);
        }
    }
}
