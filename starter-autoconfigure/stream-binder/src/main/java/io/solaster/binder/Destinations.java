package io.solaster.binder;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.solaster.config.topic.StreamsConfig;
import io.solaster.config.topic.TopicConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import io.solaster.streams.Streams;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.stream.provisioning.ProvisioningException;

/**
 * The topics behind destinations: those of {@code solaster.topics}, and others by name, which are made when somebody binds them and
 * stay open until the binder ends. Any thread that may wait.
 */
final class Destinations implements AutoCloseable {
    /** What is made has files and memory, and names may come from outside. */
    private static final int MOST = 1000;

    private final Engine engine;
    private final @Nullable Streams configured;
    private final StreamsConfig config;
    private final int partitions;
    private final Map<String, Destination> open = new HashMap<>();
    private final List<Streams> made = new ArrayList<>();
    private boolean closed;

    /**
     * Opens nothing yet.
     *
     * @param configured the application's topics; null for none
     * @param config where others are made
     * @param partitions how many those have
     */
    Destinations(Engine engine, @Nullable Streams configured, StreamsConfig config, int partitions) {
        this.engine = engine;
        this.configured = configured;
        this.config = config;
        this.partitions = partitions;
    }

    /** @throws ProvisioningException if there is none of that name, and none can be made */
    synchronized Destination get(String name) {
        Destination known = open.get(name);
        if (known == null) {
            known = find(name);
            open.put(name, known);
        }
        return known;
    }

    private Destination find(String name) {
        Streams streams = configured;
        if (streams != null && streams.topics().stream().anyMatch(topic -> topic.name().equals(name))) {
            return new Destination(streams, streams.topic(name));
        }
        TopicConfig topic = config.place(name, TopicConfig.in("").withPartitions(partitions)
                .withSizes(new ByteSize(8 << 20), new ByteSize(4 << 20), new ByteSize(512 << 10)));
        if (topic.directory().isEmpty()) {
            throw new ProvisioningException("destination '" + name + "' is no topic: write solaster.topics." + name
                    + ", or solaster.streams.directory for all that the binder makes");
        }
        if (closed || made.size() >= MOST) {
            throw new ProvisioningException("destination '" + name + (closed
                    ? "' comes late: the binder has ended"
                    : "' is one too many: the binder has made " + made.size()
                            + " topics; write those that are known below solaster.topics"));
        }
        try {
            Streams opened = Streams.open(engine, Map.of(name, topic));
            made.add(opened);
            return new Destination(opened, opened.topic(name));
        } catch (RuntimeException e) {
            throw new ProvisioningException("destination '" + name + "' cannot be made: " + e.getMessage(), e);
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        RuntimeException first = null;
        for (Streams each : made) {
            try {
                each.close();
            } catch (RuntimeException failure) {
                first = first == null ? failure : first;
            }
        }
        made.clear();
        if (first != null) {
            throw first;
        }
    }
}
