package io.solaster.http;

import static io.solaster.http.Http2RawClient.DATA;
import static io.solaster.http.Http2RawClient.END_STREAM;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;

import io.netty.handler.codec.http2.Http2Error;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.Http2RawClient.Answer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Clients of HTTP/2 whose streams come in pieces among each other, are cancelled anywhere, or are nonsense. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class Http2ChaosTest {
    private static final int STREAMS = 200;

    /** A body that is still to be sent, and how much of it has been. */
    private static final class Upload {
        private final int stream;
        private final byte[] body;
        private int sent;

        Upload(int stream, byte[] body) {
            this.stream = stream;
            this.body = body;
        }

        /** Sends some of it; whether there is more. */
        boolean sendSome(Http2RawClient client, Random random) {
            int size = Math.min(body.length - sent, random.nextInt(9000));
            byte[] part = Arrays.copyOfRange(body, sent, sent + size);
            sent += size;
            boolean last = sent == body.length;
            client.frame(DATA, last ? END_STREAM : 0, stream, part);
            return !last;
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void everyStreamGetsItsAnswerButForThoseThatAreCancelled(Transport transport) throws Exception {
        try (HttpFixture fixture = new HttpFixture(transport, 2)) {
            TcpServer server = fixture.serve(ServerConfig.of("http", 0), HttpChaosTest::answer);
            Random random = new Random(5);
            try (Http2RawClient client = new Http2RawClient(server.port())) {
                Map<Integer, String> expected = new LinkedHashMap<>();
                List<Upload> uploads = new ArrayList<>();
                for (int i = 0; i < STREAMS; i++) {
                    String target = "/" + i + "?way=" + random.nextInt(1000);
                    String body = random.nextBoolean()
                            ? ""
                            : "b".repeat(1 + random.nextInt(random.nextInt(20) == 0 ? 40_000 : 30));
                    int id = client.head(body.isEmpty() ? "GET" : "POST", target, body.isEmpty());
                    expected.put(id, target + " " + body);
                    if (!body.isEmpty()) {
                        uploads.add(new Upload(id, body.getBytes(StandardCharsets.US_ASCII)));
                    }
                    for (int k = random.nextInt(4); k > 0 && !uploads.isEmpty(); k--) {
                        Upload upload = uploads.get(random.nextInt(uploads.size()));
                        if (random.nextInt(30) == 0) {
                            client.reset(upload.stream, (int) Http2Error.CANCEL.code());
                            expected.remove(upload.stream);
                            uploads.remove(upload);
                        } else if (!upload.sendSome(client, random)) {
                            uploads.remove(upload);
                        }
                    }
                }
                for (Upload upload : uploads) {
                    while (upload.sendSome(client, random)) {
                        // Until all of it is sent.
                    }
                }
                assertThat(expected).hasSizeGreaterThan(STREAMS / 2);
                for (Map.Entry<Integer, String> each : expected.entrySet()) {
                    Answer answer = client.answer(each.getKey());
                    assertThat(answer.status()).isEqualTo(200);
                    assertThat(answer.body()).isEqualTo(each.getValue());
                }
            }
            HttpFixture.await("all are gone", () -> server.connections() == 0);
        }
    }

    @Test
    void clientsThatBreakOffOrSendNonsenseLeaveNothingBehind() throws Exception {
        try (HttpFixture fixture = new HttpFixture(Transport.AUTO, 2)) {
            TcpServer server = fixture.serve(ServerConfig.of("http", 0), HttpChaosTest::answer);
            Random random = new Random(11);
            for (int i = 0; i < 200; i++) {
                try (Http2RawClient client = new Http2RawClient(server.port())) {
                    for (int k = random.nextInt(20); k >= 0; k--) {
                        switch (random.nextInt(6)) {
                            case 0 -> client.head("GET", "/?way=" + random.nextInt(1000), true);
                            case 1 -> client.data(client.head("POST", "/?way=" + random.nextInt(1000), false),
                                    new byte[random.nextInt(20_000)], random.nextBoolean());
                            case 2 -> client.reset(1 + 2 * random.nextInt(10), random.nextInt(14));
                            case 3 -> client.credit(random.nextInt(10), 1 + random.nextInt(1000));
                            default -> {
                                byte[] payload = new byte[random.nextInt(64)];
                                random.nextBytes(payload);
                                client.frame(random.nextInt(12), random.nextInt(256), random.nextInt(12), payload);
                            }
                        }
                    }
                    if (random.nextBoolean()) {
                        byte[] cut = new byte[random.nextInt(30)];
                        random.nextBytes(cut);
                        client.bytes(cut);
                    }
                }
            }
            HttpFixture.await("all are gone", () -> server.connections() == 0);
            try (Http2RawClient client = new Http2RawClient(server.port())) {
                assertThat(client.get("/x?way=0").body()).isEqualTo("/x?way=0 ");
            }
        }
    }
}
