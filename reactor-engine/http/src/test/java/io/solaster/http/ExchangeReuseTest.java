package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.route.Router;
import org.junit.jupiter.api.Test;

/** Whoever still holds an exchange that has ended never meets the exchange of another client. */
abstract class ExchangeReuseTest extends TransportTest {
    /** So many that some are on the shard of the one before them. */
    private static final int STRANGERS = 8;

    private final LinkedBlockingQueue<CompletableFuture<String>> audits = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<HttpResponse> waiting = new LinkedBlockingQueue<>();
    private final AtomicInteger passed = new AtomicInteger();

    ExchangeReuseTest(Transport transport) {
        super(transport);
    }

    private TcpServer guarded() {
        return fixture.serve(Router.builder()
                .before("/admin", HttpHandler.async((request, response) -> {
                    response.status(HttpResponseStatus.UNAUTHORIZED).send("who are you?");
                    CompletableFuture<String> audit = new CompletableFuture<>();
                    audits.add(audit);
                    return audit;
                }))
                .get("/admin/secret", (request, response) -> {
                    passed.incrementAndGet();
                    response.send("the secret");
                })
                .get("/hello", (request, response) -> waiting.add(response))
                .build());
    }

    private interface Client {

        void ask(String path);

        String answer();
    }

    private Client http1(TcpServer server) {
        RawClient client = fixture.connect(server);
        return new Client() {
            @Override
            public void ask(String path) {
                client.send("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
            }

            @Override
            public String answer() {
                RawClient.Answer answer = client.answer();
                return answer.status() + " " + answer.body();
            }
        };
    }

    private Client http2(TcpServer server) {
        Http2RawClient client = fixture.open(new Http2RawClient(server.port()));
        int[] stream = new int[1];
        return new Client() {
            @Override
            public void ask(String path) {
                stream[0] = client.head("GET", path, true);
            }

            @Override
            public String answer() {
                Http2RawClient.Answer answer = client.answer(stream[0]);
                return answer.status() + " " + answer.body();
            }
        };
    }

    private interface Connect {

        Client to(TcpServer server);
    }

    private void refusesOneAndAnswersTheOthers(Connect connect, boolean fails) throws Exception {
        TcpServer server = guarded();
        Client first = connect.to(server);
        first.ask("/admin/secret");
        assertThat(first.answer()).isEqualTo("401 who are you?");
        List<Client> strangers = new ArrayList<>();
        for (int i = 0; i < STRANGERS; i++) {
            Client stranger = connect.to(server);
            stranger.ask("/hello");
            strangers.add(stranger);
        }
        List<HttpResponse> theirs = new ArrayList<>();
        for (int i = 0; i < STRANGERS; i++) {
            theirs.add(waiting.poll(60, TimeUnit.SECONDS));
        }
        CompletableFuture<String> audit = audits.poll(60, TimeUnit.SECONDS);
        if (fails) {
            audit.completeExceptionally(new IllegalStateException("the audit failed, as this test has it"));
        } else {
            audit.complete("written");
        }
        // Behind what the audit's end has brought about on each shard.
        for (int shard = 0; shard < 2; shard++) {
            fixture.engine().submitTo(shard, () -> true).join();
        }
        theirs.forEach(response -> response.send("hello"));
        assertThat(strangers).allSatisfy(stranger -> assertThat(stranger.answer()).isEqualTo("200 hello"));
        assertThat(passed).as("calls of the guarded handler").hasValue(0);
    }

    @Test
    void aFilterThatHasRefusedAndGoesOnLetsNobodyPass() throws Exception {
        refusesOneAndAnswersTheOthers(this::http1, false);
    }

    @Test
    void aFilterThatHasRefusedAndFailsLaterAnswersNoStranger() throws Exception {
        refusesOneAndAnswersTheOthers(this::http1, true);
    }

    @Test
    void aFilterThatHasRefusedAndGoesOnLetsNobodyPassOverHttp2() throws Exception {
        refusesOneAndAnswersTheOthers(this::http2, false);
    }

    @Test
    void aFilterThatHasRefusedAndFailsLaterAnswersNoStrangerOverHttp2() throws Exception {
        refusesOneAndAnswersTheOthers(this::http2, true);
    }

    @Test
    void aHandlerThatGoesOnAfterItsAnswerSeesItsOwnRequest() throws Exception {
        CountDownLatch others = new CountDownLatch(1);
        LinkedBlockingQueue<String> seen = new LinkedBlockingQueue<>();
        TcpServer server = fixture.serve(Router.builder()
                .get("/work/{id}", HttpHandler.blocking((request, response) -> {
                    response.send("begun");
                    others.await();
                    seen.add(request.path() + " " + request.pathParam("id") + " " + request.header("X-Who"));
                }))
                .get("/async/{id}", HttpHandler.async((request, response) -> {
                    response.send("begun");
                    CompletableFuture<String> later = new CompletableFuture<>();
                    audits.add(later);
                    return later.thenAccept(done -> seen.add(request.path() + " " + request.pathParam("id") + " "
                            + request.header("X-Who")));
                }))
                .get("/hello", (request, response) -> response.send("hello " + request.header("X-Who")))
                .build());
        RawClient client = fixture.connect(server);
        for (String kind : List.of("work", "async")) {
            assertThat(client.send("GET /" + kind + "/7 HTTP/1.1\r\nHost: h\r\nX-Who: me\r\n\r\n").answer().body())
                    .isEqualTo("begun");
            for (int i = 0; i < STRANGERS; i++) {
                RawClient stranger = fixture.connect(server);
                assertThat(stranger.send("GET /hello HTTP/1.1\r\nHost: h\r\nX-Who: stranger " + i + "\r\n\r\n").answer()
                        .body()).isEqualTo("hello stranger " + i);
            }
        }
        others.countDown();
        assertThat(seen.poll(60, TimeUnit.SECONDS)).isEqualTo("/work/7 7 me");
        audits.poll(60, TimeUnit.SECONDS).complete("done");
        assertThat(seen.poll(60, TimeUnit.SECONDS)).isEqualTo("/async/7 7 me");
    }

    @Test
    void whatIsSetTooLateIsSetForNobody() throws Exception {
        LinkedBlockingQueue<String> late = new LinkedBlockingQueue<>();
        TcpServer server = fixture.serve((request, response) -> {
            if (request.path().equals("/late")) {
                response.send("answered");
                request.shard().execute(() -> {
                    response.onEnd(failure -> late.add("told"));
                    for (Runnable set : List.<Runnable>of(() -> request.attribute("late", "yes"),
                            () -> response.header("X-Late", "yes"))) {
                        try {
                            set.run();
                        } catch (IllegalStateException e) {
                            late.add("refused");
                        }
                    }
                });
            } else {
                response.header("X-Attribute", String.valueOf(request.attribute("late"))).send("hello");
            }
        });
        RawClient client = fixture.connect(server);
        assertThat(client.get("/late").body()).isEqualTo("answered");
        assertThat(late.poll(60, TimeUnit.SECONDS)).isEqualTo("told");
        assertThat(late.poll(60, TimeUnit.SECONDS)).isEqualTo("refused");
        assertThat(late.poll(60, TimeUnit.SECONDS)).isEqualTo("refused");
        RawClient.Answer answer = client.get("/hello");
        assertThat(answer.headers()).doesNotContainKey("x-late").containsEntry("x-attribute", "null");
    }

    @Test
    void aStreamThatIsKeptBeyondItsEndWritesToNobody() throws Exception {
        LinkedBlockingQueue<ResponseStream> kept = new LinkedBlockingQueue<>();
        int[] shard = new int[1];
        TcpServer server = fixture.serve((request, response) -> {
            if (request.path().equals("/stream")) {
                ResponseStream stream = response.stream();
                stream.end();
                shard[0] = request.shard().id();
                kept.add(stream);
            } else {
                waiting.add(response);
            }
        });
        RawClient first = fixture.connect(server);
        assertThat(first.get("/stream").body()).isEmpty();
        List<RawClient> strangers = new ArrayList<>();
        for (int i = 0; i < STRANGERS; i++) {
            strangers.add(fixture.connect(server).send("GET /other HTTP/1.1\r\nHost: h\r\n\r\n"));
        }
        List<ResponseStream> theirs = new ArrayList<>();
        for (int i = 0; i < STRANGERS; i++) {
            theirs.add(waiting.poll(60, TimeUnit.SECONDS).stream());
        }
        // A stranger's would be ended by it.
        ResponseStream old = kept.poll(60, TimeUnit.SECONDS);
        assertThat(fixture.engine().submitTo(shard[0], () -> {
            try {
                old.end();
                return "ended";
            } catch (IllegalStateException e) {
                return "refused";
            }
        }).join()).isEqualTo("refused");
        theirs.forEach(stream -> {
            stream.write(io.netty.buffer.Unpooled.copiedBuffer("mine", io.netty.util.CharsetUtil.US_ASCII));
            stream.end();
        });
        assertThat(strangers).allSatisfy(stranger -> assertThat(stranger.answer().body()).isEqualTo("mine"));
    }
}
