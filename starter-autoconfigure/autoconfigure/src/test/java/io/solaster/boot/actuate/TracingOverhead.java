package io.solaster.boot.actuate;

import java.io.DataInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.SolasterStoreAutoConfiguration;
import io.solaster.boot.actuate.tracing.SolasterTracingAutoConfiguration;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.trace.Tracing;
import io.solaster.spring.server.ServerLifecycle;
import io.solaster.spring.trace.ObservedTracing;
import io.solaster.store.Store;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.export.prometheus.PrometheusMetricsExportAutoConfiguration;
import org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration;
import org.springframework.boot.micrometer.tracing.autoconfigure.MicrometerTracingAutoConfiguration;
import org.springframework.boot.micrometer.tracing.opentelemetry.autoconfigure.OpenTelemetryTracingAutoConfiguration;
import org.springframework.boot.opentelemetry.autoconfigure.OpenTelemetrySdkAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Measures what tracing costs: CPU time of the shards, and of the thread that exports, per GET; off, on without a sample,
 * and with one request in a hundred sampled or each, in turns of a fraction of a second in one JVM and on the same connections. The
 * ratio of each turn to the two off beside it is what counts; a hundredth of what each one costs is the same with less
 * noise. Spans go to an exporter that drops them. No test by its
 * name, since it asserts no time: {@code mvn -pl starter-autoconfigure/autoconfigure -am test -Dtest=TracingOverhead
 * -Dsurefire.failIfNoSpecifiedTests=false}; with {@code -Dtracing.seconds=60} for each of its parts, {@code
 * -Dtracing.probability=0.1}.
 */
final class TracingOverhead {
    private static final int CONNECTIONS = 8;
    private static final Duration TURN = Duration.ofMillis(200);
    private static final Duration COMPILED = Duration.ofSeconds(8);
    private static final int SECONDS = Integer.getInteger("tracing.seconds", 20);
    private static final double PROBABILITY = Double.parseDouble(System.getProperty("tracing.probability", "0.01"));
    private static final String EXPORTER = "BatchSpanProcessor";
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private enum Variant {
        OFF, OFF_AGAIN, NO_SAMPLE, SAMPLED, EVERY_ONE
    }

    @Test
    void per_request() throws Exception {
        measure(1, 1);
        measure(1, 16);
        // Half of the keys are foreign: each such request has a hop.
        measure(2, 1);
    }

    private static void measure(int shards, int pipeline) throws Exception {
        SpringApplication application = new SpringApplication(Application.class);
        application.setWebApplicationType(WebApplicationType.NONE);
        try (ConfigurableApplicationContext context = application.run("--solaster.engine.shards=" + shards,
                "--solaster.servers.kv.protocol=resp", "--solaster.servers.kv.port=0",
                "--solaster.tracing.sampling-probability=" + PROBABILITY, "--logging.level.root=warn",
                "--spring.main.banner-mode=off")) {
            int port = context.getBean(ServerLifecycle.class).server("kv").orElseThrow().port();
            List<Load> loads = new ArrayList<>();
            try {
                for (int i = 0; i < CONNECTIONS; i++) {
                    loads.add(new Load(port, "key" + i, pipeline));
                }
                tell(shards, pipeline, turns(context));
            } finally {
                for (Load load : loads) {
                    load.end();
                }
            }
        }
    }

    /** Per turn of all four variants, nanoseconds a request. */
    private static List<double[]> turns(ConfigurableApplicationContext context) {
        Engine engine = context.getBean(Engine.class);
        Store store = context.getBean(Store.class);
        ObservedTracing tracing = context.getBean(ObservedTracing.class);
        // One in a hundred would take minutes to be compiled.
        tracing.probability(1);
        LockSupport.parkNanos(COMPILED.toNanos());
        List<double[]> turns = new ArrayList<>();
        int warmUp = (int) Math.max(5, SECONDS * 1000L / TURN.toMillis() / Variant.values().length / 4);
        long end = Long.MAX_VALUE;
        for (int round = 0; round < warmUp || System.nanoTime() < end; round++) {
            if (round == warmUp) {
                end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
            }
            double[] cost = new double[Variant.values().length];
            for (int i = 0; i < cost.length; i++) {
                // Each variant comes after each other one as often.
                Variant variant = Variant.values()[(i + round) % cost.length];
                cost[variant.ordinal()] = turn(engine, store, tracing, variant);
            }
            if (round >= warmUp) {
                turns.add(cost);
            }
        }
        return turns;
    }

    private static double turn(Engine engine, Store store, ObservedTracing tracing, Variant variant) {
        Tracing told = variant == Variant.OFF || variant == Variant.OFF_AGAIN ? null : tracing;
        tracing.probability(switch (variant) {
            case SAMPLED -> PROBABILITY;
            case EVERY_ONE -> 1;
            default -> 0;
        });
        engine.trace(told);
        long requests = store.total(stats -> stats.commands.get());
        long nanos = cpuNanos(engine);
        LockSupport.parkNanos(TURN.toNanos());
        return (double) (cpuNanos(engine) - nanos) / (store.total(stats -> stats.commands.get()) - requests);
    }

    private static long cpuNanos(Engine engine) {
        long nanos = engine.shards().stream().mapToLong(Shard::cpuNanos).sum();
        for (long id : THREADS.getAllThreadIds()) {
            var thread = THREADS.getThreadInfo(id);
            if (thread != null && thread.getThreadName().startsWith(EXPORTER)) {
                nanos += Math.max(0, THREADS.getThreadCpuTime(id));
            }
        }
        return nanos;
    }

    private static void tell(int shards, int pipeline, List<double[]> turns) {
        System.out.printf(Locale.ROOT,
                "%n%d shard(s), pipeline %d, %d turns of %d ms each, one request in %.0f sampled%n",
                shards, pipeline, turns.size(), TURN.toMillis(), 1 / PROBABILITY);
        for (Variant variant : Variant.values()) {
            double[] nanos = turns.stream().mapToDouble(turn -> turn[variant.ordinal()]).sorted().toArray();
            double[] ratios = turns.stream()
                    .mapToDouble(turn -> turn[variant.ordinal()] / ((turn[0] + turn[1]) / 2)).sorted().toArray();
            System.out.printf(Locale.ROOT,
                    "  %-10s median %7.0f ns a request, %6.2f %% of off (quartiles %.2f, %.2f)%n",
                    variant.name().toLowerCase(Locale.ROOT), at(nanos, 0.5), 100 * at(ratios, 0.5),
                    100 * at(ratios, 0.25), 100 * at(ratios, 0.75));
        }
        double[] traced = turns.stream()
                .mapToDouble(turn -> (turn[Variant.EVERY_ONE.ordinal()] - turn[Variant.NO_SAMPLE.ordinal()])
                        / turn[Variant.NO_SAMPLE.ordinal()])
                .sorted().toArray();
        System.out
                .printf(Locale.ROOT,
                        "  a sampled request costs %.1f %% more: with the noise of one in %.0f left out, %.2f %%"
                                + " a request%n",
                        100 * at(traced, 0.5), 1 / PROBABILITY, 100 * PROBABILITY * at(traced, 0.5));
    }

    private static double at(double[] sorted, double part) {
        return sorted.length == 0 ? Double.NaN : sorted[(int) (part * (sorted.length - 1))];
    }

    /** A client that always has so many requests under way. */
    private static final class Load {
        private final Socket socket;
        private final Thread thread;
        private volatile boolean ends;

        Load(int port, String key, int pipeline) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(60_000);
            String get = "*2\r\n$3\r\nGET\r\n$" + key.length() + "\r\n" + key + "\r\n";
            byte[] requests = get.repeat(pipeline).getBytes(StandardCharsets.US_ASCII);
            byte[] answers = new byte["$-1\r\n".length() * pipeline];
            thread = new Thread(() -> run(requests, answers), "load");
            thread.start();
        }

        private void run(byte[] requests, byte[] answers) {
            try {
                DataInputStream in = new DataInputStream(socket.getInputStream());
                while (!ends) {
                    socket.getOutputStream().write(requests);
                    in.readFully(answers);
                }
            } catch (IOException e) {
                if (!ends) {
                    throw new IllegalStateException(e);
                }
            }
        }

        void end() throws IOException, InterruptedException {
            ends = true;
            thread.join(TimeUnit.SECONDS.toMillis(10));
            socket.close();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({SolasterAutoConfiguration.class, SolasterStoreAutoConfiguration.class,
            MetricsAutoConfiguration.class, PrometheusMetricsExportAutoConfiguration.class,
            CompositeMeterRegistryAutoConfiguration.class, ObservationAutoConfiguration.class,
            MicrometerTracingAutoConfiguration.class, OpenTelemetrySdkAutoConfiguration.class,
            OpenTelemetryTracingAutoConfiguration.class, SolasterTracingAutoConfiguration.class})
    static class Application {

        @Bean
        SpanExporter exporter() {
            return new SpanExporter() {
                @Override
                public CompletableResultCode export(Collection<SpanData> spans) {
                    return CompletableResultCode.ofSuccess();
                }

                @Override
                public CompletableResultCode flush() {
                    return CompletableResultCode.ofSuccess();
                }

                @Override
                public CompletableResultCode shutdown() {
                    return CompletableResultCode.ofSuccess();
                }
            };
        }
    }
}
