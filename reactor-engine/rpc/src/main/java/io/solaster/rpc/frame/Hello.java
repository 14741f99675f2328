package io.solaster.rpc.frame;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Slots;

/**
 * What each side says first: the client at once, the server after it. A server says it again when its map has changed.
 *
 * @param features a bit each; what both have is used
 * @param node whose process it is: 40 hexadecimal digits, or nothing of a client
 * @param shard on which the connection lives there
 * @param shards of the process
 * @param epoch of the map; grows with each change
 * @param maxMessage bytes of the longest message that it takes
 * @param maxCalls that it serves on this connection at a time
 * @param window what it takes of streams
 * @param ports by shard, what each listens on for itself; empty where they have none
 * @param slots which shard has which slots; those that are not there are another process's
 * @param methods what can be called
 */
public record Hello(long features, String node, int shard, int shards, long epoch, int maxMessage, int maxCalls,
        Window window, List<Integer> ports, List<SlotRun> slots, List<Method> methods) {

    /**
     * What a side takes of streams before it gives credit again.
     *
     * @param messages of all streams of the connection together
     * @param bytes of all streams of the connection together
     * @param streamBytes of each stream; its messages are credited one by one, as they are asked for
     */
    public record Window(int messages, int bytes, int streamBytes) {}

    /** Slots that follow each other and belong to one shard, both ends included. */
    public record SlotRun(int first, int last, int shard) {}

    /**
     * A method that can be called.
     *
     * @param hash its number in a REQUEST
     * @param kind how many messages go which way
     * @param fingerprint of its schema
     */
    public record Method(int hash, int kind, long fingerprint) {}

    /** That fit into the longest HELLO, whatever else it says. */
    public static final int MOST_METHODS = 20_000;

    private static final int MOST_SHARDS = 4096;
    private static final int RUN = 6;
    private static final int METHOD = 13;

    /** Writes the whole frame. */
    public void write(ByteBuf out) {
        int at = FrameWriter.begin(out);
        out.writeLongLE(features);
        byte[] name = node.getBytes(StandardCharsets.US_ASCII);
        out.writeByte(name.length).writeBytes(name);
        out.writeShortLE(shard).writeShortLE(shards).writeLongLE(epoch);
        out.writeIntLE(maxMessage).writeIntLE(maxCalls);
        out.writeIntLE(window.messages).writeIntLE(window.bytes).writeIntLE(window.streamBytes);
        out.writeShortLE(ports.size());
        ports.forEach(out::writeShortLE);
        out.writeShortLE(slots.size());
        for (SlotRun run : slots) {
            out.writeShortLE(run.first).writeShortLE(run.last).writeShortLE(run.shard);
        }
        out.writeIntLE(methods.size());
        for (Method method : methods) {
            out.writeIntLE(method.hash).writeByte(method.kind).writeLongLE(method.fingerprint);
        }
        FrameWriter.end(out, at, Frame.HELLO, 0, 0, 0, Frame.MAGIC, Frame.VERSION | Frame.VERSION << 16);
    }

    /**
     * Reads the body. What stands behind what is known here is a later version's, and skipped.
     *
     * @throws IllegalArgumentException if it is none, with the reason
     */
    public static Hello read(ByteBuf body) {
        try {
            return readFields(body);
        } catch (IndexOutOfBoundsException e) {
            throw new IllegalArgumentException("a HELLO that ends too early", e);
        }
    }

    private static Hello readFields(ByteBuf body) {
        long features = body.readLongLE();
        int nameLength = body.readUnsignedByte();
        String node = body.readCharSequence(nameLength, StandardCharsets.US_ASCII).toString();
        require(node.isEmpty() || node.matches("[0-9a-f]{40}"), "node of " + nameLength + " characters");
        int shard = body.readUnsignedShortLE();
        int shards = body.readUnsignedShortLE();
        require(shards > 0 && shards <= MOST_SHARDS && shard < shards, "shard " + shard + " of " + shards);
        long epoch = body.readLongLE();
        int maxMessage = body.readIntLE();
        require(maxMessage > 0 && maxMessage <= Frame.MAX_MESSAGE, "longest message " + maxMessage);
        int maxCalls = body.readIntLE();
        require(maxCalls > 0, "calls " + maxCalls);
        Window window = new Window(body.readIntLE(), body.readIntLE(), body.readIntLE());
        require(window.messages > 0 && window.bytes > 0 && window.streamBytes > 0, "window " + window);
        return new Hello(features, node, shard, shards, epoch, maxMessage, maxCalls, window, ports(body, shards),
                slots(body, shards), methods(body));
    }

    private static List<Integer> ports(ByteBuf body, int shards) {
        int count = body.readUnsignedShortLE();
        require(count == 0 || count == shards, count + " ports for " + shards + " shards");
        List<Integer> ports = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            ports.add(body.readUnsignedShortLE());
        }
        return List.copyOf(ports);
    }

    private static List<SlotRun> slots(ByteBuf body, int shards) {
        int count = body.readUnsignedShortLE();
        require(count <= Slots.COUNT && (long) count * RUN <= body.readableBytes(), count + " runs of slots");
        List<SlotRun> slots = new ArrayList<>(count);
        int next = 0;
        for (int i = 0; i < count; i++) {
            SlotRun run = new SlotRun(body.readUnsignedShortLE(), body.readUnsignedShortLE(),
                    body.readUnsignedShortLE());
            require(run.first >= next && run.last >= run.first && run.last < Slots.COUNT && run.shard < shards,
                    run.toString());
            next = run.last + 1;
            slots.add(run);
        }
        return List.copyOf(slots);
    }

    private static List<Method> methods(ByteBuf body) {
        int count = body.readIntLE();
        require(count >= 0 && (long) count * METHOD <= body.readableBytes(), count + " methods");
        List<Method> methods = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            methods.add(new Method(body.readIntLE(), body.readUnsignedByte(), body.readLongLE()));
        }
        return List.copyOf(methods);
    }

    private static void require(boolean fine, String what) {
        if (!fine) {
            throw new IllegalArgumentException("a HELLO with " + what);
        }
    }
}
