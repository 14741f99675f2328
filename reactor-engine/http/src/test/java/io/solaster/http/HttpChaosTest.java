package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.CharsetUtil;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.RawClient.Answer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Clients that pipeline requests of every kind, cut at random, to handlers that answer in every way and at any time: each
 * gets its own answers, whole and in their order.
 */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class HttpChaosTest {
    private static final int CLIENTS = 8;
    private static final int REQUESTS = 150;

    /** Says what it was asked and sent, in a way that the request chooses. */
    static void answer(HttpRequest request, HttpResponse response) {
        int way = Integer.parseInt(request.query("way"));
        if (way % 2 == 0) {
            request.body().whole().whenComplete((body, failure) -> {
                if (failure != null) {
                    response.fail(failure);
                } else {
                    later(way, request, response, request.target() + " " + body.toString(CharsetUtil.US_ASCII));
                }
            });
            return;
        }
        StringBuilder body = new StringBuilder(request.target()).append(' ');
        AtomicBoolean isOver = new AtomicBoolean();
        response.onEnd(failure -> isOver.set(true));
        request.body().read(new RequestBody.Reader() {
            @Override
            public void part(ByteBuf part) {
                body.append(part.toString(CharsetUtil.US_ASCII));
                part.release();
                if (way % 3 == 0) {
                    request.shard().execute(() -> {
                        if (!isOver.get()) {
                            request.body().request(1);
                        }
                    });
                } else {
                    request.body().request(1);
                }
            }

            @Override
            public void end(HttpHeaders trailers) {
                later(way, request, response, body.toString());
            }

            @Override
            public void failed(Throwable cause) {
                response.fail(cause);
            }
        });
        request.body().request(1);
    }

    private static void later(int way, HttpRequest request, HttpResponse response, String text) {
        switch (way / 2 % 5) {
            case 0 -> send(way, response, text);
            case 1 -> request.shard().execute(() -> send(way, response, text));
            case 2 -> request.shard().schedule(() -> send(way, response, text), way % 7, TimeUnit.MILLISECONDS);
            case 3 -> request.shard().fork(() -> {
                Thread.sleep(way % 5);
                send(way, response, text);
                return true;
            });
            default -> Thread.ofVirtual().start(() -> send(way, response, text));
        }
    }

    private static void send(int way, HttpResponse response, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        switch (way / 10 % 5) {
            case 0 -> response.send(text);
            case 1 -> response.send(bytes);
            case 2 -> response.send(Unpooled.wrappedBuffer(bytes));
            case 3 -> {
                ResponseStream stream = response.header("Content-Length", Integer.toString(bytes.length)).stream();
                stream.write(Unpooled.wrappedBuffer(bytes));
                stream.end();
            }
            default -> {
                ResponseStream stream = response.stream();
                for (int at = 0; at < bytes.length; at += 5000) {
                    stream.write(Unpooled.copiedBuffer(bytes, at, Math.min(5000, bytes.length - at)));
                }
                stream.end();
            }
        }
    }

    /** A request with a number, and what its answer says. */
    static String request(Random random, List<String> expected, int id) {
        int way = random.nextInt(1000);
        String body = "b".repeat(random.nextInt(20) == 0 ? random.nextInt(40_000) : random.nextInt(30));
        String target = "/" + id + "?way=" + way;
        StringBuilder request = new StringBuilder();
        switch (random.nextInt(4)) {
            case 0 -> request.append("POST ").append(target).append(" HTTP/1.1\r\nHost: h\r\nContent-Length: ")
                    .append(body.length()).append("\r\n\r\n").append(body);
            case 1 -> {
                request.append("PUT ").append(target)
                        .append(" HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
                int at = 0;
                while (at < body.length()) {
                    int size = Math.min(body.length() - at, 1 + random.nextInt(9000));
                    request.append(Integer.toHexString(size)).append("\r\n").append(body, at, at + size).append("\r\n");
                    at += size;
                }
                request.append("0\r\n\r\n");
            }
            default -> {
                body = "";
                request.append("GET ").append(target).append(" HTTP/1.1\r\nHost: h\r\nX-Filler: ")
                        .append("f".repeat(random.nextInt(200))).append("\r\n\r\n");
            }
        }
        expected.add(target + " " + body);
        return request.toString();
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void everyClientGetsItsAnswersInTheirOrder(Transport transport) throws Exception {
        try (HttpFixture fixture = new HttpFixture(transport, 2)) {
            TcpServer server = fixture.serve(ServerConfig.of("http", 0), HttpChaosTest::answer);
            List<Thread> senders = new ArrayList<>();
            List<List<String>> expected = new ArrayList<>();
            List<RawClient> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                Random random = new Random(100 + i);
                List<String> answers = new ArrayList<>();
                StringBuilder all = new StringBuilder();
                for (int k = 0; k < REQUESTS; k++) {
                    all.append(request(random, answers, 1000 * i + k));
                }
                RawClient client = fixture.connect(server);
                clients.add(client);
                expected.add(answers);
                senders.add(Thread.ofPlatform().start(() -> {
                    int at = 0;
                    while (at < all.length()) {
                        int size = Math.min(all.length() - at, 1 + random.nextInt(random.nextBoolean() ? 50 : 20_000));
                        client.send(all.substring(at, at + size));
                        at += size;
                    }
                }));
            }
            for (int i = 0; i < CLIENTS; i++) {
                for (String answer : expected.get(i)) {
                    Answer got = clients.get(i).answer();
                    assertThat(got.status()).isEqualTo(200);
                    assertThat(got.body()).isEqualTo(answer);
                }
                senders.get(i).join();
            }
        }
    }

    @Test
    void clientsThatBreakOffAnywhereLeaveNothingBehind() throws Exception {
        try (HttpFixture fixture = new HttpFixture(Transport.AUTO, 2)) {
            TcpServer server = fixture.serve(ServerConfig.of("http", 0), HttpChaosTest::answer);
            Random random = new Random(7);
            for (int i = 0; i < 200; i++) {
                StringBuilder all = new StringBuilder();
                for (int k = random.nextInt(5); k >= 0; k--) {
                    all.append(request(random, new ArrayList<>(), i));
                }
                try (RawClient client = new RawClient(server.port())) {
                    client.send(all.substring(0, random.nextInt(all.length())));
                }
            }
            HttpFixture.await("all are gone", () -> server.connections() == 0);
            assertThat(fixture.connect(server).get("/x?way=0").body()).isEqualTo("/x?way=0 ");
        }
    }
}
