package io.solaster.streams.group;

/** Takes entries, each until it is acknowledged or handed back. On the shard, in a fork or on the loop. */
@FunctionalInterface
public interface Handler {
    void handle(InFlight entry) throws Exception;
}
