package io.solaster.streams;

/**
 * Which entry of a topic. Sequences of a partition begin with 1 and go on by 1, whatever the clock does and whoever restarts.
 *
 * @param partition from 0 on
 * @param sequence of the entry in its partition
 */
public record EntryId(int partition, long sequence) {

    /** Partition and sequence, as {@code 3-17}. */
    @Override
    public String toString() {
        return partition + "-" + sequence;
    }
}
