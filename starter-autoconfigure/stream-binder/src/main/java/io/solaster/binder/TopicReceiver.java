package io.solaster.binder;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

import io.solaster.engine.Shard;
import io.solaster.spring.topic.TopicHeaders;
import io.solaster.spring.topic.TopicMessages;
import io.solaster.streams.ConsumeOptions;
import io.solaster.streams.Consumption;
import io.solaster.streams.Delivery;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.stream.binder.BinderHeaders;
import org.springframework.cloud.stream.binder.ConsumerProperties;
import org.springframework.core.retry.RetryException;
import org.springframework.core.retry.RetryTemplate;
import org.springframework.integration.core.RecoveryCallback;
import org.springframework.integration.endpoint.MessageProducerSupport;
import org.springframework.integration.support.ErrorMessageUtils;
import org.springframework.messaging.Message;

/**
 * Takes the entries of a topic for a group, and sends each to its channel in a fork on the shard that has its partition. One that fails
 * is tried again there; after the last attempt the error channel has it, and it is acknowledged, whatever becomes of it there: an
 * application whose entries must not go by handles what its error channel gets. One that is interrupted comes again.
 */
final class TopicReceiver extends MessageProducerSupport {
    private final Destination source;
    private final String group;
    private final boolean isAnonymous;
    private final ConsumeOptions options;
    private final boolean hasHeaders;
    /** 1 where all entries are ours. */
    private final int instances;
    private final int index;
    private @Nullable RetryTemplate retry;
    private @Nullable RecoveryCallback<?> recovery;
    private @Nullable Consumption consumption;

    TopicReceiver(Destination source, String group, boolean isAnonymous, ConsumeOptions options,
            ConsumerProperties properties) {
        this.source = source;
        this.group = group;
        this.isAnonymous = isAnonymous;
        this.options = options;
        // Whoever binds may use the same properties for the next binding.
        this.hasHeaders = TopicBinder.hasHeaders(properties.getHeaderMode());
        this.instances = properties.isPartitioned() ? Math.max(1, properties.getInstanceCount()) : 1;
        this.index = properties.getInstanceIndex();
    }

    /** Has failures tried again, and what fails at last recovered. */
    void retry(RetryTemplate template, RecoveryCallback<?> last) {
        retry = template;
        recovery = last;
    }

    @Override
    protected void doStart() {
        consumption = source.streams().consume(source.getName(), group, options, this::take);
    }

    @Override
    protected void doStop() {
        Consumption leaving = consumption;
        consumption = null;
        if (leaving == null) {
            return;
        }
        Shard current = Shard.current();
        if (current != null && current.inEventLoop()) {
            var ignored = leaving.stop();
        } else {
            leaving.close();
        }
    }

    /** What has no name is nobody's when it goes. */
    @Override
    public void destroy() {
        super.destroy();
        if (isAnonymous) {
            source.topic().deleteGroup(group).whenComplete((deleted, failure) -> {
                if (failure != null) {
                    logger.debug(failure, () -> "Group '" + group + "' of " + source + " is left behind");
                }
            });
        }
    }

    private void take(Delivery delivery) {
        Map<String, byte[]> headers = delivery.headers().toMap();
        Map<String, Object> more = new HashMap<>();
        more.put(TopicHeaders.RECEIVED_TOPIC, source.getName());
        more.put(TopicHeaders.RECEIVED_PARTITION, delivery.id().partition());
        more.put(TopicHeaders.SEQUENCE, delivery.id().sequence());
        more.put(TopicHeaders.RECEIVED_TIME, delivery.time());
        more.put(TopicHeaders.GROUP, group);
        more.put(TopicHeaders.ATTEMPT, delivery.attempt());
        Message<byte[]> message = TopicMessages.message(delivery.key(), hasHeaders ? headers : Map.of(),
                delivery.value(), more);
        if (!isOurs(message, delivery)) {
            return;
        }
        try {
            send(message);
        } catch (Exception e) {
            if (Thread.currentThread().isInterrupted() || !isRunning()) {
                throw e;
            }
            logger.error(e, () -> "Entry " + delivery.id() + " of " + source + " has failed, and is skipped");
        }
    }

    private void send(Message<byte[]> message) {
        RetryTemplate template = retry;
        RecoveryCallback<?> last = recovery;
        if (template == null || last == null) {
            sendMessage(message);
            return;
        }
        try {
            template.execute(() -> {
                sendMessage(message);
                return true;
            });
        } catch (RetryException e) {
            last.recover(ErrorMessageUtils.getAttributeAccessor(message, message),
                    Objects.requireNonNullElse(e.getCause(), e));
        }
    }

    private boolean isOurs(Message<?> message, Delivery delivery) {
        if (instances == 1) {
            return true;
        }
        Object number = message.getHeaders().get(BinderHeaders.PARTITION_HEADER);
        int partition = number instanceof Integer its ? its : delivery.id().partition();
        return Math.floorMod(partition, instances) == index;
    }
}
