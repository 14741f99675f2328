package io.solaster.http.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBuf;
import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a message costs the heap once everything is warm. */
@Tag("unwatched") // what follows buffers allocates
class WebSocketAllocationTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int BATCH = 16;
    private static final int BATCHES = 1500;

    @Test
    void answersBytesAlmostWithoutAllocating() throws Exception {
        try (SocketFixture fixture = new SocketFixture(Transport.AUTO, 1, null)) {
            WsClient client = fixture.connect((WebSocketListener.Raw) (socket, payload, text) -> socket
                    .send(payload.retain()));
            assertThat(perMessage(fixture, client)).isLessThan(30);
        }
    }

    @Test
    void answersTextWithTheStringAlone() throws Exception {
        try (SocketFixture fixture = new SocketFixture(Transport.AUTO, 1, null)) {
            WsClient client = fixture.connect(new WebSocketListener() {
                @Override
                public void text(WebSocket socket, String text) {
                    socket.send(text);
                }

                @Override
                public void binary(WebSocket socket, ByteBuf bytes) {
                    throw new AssertionError();
                }
            });
            // The string and its bytes: 24 and 16 + 128.
            assertThat(perMessage(fixture, client)).isLessThan(168 + 30);
        }
    }

    private static double perMessage(SocketFixture fixture, WsClient client) throws Exception {
        ClientFrames frames = new ClientFrames();
        for (int i = 0; i < BATCH; i++) {
            frames.text("x".repeat(128));
        }
        byte[] batch = frames.bytes();
        round(client, batch);
        round(client, batch);
        long before = allocated(fixture);
        round(client, batch);
        return (allocated(fixture) - before) / (double) (BATCH * BATCHES);
    }

    private static void round(WsClient client, byte[] batch) {
        for (int i = 0; i < BATCHES; i++) {
            client.send(batch);
            for (int j = 0; j < BATCH; j++) {
                assertThat(client.frame().payload()).hasSize(128);
            }
        }
    }

    private static long allocated(SocketFixture fixture) throws Exception {
        return fixture.engine().submitTo(0, THREADS::getCurrentThreadAllocatedBytes).get();
    }
}
