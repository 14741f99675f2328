package io.solaster.benchmarks.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.SplittableRandom;

import io.solaster.benchmarks.rig.LoadGenerator;
import io.solaster.benchmarks.rig.Requests;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class LoadGeneratorTest {
    private static final Requests REQUESTS = new Requests(4);

    private final RespWire wire = new RespWire(REQUESTS, 1000, 0.5);

    @Test
    void theScheduleKeepsTheRateAndRises() {
        LoadGenerator.Schedule schedule = new LoadGenerator.Schedule(50_000, new SplittableRandom(1));
        long last = 0;
        for (int i = 0; i < 500_000; i++) {
            long due = schedule.next();
            assertThat(due).isGreaterThanOrEqualTo(last);
            last = due;
        }
        assertThat(last / 1e9).isCloseTo(10, within(0.1));
    }

    @Test
    void gapsAreThoseOfAPoissonProcess() {
        LoadGenerator.Schedule schedule = new LoadGenerator.Schedule(1e6, new SplittableRandom(2));
        long last = 0;
        int aboveMean = 0;
        for (int i = 0; i < 100_000; i++) {
            long due = schedule.next();
            aboveMean += due - last > 1000 ? 1 : 0;
            last = due;
        }
        assertThat(aboveMean / 100_000.0).isCloseTo(Math.exp(-1), within(0.01));
    }

    @Test
    void aStallIsChargedToEveryRequestThatWasDueMeanwhile() throws Exception {
        try (Peer peer = new Peer(200); LoadGenerator generator = generator(peer)) {
            LoadGenerator.Result result = generator.run(1000, Duration.ZERO, Duration.ofMillis(400));
            // Half of the run is a stall; one that only saw requests in flight would count a handful.
            assertThat(result.latency().getTotalCount()).isBetween(300L, 500L);
            assertThat(result.micros(100)).isGreaterThan(180_000);
            assertThat(result.micros(60)).isGreaterThan(20_000);
        }
    }

    @Test
    void whatIsDueInTheWarmUpIsNotRecorded() throws Exception {
        try (Peer peer = new Peer(0); LoadGenerator generator = generator(peer)) {
            LoadGenerator.Result result = generator.run(1000, Duration.ofMillis(300), Duration.ofMillis(100));
            assertThat(result.latency().getTotalCount()).isBetween(50L, 160L);
            assertThat(result.lateness().getTotalCount()).isEqualTo(result.latency().getTotalCount());
        }
    }

    @Test
    void missesAreCounted() throws Exception {
        try (Peer peer = new Peer(0, "$-1\r\n", "+OK\r\n"); LoadGenerator generator = generator(peer)) {
            generator.run(1000, Duration.ZERO, Duration.ofMillis(200));
            assertThat(wire.misses()).isBetween(50L, 150L);
        }
    }

    @Test
    void anErrorEndsTheRun() throws Exception {
        try (Peer peer = new Peer(0, "-ERR no\r\n", "-ERR no\r\n"); LoadGenerator generator = generator(peer)) {
            assertThatThrownBy(() -> generator.run(1000, Duration.ZERO, Duration.ofMillis(200)))
                    .hasMessageContaining("answered with an error");
        }
    }

    private LoadGenerator generator(Peer peer) throws IOException {
        return new LoadGenerator(peer.port(), 1, wire, 1);
    }

    /** A server of one connection that first sleeps, then answers by the length of what it reads. */
    private static final class Peer implements AutoCloseable {
        private final ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        private final Thread thread;

        Peer(int stallMillis) throws IOException {
            this(stallMillis, "$4\r\nxxxx\r\n", "+OK\r\n");
        }

        Peer(int stallMillis, String getReply, String setReply) throws IOException {
            thread = Thread.ofVirtual().start(() -> {
                try (Socket socket = listener.accept()) {
                    Thread.sleep(stallMillis);
                    InputStream in = socket.getInputStream();
                    while (true) {
                        int head = in.readNBytes("*2".length())[1];
                        in.readNBytes((head == '2' ? REQUESTS.getLength() : REQUESTS.setLength()) - 2);
                        ByteArrayOutputStream out = new ByteArrayOutputStream();
                        out.writeBytes((head == '2' ? getReply : setReply).getBytes(StandardCharsets.US_ASCII));
                        socket.getOutputStream().write(out.toByteArray());
                    }
                } catch (IOException | InterruptedException | ArrayIndexOutOfBoundsException e) {
                    // The test has ended.
                }
            });
        }

        int port() {
            return listener.getLocalPort();
        }

        @Override
        public void close() throws IOException {
            thread.interrupt();
            listener.close();
        }
    }
}
