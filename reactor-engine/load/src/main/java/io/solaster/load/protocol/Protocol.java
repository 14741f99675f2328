package io.solaster.load.protocol;

import java.util.List;

/** What a load speaks. Any thread. */
public interface Protocol {

    /** What it is called in reports. */
    String name();

    /** What it asks for, in a few words. */
    String describe();

    /** How many requests may be under way on a connection. */
    int depth();

    /**
     * Begins a connection. On its shard.
     *
     * @param seed what its requests draw their chance from
     * @param recorded what was recorded, which requests name by number
     */
    Conversation open(long seed, List<byte[]> recorded);

    /**
     * A recorded request as it is sent.
     *
     * @throws IllegalArgumentException if the protocol knows no such request, naming it
     */
    default byte[] recorded(String request) {
        throw new IllegalArgumentException(
                "'" + request + "' cannot be replayed over " + name() + "; record the times alone");
    }
}
