package io.solaster.streams.subscribe;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Engine;
import io.solaster.engine.Sharded;
import io.solaster.engine.memory.Memory;

/** Subscriptions of a test over all shards of an engine, and subscribers that write down what they get. */
final class Hub {
    private static final MessageFormat TEXT = new MessageFormat() {
        @Override
        public int forms() {
            return 2;
        }

        @Override
        public void write(ByteBuf to, int form, int kind, long pattern, int patternLength, long name, int nameLength,
                long payload, int payloadLength) {
            String text = (form == 0 ? "" : "!") + (pattern == 0 ? "" : text(pattern, patternLength) + "/")
                    + text(name, nameLength) + "=";
            to.writeBytes(bytes(text));
            if (payloadLength == 0) {
                throw new OutOfMemoryError("of this test");
            }
            byte[] message = new byte[payloadLength];
            Memory.copy(payload, message, 0, payloadLength);
            to.writeBytes(message);
        }
    };

    private final Sharded<SubscriptionShard> parts;
    final Subscriptions all;
    final int shards;

    /** A name begins with the digit of its shard; one that begins with a star is everywhere. */
    Hub(Engine engine) {
        shards = engine.shards().size();
        all = new Subscriptions(engine,
                (name, length) -> Memory.getByte(name) == '*'
                        ? Placement.EVERYWHERE
                        : (Memory.getByte(name) - '0') % engine.shards().size(),
                () -> TEXT);
        parts = engine.sharded(shard -> new SubscriptionShard(all, shard));
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    static String text(long address, int length) {
        byte[] bytes = new byte[length];
        Memory.copy(address, bytes, 0, length);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    <R> R on(int shard, Function<SubscriptionShard, R> call) {
        try {
            return parts.on(shard, call).get(1, TimeUnit.MINUTES);
        } catch (Exception failure) {
            throw new AssertionError(failure);
        }
    }

    interface Named<R> {
        R with(long address, int length);
    }

    static <R> R named(String text, Named<R> call) {
        byte[] bytes = bytes(text);
        long address = Memory.allocate(Math.max(1, bytes.length));
        try {
            Memory.copy(bytes, 0, address, bytes.length);
            return call.with(address, bytes.length);
        } finally {
            Memory.free(address);
        }
    }

    static int publish(SubscriptionShard part, int kind, String name, String message) {
        return named(name, (at, length) -> named(message, (to, bytes) -> part.publish(kind, at, length, to, bytes)));
    }

    /** Publishes where the name is at home. */
    int publish(int kind, String name, String message) {
        return on(homeOf(name), part -> publish(part, kind, name, message));
    }

    /** Publishes on any shard. */
    int publishOn(int shard, int kind, String name, String message) {
        return on(shard, part -> publish(part, kind, name, message));
    }

    int homeOf(String name) {
        return name.charAt(0) == '*' ? shards - 1 : (name.charAt(0) - '0') % shards;
    }

    /** A pattern that takes what begins with its text but for the star behind it. */
    record Prefix(String text) implements NamePattern {
        @Override
        public boolean matches(byte[] name, int length) {
            return new String(name, 0, length, StandardCharsets.ISO_8859_1).startsWith(text);
        }

        @Override
        public int bytes() {
            return text.length();
        }
    }

    /** One that writes down what it gets. */
    final class Reader implements Subscriber {
        final int shard;
        private final int form;
        private final int number;
        private final List<String> got = new ArrayList<>();
        private int taken;
        private boolean settled = true;
        /** Throws from the next call, and whether it was told that it failed. */
        boolean throwsAtTake;
        boolean throwsAtFlush;
        boolean failed;

        Reader(int shard, int form) {
            this.shard = shard;
            this.form = form;
            this.number = on(shard, part -> part.join(this));
        }

        int number() {
            return number;
        }

        @Override
        public int form() {
            return form;
        }

        @Override
        public boolean take(ByteBuf buffer, int from, int length, long key) {
            if (throwsAtTake) {
                throw new OutOfMemoryError("of this test");
            }
            got.add(buffer.toString(from, length, StandardCharsets.ISO_8859_1));
            return true;
        }

        @Override
        public void flush() {
            if (throwsAtFlush) {
                throw new OutOfMemoryError("of this test");
            }
            taken = got.size();
        }

        @Override
        public void failed(Throwable cause) {
            failed = true;
        }

        @Override
        public void settled() {
            settled = true;
        }

        boolean subscribe(int kind, String name) {
            boolean added = on(shard, part -> {
                boolean isNew = named(name, (at, length) -> part.subscribe(number, kind, at, length,
                        kind == Subscriptions.PATTERN ? new Prefix(name.substring(0, name.length() - 1)) : null));
                settled = part.settle(number);
                return isNew;
            });
            awaitSettled();
            return added;
        }

        boolean unsubscribe(int kind, String name) {
            boolean removed = on(shard, part -> {
                boolean was = named(name, (at, length) -> part.unsubscribe(number, kind, at, length));
                settled = part.settle(number);
                return was;
            });
            awaitSettled();
            return removed;
        }

        private void awaitSettled() {
            long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
            while (!on(shard, part -> settled)) {
                assertThat(System.nanoTime()).as("settled within a minute").isLessThan(deadline);
            }
        }

        void leave() {
            on(shard, part -> {
                part.leave(number);
                return true;
            });
        }

        /** What came, once there is as much as that, and has been flushed. */
        List<String> await(int count) {
            long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
            while (on(shard, part -> taken) < count) {
                assertThat(System.nanoTime()).as("%s of %s are there within a minute", got, count).isLessThan(deadline);
            }
            return on(shard, part -> {
                List<String> all = List.copyOf(got);
                got.clear();
                taken = 0;
                return all;
            });
        }

        long bytes() {
            return on(shard, part -> part.bytes(number));
        }

        int count(int kind) {
            return on(shard, part -> part.count(number, kind));
        }
    }
}
