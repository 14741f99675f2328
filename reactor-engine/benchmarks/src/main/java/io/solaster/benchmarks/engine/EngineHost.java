package io.solaster.benchmarks.engine;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.GroupConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.stats.GroupStats;
import io.solaster.engine.task.SchedulingGroup;

/**
 * An engine in a process of its own, as {@code engine.sh} starts it: {@code EngineHost shards transport [group]...}, with
 * an echo server for each group named, or, behind {@value #WRITES}, one that writes all that a client takes.
 *
 * <p>
 * The first line that it prints is the servers' ports. Then each line on standard input, {@code shares millis shares
 * micros shares micros}, has two groups want the whole of shard 0, each with tasks of that length, and is answered with
 * the nanoseconds that either got. The end of standard input ends the process.
 */
public final class EngineHost {
    /** What one request to the echo servers is. */
    static final int REQUEST_BYTES = 64;
    static final String WRITES = "writes:";

    private static final int TASKS = 4;

    private final Engine engine;
    private int made;

    private EngineHost(Engine engine) {
        this.engine = engine;
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        EngineConfig config = EngineConfig.defaults().withShards(Integer.parseInt(args[0]))
                .withTransport(Transport.valueOf(args[1].toUpperCase(Locale.ROOT))).withPinning(Pinning.AUTO);
        try (Engine engine = Engine.start(config)) {
            List<String> ports = new ArrayList<>();
            for (int i = 2; i < args.length; i++) {
                boolean writes = args[i].startsWith(WRITES);
                ServerConfig server = ServerConfig.of("echo", 0)
                        .withGroup(writes ? args[i].substring(WRITES.length()) : args[i]);
                TcpServer bound = TcpServer.bind(engine, "echo-" + i, server,
                        (shard, channel) -> channel.pipeline().addLast(writes ? new Writer() : new Echo()));
                ports.add(Integer.toString(bound.port()));
            }
            System.out.println(String.join(" ", ports));
            EngineHost host = new EngineHost(engine);
            BufferedReader control = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
            for (String line = control.readLine(); line != null; line = control.readLine()) {
                System.out.println(host.shares(line.split(" ", -1)));
            }
        }
    }

    private String shares(String... words) throws InterruptedException {
        SchedulingGroup one = group(words[2]);
        SchedulingGroup other = group(words[4]);
        Shard shard = engine.shard(0);
        AtomicBoolean ended = new AtomicBoolean();
        long oneNanos = 1000 * Long.parseLong(words[3]);
        long otherNanos = 1000 * Long.parseLong(words[5]);
        shard.execute(() -> {
            for (int i = 0; i < TASKS; i++) {
                shard.execute(one, new Burner(shard, ended, oneNanos));
                shard.execute(other, new Burner(shard, ended, otherNanos));
            }
        });
        Thread.sleep(Long.parseLong(words[1]));
        ended.set(true);
        engine.submitTo(0, () -> true).join();
        return runtime(one) + " " + runtime(other);
    }

    private SchedulingGroup group(String shares) {
        return engine.groups().create("burner-" + made++, GroupConfig.ofShares(Integer.parseInt(shares)));
    }

    private long runtime(SchedulingGroup group) {
        for (GroupStats stats : engine.shard(0).stats().groups()) {
            if (stats.id() == group.id()) {
                return stats.runtimeNanos.get();
            }
        }
        throw new IllegalStateException("shard 0 does not know group '" + group + "'");
    }

    /** Takes time, and wants more. */
    private record Burner(Shard shard, AtomicBoolean ended, long nanos) implements Runnable {

        @Override
        public void run() {
            long end = System.nanoTime() + nanos;
            while (System.nanoTime() - end < 0) {
                Thread.onSpinWait();
            }
            if (!ended.get()) {
                shard.execute(this);
            }
        }
    }

    /** Writes for as long as there is room. */
    private static final class Writer extends ChannelInboundHandlerAdapter {
        private static final ByteBuf BYTES = Unpooled
                .unreleasableBuffer(Unpooled.directBuffer(64 << 10).writeZero(64 << 10));

        @Override
        public void channelActive(ChannelHandlerContext context) {
            write(context);
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            write(context);
        }

        private static void write(ChannelHandlerContext context) {
            boolean wrote = false;
            while (context.channel().isWritable()) {
                context.write(BYTES.duplicate(), context.voidPromise());
                wrote = true;
            }
            if (wrote) {
                context.flush();
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event.equals(TcpServer.DRAIN)) {
                context.close();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }

    /** Answers request by request, and flushes once per read. */
    private static final class Echo extends ChannelInboundHandlerAdapter {
        /** Of a request that is not all here. */
        private int missing;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf in = (ByteBuf) message;
            try {
                while (in.isReadable()) {
                    int length = Math.min(in.readableBytes(), missing == 0 ? REQUEST_BYTES : missing);
                    missing = missing == 0 ? REQUEST_BYTES - length : missing - length;
                    context.write(in.readRetainedSlice(length), context.voidPromise());
                }
            } finally {
                in.release();
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.flush();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event.equals(TcpServer.DRAIN)) {
                context.close();
            }
        }
    }
}
