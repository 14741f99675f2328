package io.solaster.benchmarks.rpc;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.solaster.benchmarks.rig.Children;
import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.ProcFs;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Workplace;
import io.solaster.benchmarks.store.StoreServer;

/**
 * Server CPU of a unary call of 64 bytes over lanes, beside a GET of 64 bytes from the store, by the same client in turns: {@code
 * RpcCost [rounds [requests [transport]]]}.
 */
public final class RpcCost {
    private static final int CONNECTIONS = 64;
    private static final int MESSAGE = 64;
    private static final int HEADER = 24;
    private static final int WARM_UPS = 6;
    private static final byte[] GET = "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n".getBytes(StandardCharsets.US_ASCII);

    private RpcCost() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 5;
        int requests = args.length > 1 ? Integer.parseInt(args[1]) : 1_000_000;
        String transport = args.length > 2 ? args[2] : "epoll";
        String server = "0";
        Path log = Path.of("/dev/null");
        String self = Long.toString(ProcessHandle.current().pid());
        Path output = Files.createTempFile("taskset", "");
        try {
            Children.run("1", output, 10, List.of("taskset", "-a", "-p", "-c", "1", self));
        } finally {
            Files.delete(output);
        }
        List<Peer> peers = new ArrayList<>();
        try {
            for (String each : new String[]{"lanes", "GET", "lanes again"}) {
                peers.add(new Peer(each, each.equals("GET"), start(server, log, each.equals("GET"), transport)));
            }
            MarkdownTable table = new MarkdownTable("CPU of the server per call, in us", "lanes", "a GET",
                    "lanes again",
                    "ratio");
            for (int pipeline : new int[]{16, 1}) {
                double[][] costs = new double[peers.size()][rounds];
                for (int round = -WARM_UPS; round < rounds; round++) {
                    for (int i = 0; i < peers.size(); i++) {
                        double cost = peers.get(i).run(pipeline, pipeline == 1 ? requests / 5 : requests);
                        if (round >= 0) {
                            costs[i][round] = cost;
                        }
                    }
                }
                double[] medians = Arrays.stream(costs).mapToDouble(RpcCost::median).toArray();
                table.row(CONNECTIONS + " connections, " + pipeline + " in flight on each", digits(medians[0]),
                        digits(medians[1]), digits(medians[2]), digits(medians[0] / medians[1]));
            }
            System.out.println(table);
        } finally {
            peers.forEach(Peer::close);
        }
    }

    private static double median(double[] all) {
        double[] sorted = all.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static String digits(double figure) {
        return Statistics.digits(figure);
    }

    private record Started(Process process, int port) {}

    private static Started start(String cpu, Path log, boolean store, String transport) throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        List<String> command = new ArrayList<>(List.of(Workplace.java(), "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow", "--add-opens=java.base/java.lang=ALL-UNNAMED", "-cp",
                System.getProperty("java.class.path")));
        command.addAll(List.of(Options.JVM_FLAGS.split(" ", -1)));
        command.addAll(store
                ? List.of(StoreServer.class.getName(), Integer.toString(port), "1", transport, "control")
                : List.of(RpcHost.class.getName(), Integer.toString(port), transport));
        return new Started(Children.start(cpu, log, command), port);
    }

    /** A server and its connections. */
    private static final class Peer implements AutoCloseable {
        private final boolean store;
        private final Started started;
        private final List<Socket> sockets = new ArrayList<>();
        private final List<DataInputStream> inputs = new ArrayList<>();
        private final int answer;
        private long id;

        Peer(String name, boolean store, Started started) throws IOException, InterruptedException {
            this.store = store;
            this.started = started;
            this.answer = store ? 5 + MESSAGE + 2 : HEADER + MESSAGE;
            for (int i = 0; i < CONNECTIONS; i++) {
                sockets.add(connect(name));
            }
            for (Socket socket : sockets) {
                inputs.add(new DataInputStream(socket.getInputStream()));
            }
            if (store) {
                say(0, ("SET key " + "x".repeat(MESSAGE) + "\r\n").getBytes(StandardCharsets.US_ASCII));
                inputs.getFirst().readFully(new byte[5]);
            } else {
                greet();
            }
        }

        private Socket connect(String name) throws IOException, InterruptedException {
            long end = System.nanoTime() + 120_000_000_000L;
            while (true) {
                try {
                    Socket socket = new Socket(InetAddress.getLoopbackAddress(), started.port);
                    socket.setTcpNoDelay(true);
                    socket.setSoTimeout(30_000);
                    return socket;
                } catch (IOException e) {
                    if (System.nanoTime() > end || !started.process.isAlive()) {
                        throw new IOException(name + " did not start", e);
                    }
                    Thread.sleep(20);
                }
            }
        }

        private void say(int socket, byte[] bytes) throws IOException {
            sockets.get(socket).getOutputStream().write(bytes);
        }

        private void greet() throws IOException {
            for (int i = 0; i < CONNECTIONS; i++) {
                say(i, hello());
                byte[] header = new byte[HEADER];
                inputs.get(i).readFully(header);
                inputs.get(i).readFully(new byte[littleEndian(header).getInt(0)]);
            }
        }

        /** As a client says it that takes messages of a megabyte, and no streams to speak of. */
        private static byte[] hello() {
            ByteBuf body = Unpooled.buffer();
            body.writeLongLE(0).writeByte(0).writeShortLE(0).writeShortLE(1).writeLongLE(0);
            body.writeIntLE(1 << 20).writeIntLE(1024).writeIntLE(1).writeIntLE(1).writeIntLE(1);
            body.writeShortLE(0).writeShortLE(0).writeIntLE(0);
            byte[] frame = new byte[HEADER + body.readableBytes()];
            ByteBuffer header = littleEndian(frame);
            header.putInt(0, body.readableBytes()).put(4, (byte) 1).putInt(16, 0x454E414C).putInt(20, 1 | 1 << 16);
            System.arraycopy(ByteBufUtil.getBytes(body), 0, frame, HEADER, body.readableBytes());
            return frame;
        }

        private static ByteBuffer littleEndian(byte[] bytes) {
            return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }

        /** Microseconds of CPU per request. */
        double run(int pipeline, int requests) throws IOException {
            byte[] batch = store ? gets(pipeline) : calls(pipeline);
            byte[] answers = new byte[pipeline * answer];
            int turns = requests / pipeline / CONNECTIONS;
            long cpu = ProcFs.cpuNanos(started.process.pid());
            for (int turn = 0; turn < turns; turn++) {
                if (!store) {
                    number(batch, pipeline);
                }
                for (int i = 0; i < CONNECTIONS; i++) {
                    say(i, batch);
                }
                for (int i = 0; i < CONNECTIONS; i++) {
                    inputs.get(i).readFully(answers);
                }
            }
            return (ProcFs.cpuNanos(started.process.pid()) - cpu) / 1000.0 / ((long) turns * pipeline * CONNECTIONS);
        }

        private static byte[] gets(int pipeline) {
            ByteBuffer batch = ByteBuffer.allocate(pipeline * GET.length);
            for (int i = 0; i < pipeline; i++) {
                batch.put(GET);
            }
            return batch.array();
        }

        private static byte[] calls(int pipeline) {
            byte[] batch = new byte[pipeline * (HEADER + MESSAGE)];
            ByteBuffer header = littleEndian(batch);
            for (int i = 0; i < pipeline; i++) {
                int at = i * (HEADER + MESSAGE);
                header.putInt(at, MESSAGE).put(at + 4, (byte) 2).putShort(at + 6, (short) 0xFFFF)
                        .putInt(at + 16, RpcCost.echo());
            }
            return batch;
        }

        /** Ids grow, on each connection alike. */
        private void number(byte[] batch, int pipeline) {
            ByteBuffer header = littleEndian(batch);
            for (int i = 0; i < pipeline; i++) {
                header.putLong(i * (HEADER + MESSAGE) + 8, ++id);
            }
        }

        @Override
        public void close() {
            for (Socket socket : sockets) {
                try {
                    socket.close();
                } catch (IOException ignored) {
                    // It ends either way.
                }
            }
            Children.end(started.process);
        }
    }

    /** The number of the method on the wire: FNV-1a of its name, folded. */
    private static int echo() {
        int hash = 0x811C9DC5;
        for (byte each : RpcHost.ECHO.name().getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ each & 0xFF) * 0x01000193;
        }
        return hash ^ hash >>> 15;
    }
}
