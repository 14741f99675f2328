package io.solaster.streams;

/**
 * How a group of a topic fares, over all shards.
 *
 * @param members consumptions that take its entries
 * @param underWay entries that are given to them and not acknowledged
 * @param lag entries that are not acknowledged, given to somebody or not; of what retention has taken, up to 512 of each partition
 *            are counted until a member has read on
 */
public record GroupState(String name, int members, int underWay, long lag) {}
