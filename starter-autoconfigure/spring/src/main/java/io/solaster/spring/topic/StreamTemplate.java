package io.solaster.spring.topic;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.solaster.engine.Shard;
import io.solaster.streams.EntryId;
import io.solaster.streams.Headers;
import io.solaster.streams.Streams;
import org.jspecify.annotations.Nullable;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageHeaders;
import org.springframework.messaging.MessagingException;
import org.springframework.messaging.converter.MessageConversionException;
import org.springframework.messaging.converter.MessageConverter;

/**
 * Publishes to topics. What a {@code send} has acknowledged is kept as the topic's {@code fsync} says. Any thread may call; those
 * that wait may not be called on a shard's loop, but in a fork.
 *
 * {@snippet :
 * template.send("orders", order.id(), order).thenAccept(entry -> answer(entry));
 * EntryId entry = template.sendAndWait("orders", order.id(), order);
 * }
 */
public final class StreamTemplate {
    private final Streams streams;
    private final MessageConverter converter;
    private final @Nullable ObservationRegistry observations;

    /**
     * Over the topics of an engine.
     *
     * @param converter makes bytes of payloads; {@link TopicConverters#defaults} unless the application has its own
     * @param observations null where the application has none
     */
    public StreamTemplate(Streams streams, MessageConverter converter, @Nullable ObservationRegistry observations) {
        this.streams = streams;
        this.converter = converter;
        this.observations = observations;
    }

    /**
     * Publishes a payload.
     *
     * @param key names the partition: text, bytes, a number or a UUID; null for any
     * @return which entry it is, once it is acknowledged: on the shard that sends, else on any thread. Fails with what refused
     *         it: {@link io.solaster.streams.Topic#publish}
     */
    public CompletableFuture<EntryId> send(String topic, @Nullable Object key, Object payload) {
        return send(topic, key, payload, Map.of());
    }

    /** As {@link #send(String, Object, Object)}, with headers; those that are no text, bytes, numbers, flags or UUIDs are left out. */
    public CompletableFuture<EntryId> send(String topic, @Nullable Object key, Object payload,
            Map<String, ?> headers) {
        Map<String, Object> all = new HashMap<>(headers);
        if (key != null) {
            all.put(TopicHeaders.KEY, key);
        }
        Message<?> message;
        try {
            message = converter.toMessage(payload, new MessageHeaders(all));
        } catch (RuntimeException e) {
            return failed(e);
        }
        return message == null || !(message.getPayload() instanceof byte[] bytes)
                ? failed(new MessageConversionException("no MessageConverter makes bytes of "
                        + payload.getClass().getName() + "; give text or bytes, add Jackson, or define a bean"
                        + " 'solasterTopicConverter'"))
                : publish(topic, bytes, message.getHeaders());
    }

    /** Publishes a message, whose payload is converted unless it is bytes. Its key may be in {@link TopicHeaders#KEY}. */
    public CompletableFuture<EntryId> send(String topic, Message<?> message) {
        return message.getPayload() instanceof byte[] bytes
                ? publish(topic, bytes, message.getHeaders())
                : send(topic, null, message.getPayload(), message.getHeaders());
    }

    private CompletableFuture<EntryId> publish(String topic, byte[] payload, MessageHeaders from) {
        Map<String, byte[]> headers = TopicMessages.headers(from);
        Observation observation = TopicObservation.publish(observations, topic, headers);
        observation.start();
        CompletableFuture<EntryId> published;
        try {
            published = streams.topic(topic).publish(TopicMessages.key(from.get(TopicHeaders.KEY)), payload,
                    Headers.of(headers));
        } catch (RuntimeException e) {
            published = failed(e);
        }
        return published.whenComplete((at, failure) -> {
            if (failure != null) {
                observation.error(failure);
            }
            observation.stop();
        });
    }

    private static CompletableFuture<EntryId> failed(RuntimeException why) {
        Shard current = Shard.current();
        CompletableFuture<EntryId> failed = current == null ? new CompletableFuture<>() : current.newFuture();
        failed.completeExceptionally(why);
        return failed;
    }

    /**
     * As {@link #send(String, Object, Object)}, and waits. In a fork, or off the shards.
     *
     * @throws MessagingException if it is not acknowledged
     * @throws IllegalStateException on a shard's loop, which must not wait
     */
    public EntryId sendAndWait(String topic, @Nullable Object key, Object payload) {
        return sendAndWait(topic, key, payload, Map.of());
    }

    /** As {@link #send(String, Object, Object, Map)}, and waits as {@link #sendAndWait(String, Object, Object)} does. */
    public EntryId sendAndWait(String topic, @Nullable Object key, Object payload, Map<String, ?> headers) {
        Shard.refuseToBlock("StreamTemplate.sendAndWait", "call send, or call it in a fork");
        try {
            return Objects.requireNonNull(send(topic, key, payload, headers).get());
        } catch (ExecutionException e) {
            throw new MessagingException("topic '" + topic + "' has not taken a message: " + e.getCause(),
                    Objects.requireNonNullElse(e.getCause(), e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MessagingException("interrupted while a message to topic '" + topic + "' was under way", e);
        }
    }
}
