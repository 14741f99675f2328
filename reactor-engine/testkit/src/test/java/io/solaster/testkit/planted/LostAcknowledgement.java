package io.solaster.testkit.planted;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import io.solaster.testkit.check.Deliveries;
import io.solaster.testkit.planted.World.Node;

/** A server that writes to its disk in groups. Wrong: it acknowledges what is written and not yet synced. */
final class LostAcknowledgement {
    private final World world;
    private final boolean bug;
    private final Node server;
    private final List<Integer> memory = new ArrayList<>();
    private final List<Integer> synced = new ArrayList<>();
    private final List<Runnable> waiting = new ArrayList<>();
    private boolean isSyncing;

    private LostAcknowledgement(World world, boolean bug) {
        this.world = world;
        this.bug = bug;
        server = world.node("server");
    }

    static void run(World world, boolean bug) {
        LostAcknowledgement service = new LostAcknowledgement(world, bug);
        Node client = world.node("client");
        List<Integer> acknowledged = new ArrayList<>();
        world.draw().repeat(10, i -> world.after(client, Duration.ofMillis(world.draw().nextInt(10)),
                () -> world.send(client, service.server,
                        () -> service.write(i, () -> world.send(service.server, client, () -> acknowledged.add(i))))));
        Node power = world.node("power");
        world.after(power, Duration.ofMillis(world.draw().nextInt(12)), () -> world.crash(service.server));
        world.run();
        assertThat(Deliveries.lost(acknowledged, service.synced)).as("acknowledged, and lost").isEmpty();
    }

    private void write(int record, Runnable acknowledge) {
        memory.add(record);
        if (bug) {
            acknowledge.run();
        } else {
            waiting.add(acknowledge);
        }
        sync();
    }

    private void sync() {
        if (isSyncing || memory.isEmpty()) {
            return;
        }
        isSyncing = true;
        List<Integer> records = List.copyOf(memory);
        List<Runnable> theirs = List.copyOf(waiting);
        memory.clear();
        waiting.clear();
        world.after(server, World.micros(300), () -> {
            synced.addAll(records);
            theirs.forEach(Runnable::run);
            isSyncing = false;
            sync();
        });
    }
}
