package io.solaster.store.persist;

import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Effects.Step;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.stream.Groups;
import io.solaster.store.stream.Streams;

/** Does the steps of streams again, for {@link ChangeReader}. On the shard whose keys are changed. */
final class StreamSteps implements AutoCloseable {
    private final Streams streams;

    StreamSteps(Keyspace keys) {
        this.streams = new Streams(keys);
    }

    void open(long key, int keyLength, long entry) {
        streams.open(key, keyLength, entry);
    }

    private static long at(long address, int offset, int length) {
        if (offset + Long.BYTES > length) {
            throw new IllegalStateException("a change of a stream of " + length + " bytes, where it needs more");
        }
        return Memory.littleEndian(Memory.getLong(address + offset));
    }

    /** Does a step; numbers and bytes are as {@link Step} says. */
    void apply(Step step, long number, long first, int firstLength, long second, int secondLength) {
        Groups groups = streams.groups();
        switch (step) {
            case STREAM_ADD ->
                streams.append(at(first, 0, firstLength), at(first, 8, firstLength), second, secondLength);
            case STREAM_REMOVE -> streams.delete(at(first, 0, firstLength), at(first, 8, firstLength));
            case STREAM_TRIM -> streams.dropFirst(Math.min(number, streams.length()));
            case STREAM_STATE -> streams.state(at(first, 0, firstLength), at(first, 8, firstLength),
                    at(first, 16, firstLength), at(first, 24, firstLength), at(first, 32, firstLength));
            case GROUP_CREATE, GROUP_SET, GROUP_READ -> groups.set(step, second, secondLength,
                    at(first, 0, firstLength), at(first, 8, firstLength), number);
            case GROUP_DROP -> groups.drop(first, firstLength);
            default -> inGroup(groups, step, number, first, firstLength, second, secondLength);
        }
    }

    private static void inGroup(Groups groups, Step step, long number, long first, int firstLength, long second,
            int secondLength) {
        long group = groups.find(first, firstLength);
        if (group == 0) {
            throw new IllegalStateException("a change of a group that is not there");
        }
        switch (step) {
            case CONSUMER_ADD, CONSUMER_SEEN -> groups.setConsumer(group, second + 8, secondLength - 8, number,
                    at(second, 0, secondLength));
            case CONSUMER_DROP -> groups.dropConsumer(group, second, secondLength);
            case PENDING_SET -> {
                long consumer = Groups.findConsumer(group, second + 24, secondLength - 24);
                if (consumer == 0) {
                    consumer = groups.setConsumer(group, second + 24, secondLength - 24, number, -1);
                }
                groups.setPending(group, consumer, at(second, 0, secondLength), at(second, 8, secondLength), number,
                        at(second, 16, secondLength));
            }
            case PENDING_DROP -> groups.dropPending(group, at(second, 0, secondLength), at(second, 8, secondLength));
            default -> throw new IllegalStateException("a change of a stream of kind " + step);
        }
    }

    @Override
    public void close() {
        streams.close();
    }
}
