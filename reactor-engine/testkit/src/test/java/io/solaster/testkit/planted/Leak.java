package io.solaster.testkit.planted;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.solaster.testkit.planted.World.Node;

/** A server whose answers wait until the client reads. Wrong: what waits when the connection breaks is kept for ever. */
final class Leak {
    private final boolean bug;
    private final UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(false);
    private final Queue<ByteBuf> unsent = new ArrayDeque<>();
    private boolean isOpen = true;

    private Leak(boolean bug) {
        this.bug = bug;
    }

    static void run(World world, boolean bug) {
        Leak service = new Leak(bug);
        Node server = world.node("server");
        Node client = world.node("client");
        world.draw().repeat(6, i -> world.after(client, Duration.ofMillis(world.draw().nextInt(8)),
                () -> world.send(client, server, service::answer)));
        world.draw().repeat(6, i -> world.after(client, Duration.ofMillis(world.draw().nextInt(10)),
                () -> world.send(client, server, service::flush)));
        world.after(client, Duration.ofMillis(world.draw().nextInt(20)),
                () -> world.send(client, server, service::broken));
        world.run();
        assertThat(service.memory.metric().usedHeapMemory()).as("bytes that nobody released").isZero();
    }

    private void answer() {
        ByteBuf buffer = memory.buffer(64).writeLong(42);
        if (isOpen) {
            unsent.add(buffer);
        } else {
            buffer.release();
        }
    }

    private void flush() {
        if (isOpen) {
            while (!unsent.isEmpty()) {
                unsent.remove().release();
            }
        }
    }

    private void broken() {
        isOpen = false;
        if (!bug) {
            unsent.forEach(ByteBuf::release);
        }
        unsent.clear();
    }
}
