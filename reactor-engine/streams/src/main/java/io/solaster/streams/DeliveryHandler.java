package io.solaster.streams;

/** Takes the entries of a topic for a group: {@link Streams#consume}. */
@FunctionalInterface
public interface DeliveryHandler {

    /**
     * Takes one, on the shard that has its partition: in a fork, where it may wait, or on the loop, as {@link ConsumeOptions} say.
     *
     * @throws Exception has the entry delivered again after the back-off
     */
    void deliver(Delivery delivery) throws Exception;
}
