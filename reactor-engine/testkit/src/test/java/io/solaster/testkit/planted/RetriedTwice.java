package io.solaster.testkit.planted;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

import io.solaster.testkit.check.Calls.Add;
import io.solaster.testkit.check.History;
import io.solaster.testkit.check.History.Recorder;
import io.solaster.testkit.check.Linearizability;
import io.solaster.testkit.check.Models;
import io.solaster.testkit.check.Verdict;
import io.solaster.testkit.planted.World.Node;

/** A client that asks again where no answer came. Wrong: the server adds again, for it knows requests by no number. */
final class RetriedTwice {
    private final World world;
    private final boolean bug;
    private final Node server;
    private final Map<String, Long> answers = new HashMap<>();
    private long sum;

    private RetriedTwice(World world, boolean bug) {
        this.world = world;
        this.bug = bug;
        server = world.node("server");
    }

    static void run(World world, boolean bug) {
        RetriedTwice service = new RetriedTwice(world, bug);
        History<Add, Long> history = new History<>(world::moment);
        for (int i = 0; i < 2; i++) {
            Node client = world.node("client " + i);
            Recorder<Add, Long> recorder = history.record("client " + i);
            world.draw().repeat(4, number -> world.after(client, Duration.ofMillis(world.draw().nextInt(10)), () -> {
                int call = recorder.call(new Add(1));
                service.ask(client, recorder, call, client + "/" + number, new boolean[1], 3);
            }));
            world.after(client, World.micros(world.draw().nextInt(10_000)), () -> world.cut(client, service.server));
            world.after(client, Duration.ofMillis(10), world::heal);
        }
        world.run();
        Verdict<Add, Long> verdict = Linearizability.of(Models.counter(0)).check(history);
        assertThat(verdict.isLinearizable()).as(verdict.toString()).isTrue();
    }

    private void ask(Node client, Recorder<Add, Long> recorder, int call, String number, boolean[] ended, int tries) {
        if (ended[0]) {
            return;
        }
        if (tries == 0) {
            ended[0] = true;
            recorder.giveUp(call);
            return;
        }
        world.send(client, server, () -> {
            long answer = bug ? ++sum : answers.computeIfAbsent(number, _ -> ++sum);
            world.send(server, client, () -> {
                if (!ended[0]) {
                    ended[0] = true;
                    recorder.answer(call, answer);
                }
            });
        });
        world.after(client, Duration.ofMillis(4), () -> ask(client, recorder, call, number, ended, tries - 1));
    }
}
