package io.solaster.binder;

import java.util.Map;
import java.util.UUID;

import io.solaster.streams.ConsumeOptions;
import io.solaster.streams.ConsumeOptions.Acknowledge;
import io.solaster.streams.ConsumeOptions.Run;
import io.solaster.streams.ConsumeOptions.Start;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.stream.binder.AbstractMessageChannelBinder;
import org.springframework.cloud.stream.binder.ConsumerProperties;
import org.springframework.cloud.stream.binder.HeaderMode;
import org.springframework.cloud.stream.binder.ProducerProperties;
import org.springframework.cloud.stream.provisioning.ConsumerDestination;
import org.springframework.cloud.stream.provisioning.ProducerDestination;
import org.springframework.integration.core.MessageProducer;
import org.springframework.messaging.MessageChannel;
import org.springframework.messaging.MessageHandler;
import org.springframework.util.StringUtils;

/**
 * Binds channels to topics. A group that has a name begins with the oldest entry that is kept, one without a name with the next, and
 * goes with its binding. Of partitioned consumers, each instance index has a group of its own and takes the entries whose
 * partition number leaves its index as the rest of a division by the number of instances. Any thread that may wait.
 */
final class TopicBinder extends AbstractMessageChannelBinder<ConsumerProperties, ProducerProperties, TopicProvisioner> {
    private static final String ANONYMOUS = "anonymous.";
    private static final int MOST_UNDER_WAY = 65536;

    TopicBinder(Destinations destinations) {
        super(new String[0], new TopicProvisioner(destinations));
    }

    @Override
    protected MessageHandler createProducerMessageHandler(ProducerDestination destination,
            ProducerProperties properties,
            @Nullable MessageChannel errors) {
        Destination to = (Destination) destination;
        if (!properties.isPartitioned()) {
            // Of partitioned ones nobody knows how many instances there will be; their groups begin with the oldest entry anyhow.
            for (String group : properties.getRequiredGroups()) {
                to.streams().consume(to.getName(), group,
                        ConsumeOptions.DEFAULTS.withRun(Run.LOOP).withAcknowledge(Acknowledge.BY_HAND), entry -> {})
                        .close();
            }
        }
        TopicSender sender = new TopicSender(to, properties, errors);
        sender.setBeanFactory(getBeanFactory());
        return sender;
    }

    @Override
    protected MessageProducer createConsumerEndpoint(ConsumerDestination destination, @Nullable String group,
            ConsumerProperties properties) {
        Destination from = (Destination) destination;
        boolean anonymous = !StringUtils.hasText(group);
        String name = anonymous ? ANONYMOUS + UUID.randomUUID() : String.valueOf(group);
        if (properties.isPartitioned()) {
            name += "." + properties.getInstanceIndex();
        }
        ConsumeOptions options = ConsumeOptions.DEFAULTS.withStart(anonymous ? Start.NEXT : Start.OLDEST)
                .withWindow(Math.clamp(properties.getConcurrency(), 1, MOST_UNDER_WAY),
                        ConsumeOptions.DEFAULTS.bytes());
        TopicReceiver receiver = new TopicReceiver(from, name, anonymous, options, properties);
        receiver.setBeanFactory(getBeanFactory());
        ErrorInfrastructure errors = registerErrorInfrastructure(destination, group, properties);
        if (properties.getMaxAttempts() > 1) {
            receiver.retry(buildRetryTemplate(properties), errors.getRecoverer());
        } else {
            receiver.setErrorMessageStrategy(getErrorMessageStrategy());
            receiver.setErrorChannel(errors.getErrorChannel());
        }
        return receiver;
    }

    /** Whether headers go along. */
    static boolean hasHeaders(@Nullable HeaderMode mode) {
        return mode != HeaderMode.none;
    }

    @Override
    protected Map<String, Object> doGetAdditionalConfigurationProperties(String name) {
        return Map.of();
    }
}
