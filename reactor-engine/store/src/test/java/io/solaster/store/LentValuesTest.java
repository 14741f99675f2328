package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.TimeUnit;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.MemoryConfig;
import io.solaster.config.MemoryConfig.HugePages;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.SocketConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.TcpServer;
import io.solaster.store.keyspace.Keyspace;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Large values, which are sent from where they lie, while their keys change. */
@ParameterizedClass
@EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
@Timeout(value = 240, unit = TimeUnit.SECONDS)
final class LentValuesTest {
    /** Many times what the kernel keeps of one connection, as these are configured. */
    private static final int LENGTH = 2 << 20;
    private static final int KERNEL = 64 << 10;
    private static final int ONE_BY_ONE = 1000;

    @Parameter
    Transport transport;

    private Engine engine;
    private Store store;
    private TcpServer tcp;
    private RespClient client;

    @BeforeEach
    void start() {
        assumeTrue(transport != Transport.EPOLL || Epoll.isAvailable(), "no epoll here");
        assumeTrue(transport != Transport.IO_URING || IoUring.isAvailable(), "no io_uring here");
        start(1);
    }

    private void start(int shards) {
        // Without these what is in use beside the large values is little.
        MemoryConfig memory = Changed.with(MemoryConfig.defaults(), "hugePages", HugePages.OFF);
        engine = Engine.start(Changed.with(EngineConfig.defaults().withShards(shards).withPinning(Pinning.NEVER)
                .withTransport(transport), "memory", memory));
        store = Store.on(engine);
        ServerConfig config = StoreFixture.config();
        config = config
                .withSocket(Changed.with(SocketConfig.defaults(), "sendBuffer", new ByteSize(KERNEL)))
                .withLimits(Changed.with(config.limits(), "outputBuffer", new ByteSize(4L * LENGTH)));
        tcp = TcpServer.bind(engine, "kv", config, new RespProtocol(store, config));
        client = new RespClient(tcp.port());
    }

    @AfterEach
    void stop() {
        if (engine != null) {
            client.close();
            tcp.close();
            engine.close();
        }
    }

    private static String value(int seed, int length) {
        Random random = new Random(seed);
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) random.nextInt(' ', 0x7f);
        }
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private Socket slow() throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(KERNEL);
        socket.setSoTimeout(60_000);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), tcp.port()));
        return socket;
    }

    private static void send(Socket socket, String... arguments) throws IOException {
        socket.getOutputStream().write(RespClient.encode(arguments));
    }

    /** Reads a value slowly at first. */
    private static String read(Socket socket, int length) throws IOException {
        InputStream in = socket.getInputStream();
        byte[] all = new byte[("$" + length + "\r\n\r\n").length() + length];
        for (int i = 0; i < ONE_BY_ONE; i++) {
            all[i] = (byte) in.read();
        }
        assertThat(in.readNBytes(all, ONE_BY_ONE, all.length - ONE_BY_ONE)).isEqualTo(all.length - ONE_BY_ONE);
        return new String(all, StandardCharsets.ISO_8859_1);
    }

    private static String bulk(String value) {
        return "$" + value.length() + "\r\n" + value + "\r\n";
    }

    private boolean isHeld(String key) {
        return engine.submitTo(0, () -> {
            Keyspace keys = StoreFixture.parts(store).part(0).keyspace();
            byte[] name = RespClient.latin1(key);
            long at = Memory.allocate(name.length);
            try {
                Memory.copy(name, 0, at, name.length);
                long entry = keys.find(at, name.length, 0);
                return entry != 0 && keys.isHeld(entry);
            } finally {
                Memory.free(at);
            }
        }).join();
    }

    /** What is done to a key while its value is being sent. */
    private interface Change {
        void run(RespClient client, String old);
    }

    private void sendsWhatWasThere(Change change) throws Exception {
        String old = value(1, LENGTH);
        assertThat(client.call("SET", "k", old)).isEqualTo("+OK");
        try (Socket slow = slow()) {
            send(slow, "GET", "k");
            StoreFixture.await("it is being sent", () -> isHeld("k"));
            change.run(client, old);
            assertThat(store.usedMemory()).as("what is being sent counts").isGreaterThan(LENGTH);
            assertThat(read(slow, LENGTH).equals(bulk(old))).as("the client sees what was there").isTrue();
        }
        client.call("DEL", "k");
        StoreFixture.await("memory is given back", () -> store.usedMemory() < LENGTH);
    }

    @Test
    void outlivesThatTheKeyIsRemoved() throws Exception {
        sendsWhatWasThere((other, old) -> assertThat(other.call("DEL", "k")).isEqualTo(":1"));
        sendsWhatWasThere((other, old) -> assertThat(other.call("GETDEL", "k")).endsWith(old));
    }

    @Test
    void outlivesThatTheKeyIsSet() throws Exception {
        sendsWhatWasThere((other, old) -> {
            String same = value(2, LENGTH);
            assertThat(other.call("SET", "k", same)).isEqualTo("+OK");
            assertThat(other.call("GET", "k")).endsWith(same);
            assertThat(other.call("SET", "k", "short", "PX", "60000")).isEqualTo("+OK");
        });
    }

    @Test
    void outlivesThatTheValueIsChangedInPlace() throws Exception {
        sendsWhatWasThere((other, old) -> {
            assertThat(other.call("SETRANGE", "k", "1500000", "new")).isEqualTo(":" + LENGTH);
            assertThat(other.call("GETRANGE", "k", "1499999", "1500003"))
                    .isEqualTo("$5|" + old.charAt(1_499_999) + "new" + old.charAt(1_500_003));
        });
        sendsWhatWasThere((other, old) -> {
            int bit = old.charAt(1000) & 1;
            assertThat(other.call("SETBIT", "k", "8007", Integer.toString(1 - bit))).isEqualTo(":" + bit);
            assertThat(other.call("GETRANGE", "k", "1000", "1000")).isEqualTo("$1|" + (char) (old.charAt(1000) ^ 1));
        });
        sendsWhatWasThere((other, old) -> {
            assertThat(other.call("BITFIELD", "k", "SET", "u8", "8000", "65"))
                    .isEqualTo("*1|:" + (int) old.charAt(1000));
            assertThat(other.call("GETRANGE", "k", "1000", "1001")).isEqualTo("$2|A" + old.charAt(1001));
        });
        sendsWhatWasThere((other, old) -> {
            assertThat(other.call("APPEND", "k", "tail")).isEqualTo(":" + (LENGTH + 4));
            assertThat(other.call("APPEND", "k", "tail")).isEqualTo(":" + (LENGTH + 8));
            assertThat(other.call("GETRANGE", "k", "-9", "-1"))
                    .isEqualTo("$9|" + old.charAt(LENGTH - 1) + "tailtail");
        });
    }

    @Test
    void outlivesThatTheKeyExpires() throws Exception {
        sendsWhatWasThere((other, old) -> {
            // Room for the time moves the value within its memory, else.
            assertThat(other.call("PEXPIRE", "k", "1")).isEqualTo(":1");
            StoreFixture.await("it is gone", () -> other.call("EXISTS", "k").equals(":0"));
        });
        sendsWhatWasThere((other, old) -> {
            assertThat(other.call("EXPIRE", "k", "1000")).isEqualTo(":1");
            assertThat(other.call("GET", "k")).endsWith(old);
        });
    }

    @Test
    void outlivesThatAllKeysGo() throws Exception {
        sendsWhatWasThere((other, old) -> {
            assertThat(other.call("FLUSHALL")).isEqualTo("+OK");
            assertThat(other.call("SET", "other", value(3, LENGTH))).isEqualTo("+OK");
            assertThat(other.call("FLUSHALL")).isEqualTo("+OK");
        });
    }

    @Test
    void twoClientsReadTheSameBytes() throws Exception {
        String old = value(1, LENGTH);
        client.call("SET", "k", old);
        try (Socket first = slow(); Socket second = slow()) {
            send(first, "GET", "k");
            send(second, "GET", "k");
            StoreFixture.await("it is being sent", () -> isHeld("k"));
            assertThat(read(first, LENGTH).equals(bulk(old))).isTrue();
            client.call("SETRANGE", "k", "0", "changed");
            assertThat(read(second, LENGTH).equals(bulk(old))).isTrue();
        }
    }

    @Test
    void stayInTheOrderOfTheRequests() throws Exception {
        String large = value(4, LENGTH / 4);
        String smaller = value(5, 64 << 10);
        client.call("SET", "large", large);
        client.call("SET", "smaller", smaller);
        String expected = "+PONG\r\n" + bulk(large) + "$-1\r\n" + bulk(smaller) + bulk(smaller) + ":1\r\n"
                + bulk(large);
        try (Socket socket = slow()) {
            for (int round = 0; round < 3; round++) {
                StringBuilder requests = new StringBuilder();
                for (String[] each : new String[][]{{"PING"}, {"GET", "large"}, {"GET", "none"}, {"GET", "smaller"},
                        {"GETEX", "smaller"}, {"EXISTS", "large"}, {"GET", "large"}}) {
                    requests.append(new String(RespClient.encode(each), StandardCharsets.ISO_8859_1));
                }
                socket.getOutputStream().write(RespClient.latin1(requests.toString()));
                byte[] all = socket.getInputStream().readNBytes(expected.length());
                assertThat(new String(all, StandardCharsets.ISO_8859_1).equals(expected)).isTrue();
            }
        }
    }

    /** Whose values are copied, and come when they come. */
    @Test
    void stayInOrderBesideThoseOfAnotherShard() throws Exception {
        stop();
        start(2);
        StringBuilder requests = new StringBuilder();
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < 24; i++) {
            String key = "key" + i % 8;
            String value = value(i % 8, 100_000);
            client.call("SET", key, value);
            requests.append(new String(RespClient.encode("GET", key), StandardCharsets.ISO_8859_1));
            expected.append(bulk(value));
        }
        try (Socket socket = slow()) {
            for (int round = 0; round < 3; round++) {
                socket.getOutputStream().write(RespClient.latin1(requests.toString()));
                byte[] all = socket.getInputStream().readNBytes(expected.length());
                assertThat(new String(all, StandardCharsets.ISO_8859_1).contentEquals(expected)).isTrue();
            }
        }
    }

    @Test
    void countAgainstWhatAClientMayLeaveUnread() throws Exception {
        client.call("SET", "k", value(1, LENGTH));
        try (Socket never = slow()) {
            // All at once: whoever is cut off meanwhile could not send the last ones.
            never.getOutputStream().write(RespClient.latin1(
                    new String(RespClient.encode("GET", "k"), StandardCharsets.ISO_8859_1).repeat(8)));
            StoreFixture.await("it is cut off", () -> store.total(stats -> stats.outputOverflows.get()) == 1
                    && tcp.connections() == 1);
        }
        client.call("DEL", "k");
        StoreFixture.await("memory is given back", () -> store.usedMemory() < LENGTH);
    }

    @Test
    void areLetGoOfWhereTheClientGoes() throws Exception {
        client.call("SET", "k", value(1, LENGTH));
        try (Socket slow = slow()) {
            send(slow, "GET", "k");
            StoreFixture.await("it is being sent", () -> isHeld("k"));
            slow.setSoLinger(true, 0);
        }
        StoreFixture.await("nobody holds it", () -> !isHeld("k"));
    }
}
