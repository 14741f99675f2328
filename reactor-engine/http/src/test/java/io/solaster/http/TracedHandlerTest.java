package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.ShardView;
import io.solaster.engine.trace.Hop;
import io.solaster.engine.trace.RequestTrace;
import io.solaster.engine.trace.TracedRequest;
import io.solaster.engine.trace.Tracing;
import io.solaster.http.route.Router;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class TracedHandlerTest {
    private final HttpFixture fixture = new HttpFixture(Transport.NIO, 1);
    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Recorder recorder = new Recorder();
    private TcpServer server;

    @BeforeEach
    void serve() {
        fixture.engine().trace(recorder);
        server = fixture.serve(new TracedHandler(Router.builder()
                .get("/kv/{key}", (request, response) -> response.send("in " + recorder.inside))
                .get("/later", HttpHandler.async((request, response) -> request.shard().newFuture()
                        .completeOnTimeout(null, 1, TimeUnit.MILLISECONDS).thenRun(() -> response.send("later"))))
                .get("/broken", (request, response) -> {
                    throw new IllegalStateException("on purpose");
                }).build()));
    }

    @AfterEach
    void close() throws Exception {
        client.close();
        fixture.close();
    }

    @Test
    void anExchangeIsNamedByItsRouteAndEndsWithItsResponse() throws Exception {
        assertThat(send("GET", "/kv/secret?x=y")).isEqualTo("in true");
        Recorded trace = recorder.ended(1).getFirst();
        assertThat(trace.operation).isEqualTo("GET /kv/{key}");
        assertThat(trace.outcome).isEqualTo(RequestTrace.Outcome.SUCCESS);
        assertThat(trace.details).isEqualTo(Map.of("url.path", "/kv/secret", "http.response.status_code", "200"));
        assertThat(trace.server).isEqualTo("web http 127.0.0.1");
        assertThat(trace.parent).isEqualTo("a-b-c-01");
    }

    @Test
    void oneThatIsAnsweredLaterEndsThen() throws Exception {
        assertThat(send("GET", "/later")).isEqualTo("later");
        assertThat(recorder.ended(1).getFirst().operation).isEqualTo("GET /later");
    }

    @Test
    void errorsOfTheServerAreErrorsAndWhatHasNoRouteHasNone() throws Exception {
        send("GET", "/broken");
        send("GET", "/nowhere");
        send("INVENTED", "/nowhere");
        assertThat(recorder.ended(3)).extracting(trace -> trace.operation).containsExactly("GET /broken", "GET",
                "OTHER");
        assertThat(recorder.ended(3)).extracting(trace -> trace.outcome).containsExactly(RequestTrace.Outcome.ERROR,
                RequestTrace.Outcome.SUCCESS, RequestTrace.Outcome.SUCCESS);
    }

    @Test
    void whatIsNotTracedIsAnsweredAllTheSame() throws Exception {
        recorder.chooses = false;
        assertThat(send("GET", "/kv/a")).isEqualTo("in false");
        fixture.engine().trace(null);
        assertThat(send("GET", "/kv/a")).isEqualTo("in false");
        assertThat(recorder.traces).isEmpty();
    }

    private String send(String method, String target) throws IOException, InterruptedException {
        return client.send(java.net.http.HttpRequest
                .newBuilder(URI.create("http://127.0.0.1:" + server.port() + target)).header("traceparent", "a-b-c-01")
                .method(method, BodyPublishers.noBody()).build(), BodyHandlers.ofString()).body();
    }

    private static final class Recorder implements Tracing {
        private final List<Recorded> traces = new ArrayList<>();
        private volatile boolean chooses = true;
        private boolean inside;

        List<Recorded> ended(int count) {
            HttpFixture.await(count + " exchanges have ended", () -> {
                synchronized (traces) {
                    return traces.size() == count && traces.stream().allMatch(trace -> trace.outcome != null);
                }
            });
            return traces;
        }

        @Override
        public RequestTrace request(ShardView shard, TracedRequest request) {
            if (!chooses) {
                return null;
            }
            Recorded trace = new Recorded(this, request);
            synchronized (traces) {
                traces.add(trace);
            }
            return trace;
        }

        @Override
        public Hop hop(Hop.Kind kind, ShardView from, ShardView to, SchedulingGroup group) {
            return null;
        }
    }

    private static final class Recorded implements RequestTrace {
        private final Recorder recorder;
        private final Map<String, String> details = new TreeMap<>();
        private final String server;
        private final String parent;
        private String operation;
        private volatile Outcome outcome;

        Recorded(Recorder recorder, TracedRequest request) {
            this.recorder = recorder;
            this.server = request.server().server() + " " + request.server().protocol() + " "
                    + ((java.net.InetSocketAddress) request.peer()).getAddress().getHostAddress();
            this.parent = request.traceHeader("traceparent");
        }

        @Override
        public void operation(String name) {
            operation = name;
        }

        @Override
        public void detail(String key, String value) {
            details.put(key, value);
        }

        @Override
        public <T> T call(Callable<T> work) throws Exception {
            recorder.inside = true;
            try {
                return work.call();
            } finally {
                recorder.inside = false;
            }
        }

        @Override
        public Hop hop(ShardView to) {
            return null;
        }

        @Override
        public void ended(Outcome newOutcome) {
            outcome = newOutcome;
        }
    }
}
