package io.solaster.streams.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

import io.solaster.config.EngineConfig;
import io.solaster.config.plugin.PluginConfig;
import io.solaster.config.plugin.PluginLimits;
import io.solaster.config.plugin.PluginsConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import org.jspecify.annotations.Nullable;

/** An engine of two shards, a directory of plug-ins, and topics that show messages to them. */
final class PluginRig implements AutoCloseable {
    private static final PluginLimits PATIENT = new PluginLimits(Duration.ofSeconds(20), new ByteSize(1 << 20));

    final Engine engine;
    final Path directory;
    private final Map<String, PluginConfig> processors = new LinkedHashMap<>();
    /** By shard: what each topic was told last. */
    private final List<Map<String, PluginChain>> chains = List.of(new ConcurrentHashMap<>(), new ConcurrentHashMap<>());
    private Duration poll = Duration.ofDays(1);
    private Duration loads = Duration.ofSeconds(60);
    private @Nullable Plugins plugins;

    PluginRig(Path directory) {
        this.directory = directory;
        engine = Engine.start(EngineConfig.defaults().withShards(2));
    }

    /** What is not about time has much of it, on a busy machine. */
    static PluginConfig config(String... topics) {
        return PluginConfig.of(topics).withMaxFailures(3).withLimits(PATIENT);
    }

    PluginRig with(String name, PluginConfig config) {
        processors.put(name, config);
        return this;
    }

    PluginRig polling(Duration interval) {
        poll = interval;
        return this;
    }

    PluginRig loadingWithin(Duration most) {
        loads = most;
        return this;
    }

    PluginRig start(String... topics) {
        Plugins started = Plugins.start(engine, PluginsConfig.defaults().withDirectory(directory.toString())
                .withPollInterval(poll).withProcessors(processors), loads);
        plugins = started;
        engine.submitToAll(shard -> {
            for (String topic : topics) {
                started.shards().on(shard).attach(topic, (published, delivered) -> {
                    PluginChain chain = published != null ? published : delivered;
                    if (chain == null) {
                        chains.get(shard.id()).remove(topic);
                    } else {
                        chains.get(shard.id()).put(topic, chain);
                    }
                });
            }
            return true;
        }).join();
        return this;
    }

    Plugins plugins() {
        return Objects.requireNonNull(plugins);
    }

    /** Puts a file there at once, as whoever changes one should. */
    void put(String file, byte[] bytes) {
        try {
            Path temporary = Files.createTempFile(directory, "new", ".tmp");
            Files.write(temporary, bytes);
            Files.move(temporary, directory.resolve(file), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    void replace(String file, byte[] bytes) {
        put(file, bytes);
        reload();
    }

    void reload() {
        try {
            assertThat(plugins().reload().get(1, TimeUnit.MINUTES)).isTrue();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** What becomes of a message of a topic on a shard, in words. */
    String publish(int shard, String topic, String value) {
        return publish(shard, topic, null, value.getBytes(StandardCharsets.UTF_8));
    }

    String publish(int shard, String topic, byte @Nullable [] key, byte[] value) {
        try {
            return engine.submitTo(shard, () -> {
                PluginChain chain = chains.get(shard).get(topic);
                if (chain == null) {
                    return "untouched";
                }
                try {
                    Verdict verdict = chain.process(key, value, 0, value.length);
                    String text = verdict.toString().toLowerCase(Locale.ROOT);
                    byte[] other = chain.value();
                    String now = other == null ? "" : " " + new String(other, StandardCharsets.UTF_8);
                    return text + now + (chain.target() == null ? "" : " to " + chain.target());
                } catch (RejectedByPluginException e) {
                    return "rejected: " + e.getMessage();
                } finally {
                    if (Thread.currentThread().isInterrupted()) {
                        throw new AssertionError("the shard is interrupted");
                    }
                }
            }).get(1, TimeUnit.MINUTES);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    PluginStats stats(String name) {
        return plugins().stats().stream().filter(each -> each.name().equals(name)).findFirst().orElseThrow();
    }

    static void eventually(BooleanSupplier condition) {
        long until = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("a minute").isLessThan(until);
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Override
    public void close() {
        engine.close();
    }
}
