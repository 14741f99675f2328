package io.solaster.binder;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.spring.topic.TopicHeaders;
import io.solaster.spring.topic.TopicMessages;
import io.solaster.streams.EntryId;
import io.solaster.streams.Headers;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.stream.binder.BinderHeaders;
import org.springframework.cloud.stream.binder.ProducerProperties;
import org.springframework.context.Lifecycle;
import org.springframework.integration.handler.AbstractMessageHandler;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageChannel;
import org.springframework.messaging.MessageHandlingException;
import org.springframework.messaging.support.ErrorMessage;

/**
 * Publishes what comes from a channel, and returns once it is acknowledged; on a shard's loop, which must not wait, at once: there
 * the binding's error channel tells what has failed, or the log.
 */
final class TopicSender extends AbstractMessageHandler implements Lifecycle {
    private final Destination destination;
    private final ProducerProperties properties;
    private final @Nullable MessageChannel errors;
    private volatile boolean running;

    TopicSender(Destination destination, ProducerProperties properties, @Nullable MessageChannel errors) {
        this.destination = destination;
        this.properties = properties;
        this.errors = errors;
    }

    @Override
    protected void handleMessageInternal(Message<?> message) {
        if (!(message.getPayload() instanceof byte[] payload)) {
            throw new MessageHandlingException(message, destination + " takes bytes, and this is "
                    + message.getPayload().getClass().getName() + ": leave use-native-encoding off");
        }
        Integer partition = message.getHeaders().get(BinderHeaders.PARTITION_HEADER, Integer.class);
        byte[] key = partition == null
                ? TopicMessages.key(message.getHeaders().get(TopicHeaders.KEY))
                : destination.keyOf(partition);
        Map<String, byte[]> headers = TopicBinder.hasHeaders(properties.getHeaderMode())
                ? TopicMessages.headers(message.getHeaders())
                : Map.of();
        CompletableFuture<EntryId> published = destination.topic().publish(key, payload, Headers.of(headers));
        Shard current = Shard.current();
        if (current != null && current.inEventLoop()) {
            published.whenComplete((entry, failure) -> {
                if (failure != null) {
                    failed(message, ShardFuture.causeOf(failure));
                }
            });
            return;
        }
        try {
            published.get();
        } catch (ExecutionException e) {
            throw new MessageHandlingException(message, destination + " has not taken it", ShardFuture.causeOf(e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MessageHandlingException(message, "interrupted while it was under way to " + destination, e);
        }
    }

    private void failed(Message<?> message, Throwable cause) {
        MessageHandlingException failure = new MessageHandlingException(message, destination + " has not taken it",
                cause);
        if (errors == null || !errors.send(new ErrorMessage(failure))) {
            logger.error(failure, "A message is lost");
        }
    }

    @Override
    public void start() {
        running = true;
    }

    @Override
    public void stop() {
        running = false;
    }

    @Override
    public boolean isRunning() {
        return running;
    }
}
