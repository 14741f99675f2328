package io.solaster.benchmarks.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

import org.junit.jupiter.api.Test;

class HttpWireTest {
    private static final String REPLY = "HTTP/1.1 200 OK\r\nConTent-Length: 12\r\nserver: x\r\n\r\nhello\r\n\r\nyou";

    private final HttpWire wire = new HttpWire("/plaintext");

    @Test
    void aReplyEndsWhereItsBodyDoes() throws IOException {
        ByteBuffer in = buffer(REPLY + REPLY);
        assertThat(wire.replyLength(in)).isEqualTo(REPLY.length());
        in.position(REPLY.length());
        assertThat(wire.replyLength(in)).isEqualTo(REPLY.length());
    }

    @Test
    void aReplyThatIsNotAllHereIsAwaited() throws IOException {
        for (int length = 0; length < REPLY.length(); length++) {
            assertThat(wire.replyLength(buffer(REPLY.substring(0, length)))).isZero();
        }
    }

    @Test
    void anErrorIsNoReply() {
        assertThatThrownBy(() -> wire.replyLength(buffer("HTTP/1.1 503 no\r\n\r\n"))).isInstanceOf(IOException.class)
                .hasMessageContaining("5xx");
    }

    @Test
    void asksForThePath() {
        byte[] to = new byte[wire.longestRequest()];
        int length = wire.request(new SplittableRandom(1), to);
        assertThat(new String(to, 0, length, StandardCharsets.US_ASCII)).startsWith("GET /plaintext HTTP/1.1\r\n")
                .endsWith("\r\n\r\n");
    }

    private static ByteBuffer buffer(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }
}
