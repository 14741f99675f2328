package io.solaster.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DatagramPacket;
import io.solaster.config.EngineConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.file.OpenMode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** Two processes, with other identity hashes, another salt of sets and other moments of the compiler, see the same runs. */
final class TwoJvmsTest {
    private static final int SEEDS = 12;
    private static final EngineConfig TWO = EngineConfig.defaults().withShards(2);
    private static final int PORT = 7000;
    private static final Duration SECOND = Duration.ofSeconds(1);

    /** A simulated second of a server that writes to its disk, and clients by TCP and UDP, under faults. */
    static void second(Simulation sim) {
        Machine server = sim.machine("server");
        Engine engine = server.start(TWO);
        var file = sim.await(engine.shard(0).fork(() -> Shard.current().files().open(Path.of("/lines"), OpenMode.CREATE)
                .join()).future());
        long[] end = new long[1];
        Lines.serve(server, PORT, (shard, line) -> engine.submitStageTo(0, CallOptions.DEFAULTS, () -> {
            ByteBuf bytes = Unpooled.copiedBuffer(line, StandardCharsets.US_ASCII);
            long at = end[0];
            end[0] += bytes.readableBytes();
            return file.write(bytes, at).thenApply(_ -> line + "!");
        }));
        datagrams(engine, PORT);
        List<CompletableFuture<Integer>> clients = new ArrayList<>();
        for (String name : List.of("one", "other")) {
            Machine machine = sim.machine(name);
            machine.start(TWO);
            Channel sender = datagrams(machine.engine(), 0);
            clients.add(sim.thread(name, () -> asks(sim, machine, server.address(PORT), sender)));
        }
        sim.faults(SECOND, sim::usualFaults);
        for (CompletableFuture<Integer> client : clients) {
            assertThat(sim.await(client)).isNotNegative();
        }
    }

    /** Sends back what is not from the port that it sends to. */
    private static Channel datagrams(Engine engine, int port) {
        Channel channel = engine.transport().datagramChannels().get();
        channel.pipeline().addLast(new SimpleChannelInboundHandler<DatagramPacket>() {
            @Override
            protected void channelRead0(ChannelHandlerContext context, DatagramPacket packet) {
                if (port != 0) {
                    context.writeAndFlush(new DatagramPacket(packet.content().retain(), packet.sender()));
                }
            }
        });
        engine.shard(1).register(channel).addListener(_ -> channel.bind(new InetSocketAddress("0.0.0.0", port)));
        return channel;
    }

    private static int asks(Simulation sim, Machine from, InetSocketAddress to, Channel sender) {
        int answered = 0;
        while (sim.now().compareTo(SECOND) < 0) {
            try {
                Lines.Client connection = sim.await(Lines.Client.connect(from, 0, to));
                while (sim.now().compareTo(SECOND) < 0) {
                    sender.writeAndFlush(new DatagramPacket(Unpooled.copiedBuffer(new byte[1 + answered % 3_000]), to));
                    assertThat(sim.await(connection.ask("line " + answered))).isEqualTo("line " + answered + "!");
                    answered++;
                    sim.sleep(Duration.ofMillis(1 + sim.random().nextInt(20)));
                }
            } catch (CompletionException closed) {
                sim.sleep(Duration.ofMillis(10));
            }
        }
        return answered;
    }

    /** What the other processes do: for each line with a seed one with the hash of its run. */
    public static void main(String[] args) throws IOException {
        BufferedReader seeds = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String seed = seeds.readLine(); seed != null; seed = seeds.readLine()) {
            System.out.println("hash " + Simulation.run(Long.parseLong(seed), TwoJvmsTest::second).hash());
        }
    }

    private static final class Jvm implements AutoCloseable {
        private final Process process;
        private final PrintStream seeds;
        private final BufferedReader lines;

        Jvm(String... flags) throws IOException {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m",
                    "--add-opens=java.base/java.lang=ALL-UNNAMED", "--enable-native-access=ALL-UNNAMED"));
            command.addAll(List.of(flags));
            command.addAll(List.of("-cp", System.getProperty("java.class.path"), TwoJvmsTest.class.getName()));
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
            seeds = new PrintStream(process.getOutputStream(), true, StandardCharsets.US_ASCII);
            lines = process.inputReader();
        }

        void run(long seed) {
            seeds.println(seed);
        }

        String hash() throws IOException {
            List<String> said = new ArrayList<>();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("hash ")) {
                    return line;
                }
                said.add(line);
            }
            throw new AssertionError("a process has failed: " + String.join("\n", said));
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }

    /** At most so many seeds, one after the other, until a time. */
    private static int compare(long firstSeed, int most, Duration time) throws IOException {
        long end = System.nanoTime() + time.toNanos();
        int count = 0;
        try (Jvm one = new Jvm("-XX:+UseSerialGC");
                Jvm other = new Jvm("-XX:+UseParallelGC", "-XX:TieredStopAtLevel=1")) {
            while (count < most && System.nanoTime() - end < 0) {
                long seed = firstSeed + count++;
                one.run(seed);
                other.run(seed);
                assertThat(other.hash()).as("seed " + seed).isEqualTo(one.hash());
            }
        }
        return count;
    }

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = ThreadMode.SEPARATE_THREAD)
    void seeTheSameRuns() throws IOException {
        assertThat(compare(0, SEEDS, Duration.ofMinutes(5))).isPositive();
    }

    /** For the whole of the goal: {@code -Dsolaster.test.seeds=10000 -Dsolaster.test.time=PT1H}. */
    @Tag("full")
    @Test
    void seeTheSameRunsOfManySeeds() throws IOException {
        long first = Long.getLong("solaster.test.first", System.nanoTime());
        int count = compare(first, Integer.getInteger("solaster.test.seeds", Integer.MAX_VALUE),
                Duration.parse(System.getProperty("solaster.test.time", "PT30S")));
        System.out.println("Two processes saw the same runs of " + count + " seeds from " + first);
        assertThat(count).isPositive();
    }
}
