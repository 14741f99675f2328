package io.solaster.spring.topic;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Map;

import io.micrometer.common.docs.KeyName;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.docs.ObservationDocumentation;
import io.micrometer.observation.transport.Kind;
import io.micrometer.observation.transport.ReceiverContext;
import io.micrometer.observation.transport.SenderContext;
import org.jspecify.annotations.Nullable;

/** What is observed of topics, by the names that OpenTelemetry has for messaging. The trace goes along in the headers. */
public enum TopicObservation implements ObservationDocumentation {
    /** An entry that a template publishes, until it is acknowledged. */
    PUBLISH("solaster.topic.publish"),
    /** An attempt of a listener. */
    PROCESS("solaster.topic.process");

    private final String text;

    TopicObservation(String text) {
        this.text = text;
    }

    @Override
    public String getName() {
        return text;
    }

    @Override
    public KeyName[] getLowCardinalityKeyNames() {
        return Key.values();
    }

    /** Of few values each. */
    public enum Key implements KeyName {
        /** {@code solaster}. */
        SYSTEM("messaging.system"),
        /** {@code publish} or {@code process}. */
        OPERATION("messaging.operation.name"),
        /** The topic. */
        DESTINATION("messaging.destination.name"),
        /** The group; not of what is published. */
        GROUP("messaging.consumer.group.name");

        private final String text;

        Key(String text) {
            this.text = text;
        }

        @Override
        public String asString() {
            return text;
        }
    }

    static Observation publish(@Nullable ObservationRegistry registry, String topic, Map<String, byte[]> headers) {
        if (registry == null || registry.isNoop()) {
            return Observation.NOOP;
        }
        SenderContext<Map<String, byte[]>> context = new SenderContext<>((carrier, name, value) -> {
            if (carrier != null) {
                carrier.put(name, value.getBytes(UTF_8));
            }
        }, Kind.PRODUCER);
        context.setCarrier(headers);
        context.setRemoteServiceName(topic);
        return begin(PUBLISH, registry, context, topic, "publish");
    }

    static Observation process(@Nullable ObservationRegistry registry, ListenerPlan plan,
            Map<String, byte[]> headers) {
        if (registry == null || registry.isNoop()) {
            return Observation.NOOP;
        }
        ReceiverContext<Map<String, byte[]>> context = new ReceiverContext<>((carrier, name) -> {
            byte[] value = carrier.get(name);
            return value == null ? null : new String(value, UTF_8);
        }, Kind.CONSUMER);
        context.setCarrier(headers);
        return begin(PROCESS, registry, context, plan.topic(), "process")
                .lowCardinalityKeyValue(Key.GROUP.withValue(plan.group()));
    }

    private static Observation begin(TopicObservation what, ObservationRegistry registry, Observation.Context context,
            String topic, String operation) {
        return Observation.createNotStarted(what.getName(), () -> context, registry)
                .contextualName(operation + " " + topic).lowCardinalityKeyValue(Key.SYSTEM.withValue("solaster"))
                .lowCardinalityKeyValue(Key.OPERATION.withValue(operation))
                .lowCardinalityKeyValue(Key.DESTINATION.withValue(topic));
    }
}
