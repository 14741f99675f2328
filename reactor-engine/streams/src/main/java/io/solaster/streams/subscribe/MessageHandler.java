package io.solaster.streams.subscribe;

import java.util.concurrent.CompletionStage;

import org.jspecify.annotations.Nullable;

/** What takes the messages of a subscription in the same process. All calls on the shard that has subscribed, which it does not block. */
@FunctionalInterface
public interface MessageHandler {
    /**
     * Takes a message. One that throws, or whose stage fails, is counted ({@link SubscriptionStats#failed}), and the next one comes.
     *
     * @return what ends when the message is done with, on any thread; null if it is already. Until then the message counts as under way
     *         and keeps its memory, also after the subscription is closed. Nothing ends a stage that does not end by itself: once there
     *         are as many as {@link Subscription#window}, or {@link QueueLimits#maxBytes} of them, the handler gets nothing more
     * @throws Exception which is counted
     */
    @Nullable
    CompletionStage<?> handle(Delivery message) throws Exception;

    /** No more comes, since too much was left waiting: the policy is {@link DeliveryPolicy#CLOSE}. */
    default void closed() {}
}
