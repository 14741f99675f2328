package io.solaster.streams;

/**
 * Which entry of a topic. Sequences of a partition begin with 1 and go on by 1, whatever the clock does and whoever restarts.
 *
 * @param partition from 0 on
 * @param sequence of the entry in its partition; 0 for one that is not there, since a plug-in dropped it or sent it to another topic
 */
public record EntryId(int partition, long sequence) {

    /** Whether the topic has such an entry: false where a plug-in dropped it when it was published, or sent it to another topic. */
    public boolean isKept() {
        return sequence > 0;
    }

    /** Partition and sequence, as {@code 3-17}. */
    @Override
    public String toString() {
        return partition + "-" + sequence;
    }
}
