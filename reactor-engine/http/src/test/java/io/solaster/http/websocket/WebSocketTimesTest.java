package io.solaster.http.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.engine.timer.ManualClock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Silence, by a clock that goes ahead on demand. */
class WebSocketTimesTest {
    private final ManualClock clock = new ManualClock();
    private SocketFixture fixture;
    private final Recorder recorder = new Recorder();

    @BeforeEach
    void start() {
        fixture = new SocketFixture(Transport.AUTO, 1, clock);
    }

    @AfterEach
    void stop() throws Exception {
        fixture.close();
    }

    private WsClient connect(int pingSeconds, int idleSeconds) throws Exception {
        fixture.sockets()
                .reconfigure(Changed.with(WebSocketConfig.defaults(), "pingInterval", Duration.ofSeconds(pingSeconds),
                        "idleTimeout", Duration.ofSeconds(idleSeconds), "closeTimeout", Duration.ofSeconds(5)));
        WsClient client = fixture.connect(recorder);
        assertThat(recorder.next()).startsWith("opened");
        return client;
    }

    /** Seconds go by, one after the other, with a turn of the loop for each. */
    private void pass(int seconds) throws Exception {
        for (int i = 0; i < 4 * seconds; i++) {
            clock.advance(Duration.ofMillis(250));
            fixture.engine().submitTo(0, () -> true).get();
            fixture.engine().submitTo(0, () -> true).get();
        }
    }

    @Test
    void pingsASilentClientAndKeepsItWhileItAnswers() throws Exception {
        WsClient client = connect(10, 30);
        for (int i = 1; i <= 12; i++) {
            pass(17);
            assertThat(client.message()).isEqualTo("9 ");
            client.send(new ClientFrames().frame(0x8A, new byte[0]));
            assertThat(recorder.next()).isEqualTo("pong ");
        }
        assertThat(fixture.count(stats -> stats.pings.get())).isEqualTo(12);
    }

    @Test
    void doesNotPingAClientThatTalks() throws Exception {
        WsClient client = connect(10, 30);
        for (int i = 0; i < 20; i++) {
            client.sendText("a");
            assertThat(client.message()).isEqualTo("1 a");
            pass(4);
        }
        assertThat(fixture.count(stats -> stats.pings.get())).isZero();
    }

    @Test
    void endsWithAClientThatIsSilentForTooLong() throws Exception {
        WsClient client = connect(0, 30);
        pass(29);
        client.sendText("here still");
        assertThat(client.message()).isEqualTo("1 here still");
        recorder.next();
        pass(29);
        assertThat(recorder.told).isEmpty();
        pass(12);
        assertThat(client.message()).isEqualTo("8 1001");
        pass(6);
        assertThat(client.isAtEnd()).isTrue();
        assertThat(recorder.next()).isEqualTo("closed 1001 silent for too long");
    }

    @Test
    void letsAClientBeSilentForEver() throws Exception {
        WsClient client = connect(0, 0);
        pass(1000);
        client.sendText("a");
        assertThat(client.message()).isEqualTo("1 a");
    }
}
