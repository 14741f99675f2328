package io.solaster.testkit.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

import io.solaster.testkit.chaos.DatagramProxy.Effect;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DatagramProxyTest {
    private DatagramSocket server;
    private DatagramSocket client;
    private DatagramProxy proxy;

    @BeforeEach
    void start() throws SocketException {
        server = socket();
        client = socket();
        proxy = DatagramProxy.before((InetSocketAddress) server.getLocalSocketAddress(), 1, new Events());
    }

    private static DatagramSocket socket() throws SocketException {
        DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        socket.setSoTimeout(30_000);
        return socket;
    }

    @AfterEach
    void stop() {
        proxy.close();
        client.close();
        server.close();
    }

    private void send(int number) throws IOException {
        client.send(new DatagramPacket(ByteBuffer.allocate(4).putInt(number).array(), 4, proxy.address()));
    }

    private static DatagramPacket receive(DatagramSocket socket) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[100], 100);
        socket.receive(packet);
        return packet;
    }

    private int receive() throws IOException {
        return ByteBuffer.wrap(receive(server).getData()).getInt();
    }

    private void nothingComes() throws SocketException {
        server.setSoTimeout(100);
        assertThatThrownBy(this::receive).isInstanceOf(SocketTimeoutException.class);
        server.setSoTimeout(30_000);
    }

    @Test
    void passesBothWaysForEachClient() throws IOException {
        try (DatagramSocket other = socket()) {
            send(1);
            DatagramPacket first = receive(server);
            other.send(new DatagramPacket(new byte[4], 4, proxy.address()));
            DatagramPacket second = receive(server);
            assertThat(second.getPort()).isNotEqualTo(first.getPort());
            server.send(new DatagramPacket(new byte[]{9}, 1, second.getSocketAddress()));
            assertThat(receive(other).getData()[0]).isEqualTo((byte) 9);
            server.send(new DatagramPacket(new byte[]{8}, 1, first.getSocketAddress()));
            assertThat(receive(client).getData()[0]).isEqualTo((byte) 8);
        }
    }

    @Test
    void loses() throws IOException {
        proxy.set(Direction.TO_SERVER, DatagramFaults.NONE.lost(1));
        send(1);
        nothingComes();
        assertThat(proxy.count(Effect.LOST)).isOne();
        proxy.heal();
        send(2);
        assertThat(receive()).isEqualTo(2);
    }

    @Test
    void losesSomeByItsSeed() throws IOException {
        proxy.set(Direction.TO_SERVER, DatagramFaults.NONE.lost(0.5));
        for (int i = 0; i < 100; i++) {
            send(i);
        }
        long end = System.nanoTime() + 60_000_000_000L;
        while (proxy.count(Effect.ARRIVED) + proxy.count(Effect.LOST) < 100) {
            assertThat(System.nanoTime() - end).as("all have gone through").isNegative();
            Thread.onSpinWait();
        }
        proxy.heal();
        send(1000);
        List<Integer> came = new ArrayList<>();
        for (int next = receive(); next != 1000; next = receive()) {
            came.add(next);
        }
        assertThat(came).hasSizeBetween(20, 80).isSorted();
        assertThat(proxy.count(Effect.LOST)).isEqualTo(100 - came.size());
    }

    @Test
    void doubles() throws IOException {
        proxy.set(DatagramFaults.NONE.doubled(1));
        send(3);
        assertThat(receive()).isEqualTo(3);
        assertThat(receive()).isEqualTo(3);
        nothingComes();
        assertThat(proxy.count(Effect.DOUBLED)).isOne();
    }

    @Test
    void corrupts() throws IOException {
        proxy.set(DatagramFaults.NONE.corrupted(1));
        send(4);
        assertThat(receive()).isNotEqualTo(4);
        assertThat(proxy.count(Effect.CORRUPTED)).isOne();
    }

    @Test
    void delays() throws IOException {
        proxy.set(DatagramFaults.NONE.delayed(Duration.ofMillis(120)));
        long sent = System.nanoTime();
        send(5);
        assertThat(receive()).isEqualTo(5);
        assertThat(System.nanoTime() - sent).isGreaterThanOrEqualTo(120_000_000L);
        assertThat(proxy.count(Effect.DELAYED)).isOne();
    }

    @Test
    void jitterReorders() throws IOException {
        proxy.set(DatagramFaults.NONE.jittered(Duration.ofMillis(200)));
        for (int i = 0; i < 30; i++) {
            send(i);
        }
        List<Integer> came = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            came.add(receive());
        }
        List<Integer> sent = IntStream.range(0, 30).boxed().toList();
        assertThat(came).containsExactlyInAnyOrderElementsOf(sent).isNotEqualTo(sent);
    }

    @Test
    void throttlesAndLosesWhatWouldWaitForLong() throws IOException {
        proxy.set(DatagramFaults.NONE.throttled(20));
        long sent = System.nanoTime();
        for (int i = 0; i < 20; i++) {
            send(i);
        }
        assertThat(receive()).isZero();
        assertThat(System.nanoTime() - sent).isGreaterThanOrEqualTo(200_000_000L);
        assertThat(receive()).isOne();
        assertThat(System.nanoTime() - sent).isGreaterThanOrEqualTo(400_000_000L);
        assertThat(proxy.count(Effect.LOST)).isPositive();
    }

    @Test
    void staysOnTheMachine() {
        assertThatThrownBy(() -> DatagramProxy.before(new InetSocketAddress("192.0.2.1", 53), 1, new Events()))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("192.0.2.1");
    }
}
