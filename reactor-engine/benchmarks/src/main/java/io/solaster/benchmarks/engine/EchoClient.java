package io.solaster.benchmarks.engine;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.solaster.benchmarks.rig.Workplace;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.IdleConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.os.CpuAffinity;
import io.solaster.load.Load;
import io.solaster.load.LoadReport;
import io.solaster.load.protocol.Answers;
import io.solaster.load.protocol.Conversation;
import io.solaster.load.protocol.Protocol;
import io.solaster.load.protocol.Target;

/** One connection with one request at a time, at a steady modest rate, from the client's CPU. */
final class EchoClient implements AutoCloseable {
    private static final double PER_SECOND = 1000;

    private final Engine generator;
    private final Load load;

    EchoClient(Workplace workplace, int port) {
        IdleConfig sleeping = new IdleConfig(IdleConfig.Policy.PARK, Duration.ZERO, Duration.ZERO);
        int cpu = Integer.parseInt(workplace.clientCpu());
        generator = Engine.start(
                EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER).withIdle(sleeping));
        generator.submitToAll(_ -> {
            CpuAffinity.pin(cpu);
            return cpu;
        }).join();
        String host = "127.0.0.1";
        load = Load.of(new Target("tcp://" + host + ":" + port, host, port, Target.Security.NONE, new Echo()))
                .on(generator).connections(1).rate(PER_SECOND);
    }

    /** Asks for a while. */
    LoadReport run(Duration length) throws IOException {
        LoadReport report = load.lasting(length).run();
        if (report.failed() > 0) {
            throw new IOException("critical requests failed: " + report.errors());
        }
        return report;
    }

    @Override
    public void close() {
        generator.close();
    }

    /** Sends some bytes, and takes as many as the answer. */
    private static final class Echo implements Protocol {

        @Override
        public String name() {
            return "echo";
        }

        @Override
        public String describe() {
            return EngineHost.REQUEST_BYTES + " bytes";
        }

        @Override
        public int depth() {
            return 1;
        }

        @Override
        public Conversation open(long seed, List<byte[]> recorded) {
            return new Conversation() {
                @Override
                public void request(ByteBuf out, int request) {
                    out.writeZero(EngineHost.REQUEST_BYTES);
                }

                @Override
                public void read(ByteBuf in, Answers to) {
                    while (in.readableBytes() >= EngineHost.REQUEST_BYTES) {
                        in.skipBytes(EngineHost.REQUEST_BYTES);
                        to.answered(null);
                    }
                }
            };
        }
    }
}
