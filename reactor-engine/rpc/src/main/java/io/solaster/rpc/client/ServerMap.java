package io.solaster.rpc.client;

import java.util.Arrays;
import java.util.List;

import io.solaster.engine.Slots;
import io.solaster.rpc.frame.Hello;

/** Which shard of the server owns which slot, and the port that it has for them, as a HELLO has said. Immutable. */
final class ServerMap {
    private static final short NOBODY = -1;

    private final String node;
    private final long epoch;
    private final List<Integer> ports;
    private final short[] owners = new short[Slots.COUNT];

    private ServerMap(Hello hello) {
        node = hello.node();
        epoch = hello.epoch();
        ports = hello.ports();
        Arrays.fill(owners, NOBODY);
        for (Hello.SlotRun run : hello.slots()) {
            Arrays.fill(owners, run.first(), run.last() + 1, (short) run.shard());
        }
    }

    static ServerMap of(Hello hello) {
        return new ServerMap(hello);
    }

    /** Whether this is what a HELLO says. */
    boolean says(Hello hello) {
        return node.equals(hello.node()) && epoch == hello.epoch() && ports.equals(hello.ports());
    }

    /** Whether a HELLO tells of an earlier map of the same process. */
    boolean isNewerThan(Hello hello) {
        return node.equals(hello.node()) && epoch > hello.epoch();
    }

    /** How many ports there are for single shards. */
    int ports() {
        return ports.size();
    }

    /** The port of the shard that owns a slot; 0 where there is none. */
    int port(int slot) {
        int shard = owners[slot];
        return shard == NOBODY || ports.isEmpty() ? 0 : ports.get(shard);
    }
}
