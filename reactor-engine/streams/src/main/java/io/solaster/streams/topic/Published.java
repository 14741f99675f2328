package io.solaster.streams.topic;

/**
 * Hears what has become of an entry that was published: once, on the shard that published it, else on the one that has its partition.
 * It returns at once.
 */
public interface Published {

    /**
     * It is acknowledged.
     *
     * @param sequence 0 where a plug-in has dropped it, or sent it to another topic
     */
    void published(int partition, long sequence);

    /** It is not, or nobody knows: as the future of {@link io.solaster.streams.Topic#publish(byte[], byte[])} fails. */
    void failed(Throwable why);
}
