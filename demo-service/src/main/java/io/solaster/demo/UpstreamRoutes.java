package io.solaster.demo;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.engine.Engine;
import io.solaster.http.HttpHandler;
import io.solaster.http.HttpRequest;
import io.solaster.http.HttpResponse;
import io.solaster.http.JacksonCodec;
import io.solaster.http.Json;
import io.solaster.http.route.Router;
import io.solaster.pool.EndpointStatus;
import io.solaster.pool.UpstreamStatus;
import io.solaster.pool.http.PooledHttpClient;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** What the page {@code /upstream} shows and does. On the shard that owns the connection. */
@Component
final class UpstreamRoutes {
    private static final int CALLS = 60;

    private final Engine engine;
    private final Backends backends;
    private final PooledHttpClient client;
    private final Json json;
    private final byte[] page;

    /** What came of some calls. */
    record Calls(Map<String, Share> backends, int errors, String state, List<Endpoint> endpoints) {}

    /** One backend's part of them. */
    record Share(int calls, long micros) {}

    /** One endpoint, as the pool sees it. */
    record Endpoint(String name, String address, String state, long latencyMicros) {}

    UpstreamRoutes(Engine engine, Backends backends, PooledHttpClient upstream, JsonMapper mapper) throws IOException {
        this.engine = engine;
        this.backends = backends;
        this.client = upstream;
        this.json = new Json(new JacksonCodec(mapper));
        try (InputStream in = UpstreamRoutes.class.getResourceAsStream("/web/upstream.html")) {
            this.page = Objects.requireNonNull(in, "upstream.html").readAllBytes();
        }
    }

    Router routes() {
        return Router.builder()
                .get("/", (request, response) -> response
                        .header(HttpHeaderNames.CONTENT_TYPE, "text/html; charset=utf-8").send(page))
                .get("/calls", HttpHandler.async(this::calls))
                .post("/{backend}/{action}", HttpHandler.async(this::change)).build();
    }

    /** Calls the pool some times at once, and tells who has answered. */
    private CompletionStage<?> calls(HttpRequest request, HttpResponse response) {
        Map<String, List<Long>> nanos = new TreeMap<>();
        int[] errors = new int[1];
        List<CompletableFuture<?>> all = new ArrayList<>();
        for (int i = 0; i < CALLS; i++) {
            long start = System.nanoTime();
            all.add(client.get("/").handle((answer, failure) -> {
                if (failure == null && answer.status() == HttpResponseStatus.OK.code()) {
                    nanos.computeIfAbsent(answer.text(), name -> new ArrayList<>()).add(System.nanoTime() - start);
                } else {
                    errors[0]++;
                }
                return true;
            }));
        }
        return CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new))
                .thenCompose(done -> client.pool().upstream().status())
                .thenAccept(status -> json.send(request, response, report(nanos, errors[0], status)));
    }

    private Calls report(Map<String, List<Long>> nanos, int errors, UpstreamStatus status) {
        Map<String, Share> shares = new TreeMap<>();
        nanos.forEach((name, each) -> shares.put(name, new Share(each.size(), TimeUnit.NANOSECONDS
                .toMicros((long) each.stream().mapToLong(Long::longValue).average().orElse(0)))));
        Map<Integer, String> names = new TreeMap<>();
        backends.ports().forEach((name, port) -> names.put(port, name));
        return new Calls(shares, errors, status.state().name(),
                status.endpoints().stream().map(endpoint -> endpoint(names, endpoint)).toList());
    }

    private static Endpoint endpoint(Map<Integer, String> names, EndpointStatus status) {
        int port = Integer.parseInt(status.address().substring(status.address().lastIndexOf(':') + 1));
        return new Endpoint(names.getOrDefault(port, "?"), status.address(), status.state().name(),
                TimeUnit.NANOSECONDS.toMicros(status.latency().toNanos()));
    }

    private CompletionStage<?> change(HttpRequest request, HttpResponse response) {
        String backend = request.pathParam("backend");
        String action = request.pathParam("action");
        if (!backends.ports().containsKey(backend) || !action.equals("kill") && !action.equals("revive")) {
            response.status(HttpResponseStatus.NOT_FOUND).send("no such backend or action");
            return CompletableFuture.completedStage(true);
        }
        // It waits for the shards, which must not wait for themselves.
        return engine.offload().call(() -> {
            if (action.equals("kill")) {
                backends.kill(backend);
            } else {
                backends.revive(backend);
            }
            return true;
        }).thenRun(() -> response.status(HttpResponseStatus.NO_CONTENT).send());
    }
}
