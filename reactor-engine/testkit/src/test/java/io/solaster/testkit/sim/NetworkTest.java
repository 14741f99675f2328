package io.solaster.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.solaster.config.EngineConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.net.BindException;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.TcpServer;
import org.junit.jupiter.api.Test;

/** Each fault has the effect that it says. */
final class NetworkTest {
    private static final EngineConfig ONE = EngineConfig.defaults().withShards(1);
    private static final int PORT = 7000;
    private static final Duration LONG = Duration.ofMinutes(10);

    /** A server, a client, and what the server has seen. */
    private static final class Pair {
        final Simulation sim;
        final Machine server;
        final Machine client;
        final List<String> seen = new ArrayList<>();
        final Lines.Client connection;

        Pair(Simulation sim) {
            this.sim = sim;
            server = sim.machine("server");
            client = sim.machine("client");
            serve();
            client.start(ONE);
            connection = sim.await(connect());
        }

        void serve() {
            server.start(ONE);
            Lines.serve(server, PORT, (shard, line) -> {
                seen.add(line);
                return CompletableFuture.completedFuture(line);
            });
        }

        CompletableFuture<Lines.Client> connect() {
            return Lines.Client.connect(client, 0, server.address(PORT));
        }

        Link there() {
            return sim.network().link(client, server);
        }

        Link back() {
            return sim.network().link(server, client);
        }
    }

    private interface Check {
        void run(Pair pair) throws Exception;
    }

    private static void each(Check check) {
        for (long seed = 0; seed < 5; seed++) {
            Simulation.run(seed, sim -> check.run(new Pair(sim)));
        }
    }

    @Test
    void delaysBothWays() {
        each(pair -> {
            pair.there().delay(Duration.ofMillis(100), Duration.ofMillis(110));
            pair.back().delay(Duration.ofMillis(300), Duration.ofMillis(300));
            Duration before = pair.sim.now();
            pair.sim.await(pair.connection.ask("hello"));
            assertThat(pair.sim.now().minus(before)).isBetween(Duration.ofMillis(400), Duration.ofMillis(440));
        });
    }

    @Test
    void carriesNoMoreThanItsBandwidth() {
        each(pair -> {
            pair.there().bandwidth(10_000);
            Duration before = pair.sim.now();
            pair.sim.await(pair.connection.ask("x".repeat(50_000)));
            assertThat(pair.sim.now().minus(before)).isBetween(Duration.ofSeconds(5), Duration.ofSeconds(60));
        });
    }

    @Test
    void losesPacketsAndSendsThemAgainInOrder() {
        each(pair -> {
            pair.there().loss(0.3);
            List<CompletableFuture<String>> answers = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                answers.add(pair.connection.ask("line " + i));
                pair.sim.sleep(Duration.ofMillis(5));
            }
            for (int i = 0; i < 50; i++) {
                assertThat(pair.sim.await(answers.get(i))).isEqualTo("line " + i);
            }
            assertThat(pair.there().lost()).isPositive();
        });
    }

    @Test
    void cutsOneWay() {
        each(pair -> {
            pair.back().cut();
            CompletableFuture<String> answer = pair.connection.ask("there");
            pair.sim.sleep(LONG);
            assertThat(pair.seen).containsExactly("there");
            assertThat(answer).isNotDone();
            assertThat(pair.back().held()).isPositive();
            pair.back().heal();
            assertThat(pair.sim.await(answer)).isEqualTo("there");
            pair.there().cut();
            CompletableFuture<String> next = pair.connection.ask("not there");
            pair.sim.sleep(LONG);
            assertThat(pair.seen).containsExactly("there");
            pair.sim.network().heal();
            assertThat(pair.sim.await(next)).isEqualTo("not there");
        });
    }

    @Test
    void aPartitionLetsNobodyConnect() {
        each(pair -> {
            pair.sim.network().partition(pair.client, pair.server);
            assertThatExceptionOfType(CompletionException.class).isThrownBy(() -> pair.sim.await(pair.connect()))
                    .withCauseInstanceOf(ConnectTimeoutException.class);
            pair.sim.network().heal();
            assertThat(pair.sim.await(pair.connect())).isNotNull();
        });
    }

    @Test
    void refusesWhereNobodyListens() {
        each(pair -> {
            assertThatExceptionOfType(CompletionException.class)
                    .isThrownBy(() -> pair.sim.await(Lines.Client.connect(pair.client, 0, pair.server.address(1))))
                    .withCauseInstanceOf(ConnectException.class).withMessageContaining("refused");
            pair.server.refuse(true);
            assertThatExceptionOfType(CompletionException.class).isThrownBy(() -> pair.sim.await(pair.connect()))
                    .withCauseInstanceOf(ConnectException.class);
        });
    }

    @Test
    void resetsConnections() {
        each(pair -> {
            CompletableFuture<String> answer = pair.connection.ask("hello");
            assertThat(pair.sim.network().reset(pair.client, pair.server)).isEqualTo(1);
            assertThatExceptionOfType(CompletionException.class).isThrownBy(() -> pair.sim.await(answer));
            assertThat(pair.connection.channel.isActive()).isFalse();
            assertThat(pair.sim.await(pair.sim.await(pair.connect()).ask("again"))).isEqualTo("again");
        });
    }

    @Test
    void aCrashLeavesConnectionsHalfOpenUntilTheMachineIsBack() {
        each(pair -> {
            pair.server.crash();
            CompletableFuture<String> answer = pair.connection.ask("anybody?");
            pair.sim.sleep(LONG);
            assertThat(answer).isNotDone();
            assertThat(pair.connection.channel.isActive()).isTrue();
            pair.serve();
            CompletableFuture<String> next = pair.connection.ask("and now?");
            assertThatExceptionOfType(CompletionException.class).isThrownBy(() -> pair.sim.await(next));
            assertThat(pair.connection.channel.isActive()).isFalse();
            assertThat(pair.seen).isEmpty();
        });
    }

    @Test
    void whatIsSentToAMachineThatIsDownIsSentAgainOnceItIsBack() {
        each(pair -> {
            pair.server.crash();
            CompletableFuture<String> answer = pair.connection.ask("anybody?");
            CompletableFuture<Lines.Client> connecting = pair.connect();
            pair.sim.sleep(Duration.ofSeconds(5));
            assertThat(answer).isNotDone();
            assertThat(connecting).isNotDone();
            pair.serve();
            assertThatExceptionOfType(CompletionException.class)
                    .isThrownBy(() -> pair.sim.await(answer, Duration.ofSeconds(10)));
            Lines.Client connected = pair.sim.await(connecting, Duration.ofSeconds(10));
            assertThat(pair.sim.await(connected.ask("again"))).isEqualTo("again");
            assertThat(pair.seen).containsExactly("again");
        });
    }

    @Test
    void aProcessThatIsKilledResetsItsConnections() {
        each(pair -> {
            pair.server.kill();
            pair.sim.until(() -> !pair.connection.channel.isActive(), Duration.ofSeconds(1));
            assertThatExceptionOfType(CompletionException.class).isThrownBy(() -> pair.sim.await(pair.connect()));
        });
    }

    @Test
    void connectionsOvertakeEachOther() {
        Set<List<String>> orders = new HashSet<>();
        for (long seed = 0; seed < 20; seed++) {
            Simulation.run(seed, sim -> {
                Pair pair = new Pair(sim);
                Lines.Client second = sim.await(pair.connect());
                pair.connection.ask("first");
                sim.await(second.ask("second"));
                sim.until(() -> pair.seen.size() == 2, Duration.ofSeconds(1));
                orders.add(List.copyOf(pair.seen));
            });
        }
        assertThat(orders).hasSize(2);
    }

    @Test
    void whoeverDoesNotReadHoldsTheSenderUp() {
        each(pair -> {
            List<Channel> connections = new ArrayList<>();
            int[] received = new int[1];
            ConnectionHandler deaf = (shard, channel) -> {
                channel.config().setAutoRead(false);
                connections.add(channel);
                channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelRead(ChannelHandlerContext context, Object message) {
                        received[0] += ((ByteBuf) message).readableBytes();
                        ((ByteBuf) message).release();
                    }
                });
            };
            TcpServer.bind(pair.server.engine(), "deaf", ServerConfig.of("deaf", 7001).withHost("0.0.0.0"), deaf);
            Lines.Client client = pair.sim.await(Lines.Client.connect(pair.client, 0, pair.server.address(7001)));
            int size = 1 << 20;
            client.shard.execute(() -> client.channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[size])));
            pair.sim.sleep(LONG);
            assertThat(client.channel.isWritable()).isFalse();
            assertThat(client.channel.bytesBeforeWritable()).isGreaterThan(size - 4 * Socket.WINDOW);
            connections.getFirst().config().setAutoRead(true);
            pair.sim.until(() -> received[0] == size, LONG);
            assertThat(client.channel.isWritable()).isTrue();
        });
    }

    @Test
    void oneSideEndsAndTheOtherGoesOn() {
        each(pair -> {
            ConnectionHandler atTheEnd = (shard, channel) -> {
                channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
                channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                    private int count;

                    @Override
                    public void channelRead(ChannelHandlerContext context, Object message) {
                        count += ((ByteBuf) message).readableBytes();
                        ((ByteBuf) message).release();
                    }

                    @Override
                    public void userEventTriggered(ChannelHandlerContext context, Object event) {
                        if (event instanceof ChannelInputShutdownEvent) {
                            Lines.write(channel, "bytes: " + count);
                        }
                    }
                });
            };
            TcpServer.bind(pair.server.engine(), "count", ServerConfig.of("count", 7001).withHost("0.0.0.0"), atTheEnd);
            Lines.Client client = pair.sim.await(Lines.Client.connect(pair.client, 0, pair.server.address(7001)));
            CompletableFuture<String> answer = client.ask("four");
            client.shard.execute(() -> ((DuplexChannel) client.channel).shutdownOutput());
            assertThat(pair.sim.await(answer)).isEqualTo("bytes: 5");
        });
    }

    @Test
    void aPortIsOnesOwn() {
        each(pair -> {
            assertThatExceptionOfType(BindException.class)
                    .isThrownBy(() -> Lines.serve(pair.server, PORT, (shard, line) -> new CompletableFuture<>()))
                    .withMessageContaining("in use");
            assertThat(Lines.serve(pair.client, PORT, (shard, line) -> new CompletableFuture<>()).port())
                    .isEqualTo(PORT);
        });
    }
}
