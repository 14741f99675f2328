package io.solaster.streams.group;

import java.time.Duration;

/**
 * How a member takes entries.
 *
 * @param name tells it from other members of the group, and shares out partitions
 * @param entries how many it has under way on a shard at most
 * @param bytes how many bytes those may have; one entry is always let through
 * @param inFork whether each entry has a virtual thread, or all run on the loop, one after the other
 * @param acknowledgesOnReturn whether a handler that returns has acknowledged
 * @param backOff how long an entry waits that was handed back or failed, the first time; twice as long each time after
 * @param longestBackOff and at most
 */
public record MemberOptions(String name, int entries, long bytes, boolean inFork, boolean acknowledgesOnReturn,
        Duration backOff, Duration longestBackOff) {}
