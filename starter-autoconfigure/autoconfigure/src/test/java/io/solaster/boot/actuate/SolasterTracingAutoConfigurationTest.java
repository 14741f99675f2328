package io.solaster.boot.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.tracing.Tracer;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.solaster.boot.Client;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.SolasterContextAutoConfiguration;
import io.solaster.boot.SolasterHttpAutoConfiguration;
import io.solaster.boot.SolasterStoreAutoConfiguration;
import io.solaster.boot.ThreeShards;
import io.solaster.boot.actuate.tracing.SolasterTracingAutoConfiguration;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.ShardView;
import io.solaster.engine.trace.Hop;
import io.solaster.engine.trace.RequestTrace;
import io.solaster.engine.trace.TracedRequest;
import io.solaster.engine.trace.Tracing;
import io.solaster.http.HttpHandler;
import io.solaster.http.route.Router;
import io.solaster.spring.server.ServerLifecycle;
import io.solaster.spring.trace.DefaultRequestConvention;
import io.solaster.spring.trace.ObservedTracing;
import io.solaster.spring.trace.RequestContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration;
import org.springframework.boot.micrometer.tracing.autoconfigure.MicrometerTracingAutoConfiguration;
import org.springframework.boot.micrometer.tracing.autoconfigure.NoopTracerAutoConfiguration;
import org.springframework.boot.micrometer.tracing.opentelemetry.autoconfigure.OpenTelemetryTracingAutoConfiguration;
import org.springframework.boot.opentelemetry.autoconfigure.OpenTelemetrySdkAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.ContextConsumer;

@Timeout(value = 180, unit = TimeUnit.SECONDS)
final class SolasterTracingAutoConfigurationTest {
    private static final String ALL = "solaster.tracing.sampling-probability=1";

    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();
    private final ApplicationContextRunner plain = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                    SolasterStoreAutoConfiguration.class, SolasterTracingAutoConfiguration.class))
            .withPropertyValues("solaster.engine.shards=2", "solaster.engine.pinning=never",
                    "solaster.engine.transport=nio", "solaster.servers.kv.protocol=resp", "solaster.servers.kv.port=0");
    private final ApplicationContextRunner runner = plain
            .withConfiguration(AutoConfigurations.of(ObservationAutoConfiguration.class,
                    MicrometerTracingAutoConfiguration.class, NoopTracerAutoConfiguration.class,
                    OpenTelemetrySdkAutoConfiguration.class, OpenTelemetryTracingAutoConfiguration.class))
            .withBean(SpanProcessor.class, () -> SimpleSpanProcessor.create(exporter));

    @Test
    void a_request_is_a_span_and_its_way_to_another_shard_one_below_it() {
        runner.withPropertyValues(ALL).run(context -> {
            Engine engine = context.getBean(Engine.class);
            String keys = key(engine, 0) + " " + key(engine, 1);
            assertThat(ask(context, "MGET " + keys)).isEqualTo("*2");
            SpanData request = spans(2).stream().filter(span -> span.getKind() == SpanKind.SERVER).findFirst()
                    .orElseThrow();
            SpanData hop = hops().getFirst();
            assertThat(request.getName()).isEqualTo("MGET");
            assertThat(request.getParentSpanContext().isValid()).isFalse();
            assertThat(attributes(request)).containsEntry("engine", engine.name()).containsEntry("server", "kv")
                    .containsEntry("protocol", "resp").containsEntry("group", "default")
                    .containsEntry("operation", "MGET").containsEntry("outcome", "success")
                    .containsEntry("requests", "1").containsEntry("errors", "0").containsEntry("queue.wait.us", "0")
                    .containsEntry("network.peer.address", "127.0.0.1").containsKey("network.peer.port");
            String shard = attributes(request).get("shard");
            assertThat(hop.getName()).isEqualTo("message");
            assertThat(hop.getTraceId()).isEqualTo(request.getTraceId());
            assertThat(hop.getParentSpanId()).isEqualTo(request.getSpanId());
            assertThat(attributes(hop)).containsEntry("from", shard)
                    .containsEntry("shard", Integer.toString(1 - Integer.parseInt(shard)))
                    .containsEntry("kind", "message").containsEntry("group", "default")
                    .containsEntry("outcome", "success").containsKey("queue.wait.us");
        });
    }

    @Test
    void requests_that_are_read_at_once_are_one_span() {
        runner.withPropertyValues(ALL).run(context -> {
            Client.ask(port(context), "PING\r\nPING\r\nINCR a b\r\nNONSENSE");
            ThreeShards.until("four requests in spans", () -> finished().stream()
                    .mapToInt(span -> Integer.parseInt(attributes(span).getOrDefault("requests", "0"))).sum() == 4);
            assertThat(finished()).extracting(SpanData::getName).containsAnyOf("PIPELINE", "unknown");
            assertThat(finished()).filteredOn(span -> attributes(span).get("outcome").equals("error")).isNotEmpty();
        });
    }

    @Test
    void without_a_sample_nothing_is_made() {
        LongAdder observed = new LongAdder();
        runner.withPropertyValues("solaster.tracing.sampling-probability=0")
                .withBean(ObservationHandler.class, () -> counting(observed)).run(context -> {
                    Engine engine = context.getBean(Engine.class);
                    ask(context, "MGET " + key(engine, 0) + " " + key(engine, 1));
                    engine.submitTo(1, () -> 1).join();
                    assertThat(engine.shard(0).tracing()).isNotNull();
                    assertThat(observed.sum()).isZero();
                    assertThat(finished()).isEmpty();
                });
    }

    /** What takes contexts along takes along who called; a hop is in between all the same. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void what_an_observation_hands_over_is_below_it_on_whichever_shard(boolean contextsGoAlong) {
        runner.withConfiguration(AutoConfigurations.of(SolasterContextAutoConfiguration.class))
                .withPropertyValues("management.tracing.sampling.probability=1",
                        "solaster.context-propagation.enabled=" + contextsGoAlong)
                .run(context -> {
                    Engine engine = context.getBean(Engine.class);
                    ObservationRegistry registry = context.getBean(ObservationRegistry.class);
                    Observation mine = Observation.start("mine", registry);
                    CompletableFuture<String> answer = mine.scoped(() -> engine.submitTo(0,
                            () -> engine.submitTo(1,
                                    () -> engine.shard(0).fork(() -> engine.offload().call(() -> "done").get())
                                            .future())
                                    .thenCompose(fork -> fork))
                            .thenCompose(all -> all));
                    assertThat(answer.get(60, TimeUnit.SECONDS)).isEqualTo("done");
                    mine.stop();
                    Map<String, SpanData> byName = spans(5).stream()
                            .collect(
                                    Collectors.toMap(span -> span.getName() + attributes(span).getOrDefault("from", ""),
                                            span -> span));
                    assertThat(byName).containsOnlyKeys("mine", "submitTonone", "submitTo0", "fork1", "offload0");
                    assertThat(parent(byName.get("submitTonone"))).isEqualTo(byName.get("mine").getSpanId());
                    assertThat(parent(byName.get("submitTo0"))).isEqualTo(byName.get("submitTonone").getSpanId());
                    assertThat(parent(byName.get("fork1"))).isEqualTo(byName.get("submitTo0").getSpanId());
                    assertThat(parent(byName.get("offload0"))).isEqualTo(byName.get("fork1").getSpanId());
                    assertThat(attributes(byName.get("offload0"))).containsEntry("shard", "none")
                            .containsEntry("group", "none");
                });
    }

    @Test
    void what_follows_an_answer_belongs_to_who_asked() {
        runner.withPropertyValues("management.tracing.sampling.probability=1").run(context -> {
            Engine engine = context.getBean(Engine.class);
            Observation mine = Observation.start("mine", context.getBean(ObservationRegistry.class));
            CompletableFuture<Integer> both = mine.scoped(() -> engine.submitTo(0, () -> 1)
                    .thenCompose(one -> engine.submitTo(1, () -> one + 1)));
            assertThat(both.get(60, TimeUnit.SECONDS)).isEqualTo(2);
            mine.stop();
            spans(3);
            assertThat(hops()).hasSize(2)
                    .allSatisfy(hop -> assertThat(parent(hop)).isEqualTo(mine(finished()).getSpanId()));
        });
    }

    @Test
    void a_failed_hop_says_why() {
        runner.withPropertyValues("management.tracing.sampling.probability=1").run(context -> {
            Observation mine = Observation.start("mine", context.getBean(ObservationRegistry.class));
            mine.scoped(() -> context.getBean(Engine.class).submitTo(1, () -> {
                throw new IllegalStateException("no");
            }).exceptionally(failure -> null).join());
            mine.stop();
            spans(2);
            assertThat(attributes(hops().getFirst())).containsEntry("outcome", "error");
            assertThat(hops().getFirst().getEvents()).extracting(event -> event.getName()).containsExactly("exception");
        });
    }

    @Test
    void it_is_decided_once_whether_a_request_is_sampled() {
        runner.withPropertyValues(ALL, "management.tracing.sampling.probability=0").run(context -> {
            ask(context, "PING");
            spans(1);
            // What the application begins is its sampler's, and what that passes over has no hops.
            Observation mine = Observation.start("mine", context.getBean(ObservationRegistry.class));
            mine.scoped(() -> context.getBean(Engine.class).submitTo(1, () -> 1).join());
            mine.stop();
            assertThat(finished()).extracting(SpanData::getName).containsExactly("PING");
        });
    }

    @Test
    void an_http_request_goes_on_with_the_trace_it_comes_with_and_so_do_its_hops() {
        String trace = "0af7651916cd43dd8448eb211c80319c";
        runner.withConfiguration(AutoConfigurations.of(SolasterHttpAutoConfiguration.class))
                .withPropertyValues("solaster.tracing.sampling-probability=0", "solaster.servers.web.protocol=http",
                        "solaster.servers.web.port=0")
                .withBean(Router.class, () -> Router.builder().get("/orders/{id}", HttpHandler.async((request,
                        response) -> Shards.other(request.shard()).thenAccept(shard -> response.send("from " + shard))))
                        .build())
                .run(context -> {
                    Shards.engine = context.getBean(Engine.class);
                    int port = context.getBean(ServerLifecycle.class).server("web").orElseThrow().port();
                    assertThat(get(port, "00-" + trace + "-b7ad6b7169203331-00")).startsWith("from ");
                    assertThat(get(port, null)).startsWith("from ");
                    assertThat(finished()).isEmpty();
                    assertThat(get(port, "00-" + trace + "-b7ad6b7169203331-01")).startsWith("from ");
                    SpanData request = spans(2).stream().filter(span -> span.getKind() == SpanKind.SERVER).findFirst()
                            .orElseThrow();
                    assertThat(request.getName()).isEqualTo("GET /orders/{id}");
                    assertThat(request.getTraceId()).isEqualTo(trace);
                    assertThat(parent(request)).isEqualTo("b7ad6b7169203331");
                    assertThat(attributes(request)).containsEntry("server", "web").containsEntry("protocol", "http")
                            .containsEntry("url.path", "/orders/7").containsEntry("http.response.status_code", "200");
                    assertThat(parent(hops().getFirst())).isEqualTo(request.getSpanId());
                    assertThat(hops().getFirst().getTraceId()).isEqualTo(trace);
                });
    }

    /** A way to another shard, for a handler that is made before the engine. */
    private static final class Shards {
        private static volatile Engine engine;

        static CompletableFuture<Integer> other(Shard shard) {
            int other = 1 - shard.id();
            return engine.submitTo(other, () -> other);
        }
    }

    private static String get(int port, String traceparent) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/orders/7"));
        if (traceparent != null) {
            request.header("traceparent", traceparent);
        }
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofString()).body();
        }
    }

    @Test
    void half_of_the_requests_are_half_of_the_spans() {
        runner.withPropertyValues("management.tracing.sampling.probability=0.5").run(context -> {
            Client.ask(port(context), "PING");
            for (int i = 0; i < 400; i++) {
                ask(context, "PING");
            }
            // Less than one run in a million lies outside.
            assertThat(finished().size()).isBetween(150, 251);
        });
    }

    @Test
    void a_custom_convention_and_a_handler_of_the_application_are_heeded() {
        LongAdder observed = new LongAdder();
        runner.withPropertyValues(ALL).withBean(ObservationHandler.class, () -> counting(observed))
                .withBean(ShoutingConvention.class).run(context -> {
                    ask(context, "PING");
                    assertThat(spans(1).getFirst().getName()).isEqualTo("PING!");
                    assertThat(observed.sum()).isEqualTo(1);
                });
    }

    static final class ShoutingConvention extends DefaultRequestConvention {
        @Override
        public String getContextualName(RequestContext context) {
            return super.getContextualName(context) + "!";
        }
    }

    @Test
    void a_handler_that_fails_harms_no_request() {
        runner.withPropertyValues(ALL)
                .withBean(ObservationHandler.class, () -> new ObservationHandler<Observation.Context>() {
                    @Override
                    public void onStart(Observation.Context context) {
                        throw new IllegalStateException("broken");
                    }

                    @Override
                    public boolean supportsContext(Observation.Context context) {
                        return true;
                    }
                }).run(context -> assertThat(ask(context, "PING")).isEqualTo("+PONG"));
    }

    @Test
    void no_timers_count_the_sampled_ones_alone() {
        runner.withConfiguration(AutoConfigurations.of(MetricsAutoConfiguration.class,
                CompositeMeterRegistryAutoConfiguration.class))
                .withBean(SimpleMeterRegistry.class).withPropertyValues(ALL).run(context -> {
                    ask(context, "PING");
                    spans(1);
                    assertThat(context.getBean(MeterRegistry.class).getMeters())
                            .noneMatch(meter -> meter.getId().getName().startsWith("solaster.request"));
                });
    }

    @Test
    void it_is_there_only_where_it_is_wanted() {
        runner.run(context -> assertThat(context).hasSingleBean(ObservedTracing.class));
        ContextConsumer<AssertableApplicationContext> none = context -> {
            assertThat(context).hasNotFailed().doesNotHaveBean(Tracing.class);
            assertThat(context.getBean(Engine.class).shard(0).tracing()).isNull();
            assertThat(ask(context, "PING")).isEqualTo("+PONG");
        };
        runner.withPropertyValues("solaster.tracing.enabled=false").run(none);
        plain.run(none);
        plain.withClassLoader(new FilteredClassLoader("io.micrometer.tracing", "io.opentelemetry")).run(none);
        plain.withClassLoader(new FilteredClassLoader("io.micrometer.observation")).run(none);
        plain.withBean(ObservationRegistry.class, ObservationRegistry::create).run(none);
        // Boot has a tracer that does nothing where there is no other.
        plain.withBean(ObservationRegistry.class, ObservationRegistry::create).withBean(Tracer.class, () -> Tracer.NOOP)
                .run(context -> assertThat(context.getBean(Engine.class).shard(0).tracing()).isNull());
    }

    @Test
    void it_steps_back_for_what_the_application_has() {
        runner.withBean("own", Tracing.class, Nobody::new).run(context -> {
            assertThat(context).doesNotHaveBean(ObservedTracing.class);
            assertThat(context.getBean(Engine.class).shard(0).tracing()).isInstanceOf(Nobody.class);
        });
    }

    private static final class Nobody implements Tracing {
        @Override
        public RequestTrace request(ShardView shard, TracedRequest request) {
            return null;
        }

        @Override
        public Hop hop(Hop.Kind kind, ShardView from, ShardView to, SchedulingGroup group) {
            return null;
        }
    }

    private static ObservationHandler<Observation.Context> counting(LongAdder observed) {
        return new ObservationHandler<>() {
            @Override
            public void onStart(Observation.Context context) {
                observed.increment();
            }

            @Override
            public boolean supportsContext(Observation.Context context) {
                return true;
            }
        };
    }

    private static String key(Engine engine, int shard) {
        return IntStream.range(0, 1_000).mapToObj(i -> "key" + i).filter(key -> engine.shardOf(key) == shard)
                .findFirst()
                .orElseThrow();
    }

    private static int port(AssertableApplicationContext context) {
        return context.getBean(ServerLifecycle.class).server("kv").orElseThrow().port();
    }

    private static String ask(AssertableApplicationContext context, String line) throws IOException {
        return Client.ask(port(context), line);
    }

    private List<SpanData> spans(int count) {
        ThreeShards.until(count + " spans, of " + finished(), () -> finished().size() == count);
        return finished();
    }

    private List<SpanData> finished() {
        return exporter.getFinishedSpanItems();
    }

    private List<SpanData> hops() {
        return finished().stream().filter(span -> attributes(span).containsKey("kind")).toList();
    }

    private static SpanData mine(List<SpanData> spans) {
        return spans.stream().filter(span -> span.getName().equals("mine")).findFirst().orElseThrow();
    }

    private static String parent(SpanData span) {
        return span.getParentSpanId();
    }

    private static Map<String, String> attributes(SpanData span) {
        Map<String, String> attributes = new ConcurrentHashMap<>();
        span.getAttributes().forEach((key, value) -> attributes.put(((AttributeKey<?>) key).getKey(), "" + value));
        return attributes;
    }
}
