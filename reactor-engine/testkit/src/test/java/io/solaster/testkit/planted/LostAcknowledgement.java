package io.solaster.testkit.planted;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import io.solaster.testkit.check.Deliveries;
import io.solaster.testkit.planted.World.Node;

/** A server that syncs what it writes in groups. Wrong: it acknowledges what is written and not yet synced. */
final class LostAcknowledgement {
    private final World world;
    private final boolean bug;
    private final Node server;
    private final Storage disk;
    private final List<Runnable> waiting = new ArrayList<>();
    private boolean isSyncing;

    private LostAcknowledgement(World world, boolean bug) {
        this.world = world;
        this.bug = bug;
        server = world.node("server");
        disk = new Storage(world.draw());
    }

    static void run(World world, boolean bug) {
        LostAcknowledgement service = new LostAcknowledgement(world, bug);
        Node client = world.node("client");
        List<Integer> acknowledged = new ArrayList<>();
        world.draw().repeat(10, i -> world.after(client, Duration.ofMillis(world.draw().nextInt(10)),
                () -> world.send(client, service.server, () -> service.write(1 + i,
                        () -> world.send(service.server, client, () -> acknowledged.add(1 + i))))));
        Node power = world.node("power");
        world.after(power, World.micros(world.draw().nextInt(12_000)), () -> world.crash(service.server));
        world.run();
        service.disk.crash();
        List<Integer> survived = new ArrayList<>();
        for (IntBuffer records = ByteBuffer.wrap(service.disk.read()).asIntBuffer(); records.hasRemaining();) {
            survived.add(records.get());
        }
        assertThat(Deliveries.lost(acknowledged, survived)).as("acknowledged, and lost").isEmpty();
    }

    private void write(int record, Runnable acknowledge) {
        disk.append(ByteBuffer.allocate(Integer.BYTES).putInt(record).array());
        if (bug) {
            acknowledge.run();
        } else {
            waiting.add(acknowledge);
        }
        if (!isSyncing) {
            isSyncing = true;
            world.after(server, World.micros(300), this::sync);
        }
    }

    private void sync() {
        disk.sync();
        isSyncing = false;
        waiting.forEach(Runnable::run);
        waiting.clear();
    }
}
