package io.solaster.testkit.planted;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;

import io.solaster.testkit.check.Calls.OfRegister;
import io.solaster.testkit.check.Calls.Read;
import io.solaster.testkit.check.Calls.Write;
import io.solaster.testkit.check.History;
import io.solaster.testkit.check.History.Recorder;
import io.solaster.testkit.check.Linearizability;
import io.solaster.testkit.check.Models;
import io.solaster.testkit.check.Verdict;
import io.solaster.testkit.planted.World.Node;

/**
 * A register on a leader and a follower that takes over when the leader is cut off. Wrong: the old leader goes on to answer
 * reads when its lease has run out.
 */
final class StaleRead {
    private static final Duration LEASE = Duration.ofMillis(20);

    private final World world;
    private final boolean bug;
    private final Node monitor;
    private final Node[] replicas;
    private final int[] values = new int[2];
    private final boolean[] leads = {true, false};
    private long leaseEnd = LEASE.toNanos();
    private long granted = LEASE.toNanos();
    private long acknowledged = LEASE.toNanos();

    private StaleRead(World world, boolean bug) {
        this.world = world;
        this.bug = bug;
        monitor = world.node("monitor");
        replicas = new Node[]{world.node("leader"), world.node("follower")};
    }

    static void run(World world, boolean bug) {
        StaleRead service = new StaleRead(world, bug);
        History<OfRegister<Integer>, Object> history = new History<>(world::moment);
        world.soon(service.monitor, () -> service.monitor(40));
        for (int client = 0; client < 2; client++) {
            Recorder<OfRegister<Integer>, Object> recorder = history.record("client " + client);
            Node node = world.node("client " + client);
            world.draw().repeat(8, i -> world.after(node, Duration.ofMillis(world.draw().nextInt(150)),
                    () -> service.call(node, recorder, world.draw().nextInt(2),
                            world.draw().nextBoolean() ? new Read<>() : new Write<>(1 + i))));
        }
        world.after(service.monitor, Duration.ofMillis(world.draw().nextInt(50)), () -> {
            world.cut(service.monitor, service.replicas[0]);
            world.cut(service.replicas[0], service.replicas[1]);
        });
        world.run();
        Verdict<OfRegister<Integer>, Object> verdict = Linearizability
                .<Optional<Integer>, OfRegister<Integer>, Object>of(Models.register(0)).check(history);
        assertThat(verdict.isLinearizable()).as(verdict.toString()).isTrue();
    }

    /** Grants the leader a lease again and again, and promotes the follower when the last has run out. */
    private void monitor(int rounds) {
        if (world.now() < acknowledged) {
            long end = world.now() + LEASE.toNanos();
            granted = end;
            world.send(monitor, replicas[0], () -> {
                leaseEnd = end;
                world.send(replicas[0], monitor, () -> acknowledged = end);
            });
        } else if (world.now() > granted) {
            world.send(monitor, replicas[1], () -> leads[1] = true);
            return;
        }
        if (rounds > 1) {
            world.after(monitor, Duration.ofMillis(5), () -> monitor(rounds - 1));
        }
    }

    private void call(Node client, Recorder<OfRegister<Integer>, Object> recorder, int replica,
            OfRegister<Integer> input) {
        int call = recorder.call(input);
        world.send(client, replicas[replica], () -> {
            if (leads[replica] && input instanceof Write<Integer>(Integer value)) {
                write(replica, value, () -> world.send(replicas[replica], client, () -> recorder.answer(call, null)));
            } else if (leads[replica] && (bug || replica == 1 || world.now() < leaseEnd)) {
                int value = values[replica];
                world.send(replicas[replica], client, () -> recorder.answer(call, value));
            }
        });
    }

    private void write(int replica, int value, Runnable acknowledge) {
        if (replica == 1) {
            values[1] = value;
            acknowledge.run();
        } else {
            // Read by nobody before the follower has it.
            world.send(replicas[0], replicas[1], () -> {
                if (!leads[1]) {
                    values[1] = value;
                    world.send(replicas[1], replicas[0], () -> {
                        values[0] = value;
                        acknowledge.run();
                    });
                }
            });
        }
    }
}
