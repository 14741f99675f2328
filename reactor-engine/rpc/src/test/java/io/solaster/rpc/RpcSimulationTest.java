package io.solaster.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.random.RandomGenerator;

import io.solaster.config.EngineConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.rpc.client.RpcClient;
import io.solaster.rpc.server.RpcServer;
import io.solaster.rpc.server.RpcStats;
import io.solaster.testkit.sim.Machine;
import io.solaster.testkit.sim.NewSeeds;
import io.solaster.testkit.sim.Simulation;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Callers on two machines make calls of each kind, cancel, ask for messages in fits and starts, and give up, while networks are cut,
 * reset, slow and lossy, in orders that a seed draws, with windows of a few messages. It proves that
 * <ul>
 * <li>each call ends, once: with its own answer, or with a failure that is allowed;
 * <li>messages of a stream come in their order, none is lost or twice, and no more than were asked for;
 * <li>neither side ever finds that the other has broken the protocol: no credit is overdrawn, no id comes twice;
 * <li>what says that it was not begun was not begun;
 * <li>nothing is left: no handler, no connection;
 * <li>the same seed gives the same run.
 * </ul>
 */
class RpcSimulationTest {
    private static final int SEEDS = Integer.getInteger("solaster.test.seeds", 3);
    private static final Duration TIME = Duration.ofSeconds(2);
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final int PORT = 7000;
    private static final int CALLERS = 2;
    private static final int CALLS = 60;
    private static final RpcMethod<String, String> ECHO = RpcMethod.unary("sim.echo", RpcCodec.TEXT, RpcCodec.TEXT);
    private static final RpcMethod<String, String> LATE = RpcMethod.unary("sim.late", RpcCodec.TEXT, RpcCodec.TEXT);
    private static final RpcMethod<String, String> COUNT = RpcMethod.answers("sim.count", RpcCodec.TEXT, RpcCodec.TEXT);
    private static final RpcMethod<String, String> SUM = RpcMethod.requests("sim.sum", RpcCodec.TEXT, RpcCodec.TEXT);
    private static final RpcMethod<String, String> TALK = RpcMethod.both("sim.talk", RpcCodec.TEXT, RpcCodec.TEXT);

    /** What came of calls, over all seeds: the faults must have done something. */
    private final Map<String, Integer> outcomes = new TreeMap<>();

    @Test
    void everyCallEndsOnceAndInOrderAndNothingIsLeftAndTheSameInEachRun() {
        for (long seed = 0; seed < SEEDS; seed++) {
            Simulation.Result result = Simulation.run(seed, this::run);
            if (seed == 0) {
                assertThat(Simulation.run(seed, this::run)).isEqualTo(result);
            }
        }
        assertThat(outcomes).as("what came of calls").containsKeys("answered", "cancelled", "ended",
                "DEADLINE_EXCEEDED", "UNAVAILABLE");
    }

    @Tag("full")
    @Test
    void newSeedsHoldToo() {
        assertThat(NewSeeds.explore("rpc", 0.1, this::run).seeds()).isPositive();
    }

    private void run(Simulation sim) {
        Machine machine = sim.machine("server");
        Engine engine = machine.start(EngineConfig.defaults().withShards(2));
        List<String> begun = new ArrayList<>();
        RpcLimits limits = limits(sim.random());
        RpcServer server = RpcServer.bind(engine, "sim", ServerConfig.of("rpc", PORT).withHost("0.0.0.0")
                .withShardPorts(sim.random().nextBoolean() ? PORT + 1 : 0), limits, service(begun));
        List<CompletableFuture<List<String>>> callers = new ArrayList<>();
        List<RpcClient> clients = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
            Machine from = sim.machine("client" + i);
            Engine calling = from.start(EngineConfig.defaults().withShards(1));
            RpcClient client = RpcClient.of(calling, machine.address(PORT), limits(sim.random()));
            clients.add(client);
            Caller caller = new Caller(client, i, sim.random().nextLong());
            callers.add(calling.shard(0).fork(caller::callAll).future());
        }
        CompletableFuture<Boolean> resets = sim.thread("resets", () -> {
            for (Machine client : sim.machines()) {
                sim.sleep(Duration.ofMillis(sim.random().nextInt(600)));
                if (client != machine) {
                    sim.network().reset(client, machine);
                }
            }
            return true;
        });
        sim.faults(TIME, sim::usualFaults);
        sim.await(resets);
        for (CompletableFuture<List<String>> caller : callers) {
            for (String outcome : sim.await(caller, PATIENCE)) {
                if (outcome.startsWith("not begun ")) {
                    assertThat(begun).doesNotContain(outcome.substring("not begun ".length()));
                } else {
                    outcomes.merge(outcome, 1, Integer::sum);
                }
            }
        }
        clients.forEach(RpcClient::close);
        sim.until(() -> server.stats().running() == 0 && server.connections() == 0, PATIENCE);
        RpcStats stats = server.stats();
        assertThat(stats.violations()).isZero();
        assertThat(stats.failed()).isZero();
    }

    private static RpcLimits limits(RandomGenerator random) {
        return RpcLimits.DEFAULTS.withWindow(new RpcWindow(1 + random.nextInt(8),
                new ByteSize(1 + random.nextInt(500)), new ByteSize(1 + random.nextInt(200))))
                .withTimeouts(Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(5));
    }

    private static RpcService service(List<String> begun) {
        return RpcService.builder().async(ECHO, (_, text) -> {
            begun.add(text);
            return CompletableFuture.completedFuture(text);
        }).forked(LATE, (_, text) -> {
            begun.add(text);
            Shard.sleep(Duration.ofMillis(text.length() * 10L)).get();
            return text;
        }).streamed(COUNT, (_, answers) -> new Reads(0) {
            @Override
            void read(String most) {
                count(answers, 0, Integer.parseInt(most));
            }
        }).streamed(SUM, (_, answer) -> new Reads(1) {
            private int sum;

            @Override
            void read(String number) {
                assertThat(number).isEqualTo(Message.of(sum++));
                flow().request(1);
            }

            @Override
            public void ended() {
                answer.write(String.valueOf(sum));
            }
        }).streamed(TALK, (_, answers) -> new Reads(1) {
            private int next;

            @Override
            void read(String message) {
                assertThat(message).isEqualTo(Message.of(next++));
                answers.write(message);
                answers.whenWritable(() -> {
                    if (!answers.isOver()) {
                        flow().request(1);
                    }
                });
            }

            @Override
            public void ended() {
                answers.end();
            }
        }).build();
    }

    private static void count(RpcWriter<String> answers, int from, int most) {
        int next = from;
        while (next < most && answers.isWritable()) {
            answers.write(Message.of(next++));
        }
        int reached = next;
        if (reached == most) {
            answers.end();
        } else if (!answers.isOver()) {
            answers.whenWritable(() -> count(answers, reached, most));
        }
    }

    /** Of a length that goes with its number. */
    private static final class Message {
        static String of(int number) {
            return number + "x".repeat(number * 7 % 60);
        }
    }

    /** Reads one stream, and fails the test where more comes than was asked for. */
    private abstract static class Reads implements RpcReader<String> {
        private final int atFirst;
        private @Nullable RpcFlow flow;
        boolean over;

        Reads(int atFirst) {
            this.atFirst = atFirst;
        }

        RpcFlow flow() {
            return flow;
        }

        @Override
        public void begins(RpcFlow begun) {
            flow = begun;
            if (atFirst > 0) {
                begun.request(atFirst);
            }
        }

        abstract void read(String message);

        @Override
        public void message(String message) {
            assertThat(over).isFalse();
            read(message);
        }

        @Override
        public void ended() {
            assertThat(over).isFalse();
            over = true;
        }

        @Override
        public void failed(RpcException why) {
            assertThat(over).isFalse();
            over = true;
        }
    }

    /** One machine's calls, in a fork of its shard. */
    private static final class Caller {
        private final RpcClient client;
        private final int number;
        private final RandomGenerator random;
        private final List<String> outcomes = new ArrayList<>();
        private final List<CompletableFuture<?>> ends = new ArrayList<>();

        Caller(RpcClient client, int number, long seed) {
            this.client = client;
            this.number = number;
            this.random = new java.util.SplittableRandom(seed);
        }

        List<String> callAll() throws Exception {
            for (int i = 0; i < CALLS; i++) {
                String id = number + "-" + i;
                switch (random.nextInt(5)) {
                    case 0 -> unary(ECHO, id);
                    case 1 -> unary(LATE, id);
                    case 2 -> stream(COUNT, String.valueOf(random.nextInt(40)));
                    case 3 -> upload();
                    default -> talk();
                }
                if (random.nextInt(3) == 0) {
                    Shard.sleep(Duration.ofMillis(random.nextInt(150))).get();
                }
            }
            for (CompletableFuture<?> end : ends) {
                end.get();
            }
            return outcomes;
        }

        private RpcOptions options() {
            return random.nextInt(3) == 0
                    ? RpcOptions.DEFAULTS
                    : RpcOptions.within(Duration.ofMillis(1 + random.nextInt(1_500)));
        }

        private void unary(RpcMethod<String, String> method, String text) throws Exception {
            RpcOptions any = options();
            // By the owner's port, or on by the mesh.
            ShardFuture<String> answer = client.call(method, text, random.nextBoolean() ? any.withKey(text) : any);
            CompletableFuture<Boolean> end = new CompletableFuture<>();
            ends.add(end);
            answer.whenComplete((got, failure) -> {
                settle(end, () -> {
                    if (failure == null) {
                        assertThat(got).isEqualTo(text);
                        outcomes.add("answered");
                    } else if (failure instanceof CancellationException) {
                        outcomes.add("cancelled");
                    } else {
                        failed((RpcException) failure, text);
                    }
                });
            });
            if (random.nextInt(4) == 0) {
                Shard.sleep(Duration.ofMillis(random.nextInt(20))).get();
                answer.cancel(true);
            }
        }

        /** Ends a call, by what is wrong with its end if something is: who calls this would only log it. */
        private void settle(CompletableFuture<Boolean> end, Runnable check) {
            try {
                check.run();
                end.complete(true);
            } catch (RuntimeException | Error wrong) {
                end.completeExceptionally(wrong);
            }
        }

        private void failed(RpcException why, String text) {
            assertThat(why.status()).as(why.getMessage()).isIn(RpcStatus.UNAVAILABLE, RpcStatus.DEADLINE_EXCEEDED,
                    RpcStatus.CANCELLED);
            outcomes.add(why.status().toString());
            if (why.isNotBegun()) {
                outcomes.add("not begun " + text);
            }
        }

        /** Asks for some messages now and some later, perhaps until it has had enough. */
        private final class Asking extends Reads {
            final CompletableFuture<Boolean> end = new CompletableFuture<>();
            private final int most;
            private int asked;
            private int next;
            private final int enough = random.nextInt(4) == 0 ? random.nextInt(20) : Integer.MAX_VALUE;

            Asking(int most) {
                super(0);
                this.most = most;
                ends.add(end);
            }

            @Override
            public void begins(RpcFlow begun) {
                super.begins(begun);
                ask(random.nextInt(3));
            }

            void ask(int more) {
                if (more > 0) {
                    asked += more;
                    flow().request(more);
                }
            }

            @Override
            void read(String message) {
                assertThat(next).isLessThan(asked);
                assertThat(message).isEqualTo(Message.of(next++));
                if (next == enough) {
                    flow().cancel();
                } else if (random.nextBoolean()) {
                    ask(1 + random.nextInt(2));
                }
            }

            /** What makes it go on, since it may have asked for nothing. */
            void push() throws Exception {
                while (!over) {
                    ask(1 + random.nextInt(3));
                    Shard.sleep(Duration.ofMillis(random.nextInt(40))).get();
                }
            }

            @Override
            public void ended() {
                settle(end, () -> {
                    super.ended();
                    if (most >= 0) {
                        assertThat(next).isEqualTo(most);
                    }
                    outcomes.add("ended");
                });
            }

            @Override
            public void failed(RpcException why) {
                settle(end, () -> {
                    super.failed(why);
                    Caller.this.failed(why, "a stream");
                });
            }
        }

        private void stream(RpcMethod<String, String> method, String most) {
            Asking reads = new Asking(Integer.parseInt(most));
            client.stream(method, most, options(), reads);
            ends.add(Shard.current().fork(() -> {
                reads.push();
                return true;
            }).future());
        }

        private void upload() {
            int count = random.nextInt(30);
            CompletableFuture<Boolean> end = new CompletableFuture<>();
            ends.add(end);
            Reads reads = new Reads(0) {
                @Override
                void read(String sum) {
                    assertThat(sum).isEqualTo(String.valueOf(count));
                }

                @Override
                public void ended() {
                    settle(end, () -> {
                        super.ended();
                        outcomes.add("ended");
                    });
                }

                @Override
                public void failed(RpcException why) {
                    settle(end, () -> {
                        super.failed(why);
                        Caller.this.failed(why, "a stream");
                    });
                }
            };
            write(client.open(SUM, options(), reads), count);
        }

        private void talk() {
            int count = random.nextInt(30);
            Asking reads = new Asking(count);
            write(client.open(TALK, options(), reads), count);
            ends.add(Shard.current().fork(() -> {
                reads.push();
                return true;
            }).future());
        }

        private void write(RpcWriter<String> writer, int count) {
            ends.add(Shard.current().fork(() -> {
                try {
                    for (int i = 0; i < count; i++) {
                        writer.writable().get();
                        writer.write(Message.of(i));
                    }
                } catch (ExecutionException | RpcException over) {
                    assertThat(writer.isOver()).isTrue();
                }
                writer.end();
                return true;
            }).future());
        }
    }
}
