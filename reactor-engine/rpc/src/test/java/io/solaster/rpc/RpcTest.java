package io.solaster.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import io.solaster.config.EngineConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.Shard;
import io.solaster.rpc.client.RpcClient;
import io.solaster.rpc.server.RpcServer;
import io.solaster.testkit.junit.SolasterTest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Calls from one engine to another, over sockets. */
@SolasterTest(shards = 2, transport = SolasterTest.Transport.EPOLL)
class RpcTest {
    private static final RpcMethod<byte[], byte[]> ECHO = RpcMethod.unary("test.echo", RpcCodec.BYTES, RpcCodec.BYTES);
    private static final RpcMethod<String, String> UPPER = RpcMethod.unary("test.upper", RpcCodec.TEXT, RpcCodec.TEXT);
    private static final RpcMethod<String, String> WAIT = RpcMethod.unary("test.wait", RpcCodec.TEXT, RpcCodec.TEXT);
    private static final RpcMethod<String, String> FAIL = RpcMethod.unary("test.fail", RpcCodec.TEXT, RpcCodec.TEXT);
    private static final RpcMethod<String, String> OUTER = RpcMethod.unary("test.outer", RpcCodec.TEXT, RpcCodec.TEXT);
    private static final RpcMethod<String, String> LEFT = RpcMethod.unary("test.left", RpcCodec.TEXT, RpcCodec.TEXT);
    private static final RpcMethod<String, String> NEVER = RpcMethod.unary("test.never", RpcCodec.TEXT, RpcCodec.TEXT);
    private static final RpcMethod<String, byte[]> TOLD = RpcMethod.oneWay("test.told", RpcCodec.TEXT);
    private static final RpcMethod<String, String> GROUPED = RpcMethod.unary("test.grouped", RpcCodec.TEXT,
            RpcCodec.TEXT);

    private final Engine engine;
    private final CompletableFuture<String> gate = new CompletableFuture<>();
    private final AtomicInteger interrupted = new AtomicInteger();
    private final AtomicInteger left = new AtomicInteger();
    private final AtomicReference<@Nullable String> told = new AtomicReference<>();
    private final List<CompletableFuture<String>> never = new ArrayList<>();
    private Engine other;
    private RpcServer server;
    private RpcClient client;

    RpcTest(Engine engine) {
        this.engine = engine;
    }

    @BeforeEach
    void start() {
        RpcService service = RpcService.builder()
                .direct(ECHO, (request, answer) -> answer.writeBytes(request))
                .async(UPPER, (_, text) -> CompletableFuture.completedFuture(text.toUpperCase(Locale.ROOT)))
                .direct(FAIL, (request, answer) -> {
                    answer.writeByte(1);
                    switch (request.toString(java.nio.charset.StandardCharsets.UTF_8)) {
                        case "named" -> throw new RpcException(RpcStatus.NOT_FOUND, "no such order");
                        case "secret" -> throw new IllegalStateException("secret");
                        default -> answer.writeZero(3000);
                    }
                })
                .forked(LEFT, (call, _) -> {
                    Duration time = call.timeLeft();
                    return time == null ? "none" : String.valueOf(time.toMillis());
                })
                .forked(OUTER, (_, how) -> client.call(LEFT, "", how.equals("detached")
                        ? RpcOptions.DEFAULTS.asDetached()
                        : RpcOptions.DEFAULTS).get())
                .async(NEVER, (call, _) -> {
                    CompletableFuture<String> answer = new CompletableFuture<>();
                    never.add(answer);
                    call.onCancel(left::incrementAndGet);
                    return answer;
                })
                .async(TOLD, (_, text) -> {
                    told.set(text);
                    return CompletableFuture.completedFuture(new byte[0]);
                })
                .permits(2)
                .forked(WAIT, (_, text) -> {
                    try {
                        return text + gate.get();
                    } catch (InterruptedException e) {
                        interrupted.incrementAndGet();
                        throw e;
                    }
                })
                .group("background")
                .direct(GROUPED, (request, answer) -> answer.writeBytes(
                        Shard.current().currentGroup().name().getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                .build();
        server = RpcServer.bind(engine, "test", ServerConfig.of("rpc", 0), RpcLimits.DEFAULTS, service);
        other = Engines.start(EngineConfig.defaults().withTransport(engine.transport().kind()), 1);
        client = client(RpcLimits.DEFAULTS);
    }

    @AfterEach
    void stop() {
        gate.complete("");
        other.close();
        assertThat(server.connections()).isGreaterThanOrEqualTo(0);
        Engines.until("connections closed", () -> server.connections() == 0);
        server.close();
        assertThat(server.stats().running()).isEqualTo(never.size());
    }

    private RpcClient client(RpcLimits limits) {
        return RpcClient.of(other, new InetSocketAddress("127.0.0.1", server.port()), limits);
    }

    private static RpcException failure(CompletableFuture<?> call) {
        try {
            throw new AssertionError("answered " + call.join());
        } catch (CompletionException e) {
            return (RpcException) e.getCause();
        }
    }

    @Test
    void callsAreAnsweredOverTheWire() {
        assertThat(client.call(ECHO, new byte[]{1, 2, 3}).join()).containsExactly(1, 2, 3);
        assertThat(client.call(ECHO, new byte[0]).join()).isEmpty();
        byte[] large = new byte[3_000_000];
        large[2_999_999] = 7;
        assertThat(client.call(ECHO, large).join()).isEqualTo(large);
        assertThat(client.call(UPPER, "grüße").join()).isEqualTo("GRÜSSE");
        assertThat(client.call(GROUPED, "").join()).isEqualTo("background");
        assertThat(client.connections()).isEqualTo(1);
    }

    @Test
    void manyCallsOfATurnAreAnsweredInAnyOrderAndEachWithItsOwnAnswer() {
        List<CompletableFuture<String>> answers = other.submitTo(0, () -> {
            List<CompletableFuture<String>> all = new ArrayList<>();
            for (int i = 0; i < 900; i++) {
                all.add(client.call(UPPER, "call " + i));
            }
            return all;
        }).join();
        for (int i = 0; i < answers.size(); i++) {
            assertThat(answers.get(i).join()).isEqualTo("CALL " + i);
        }
    }

    @Test
    void oneWayCallsArriveAndAreNotAnswered() {
        assertThat(client.call(TOLD, "news").join()).isEmpty();
        Engines.until("the news arrived", () -> "news".equals(told.get()));
    }

    @Test
    void failuresReachTheCallerWithTheirStatus() {
        RpcException named = failure(client.call(FAIL, "named"));
        assertThat(named.status()).isEqualTo(RpcStatus.NOT_FOUND);
        assertThat(named.words()).isEqualTo("no such order");
        assertThat(named.isNotBegun()).isFalse();
        RpcException secret = failure(client.call(FAIL, "secret"));
        assertThat(secret.status()).isEqualTo(RpcStatus.UNKNOWN);
        assertThat(secret).hasMessageNotContaining("secret");
        RpcException unknown = failure(client.call(RpcMethod.unary("test.none", RpcCodec.TEXT, RpcCodec.TEXT), ""));
        assertThat(unknown.status()).isEqualTo(RpcStatus.UNIMPLEMENTED);
        assertThat(unknown.isNotBegun()).isTrue();
        RpcException schema = failure(client.call(RpcMethod.unary("test.echo", RpcCodec.TEXT, RpcCodec.TEXT), ""));
        assertThat(schema.status()).isEqualTo(RpcStatus.UNIMPLEMENTED);
        assertThat(schema).hasMessageContaining("schema");
        RpcException kind = failure(client.call(RpcMethod.oneWay("test.echo", RpcCodec.BYTES), new byte[1]));
        assertThat(kind).hasMessageContaining("kind");
    }

    @Test
    void messagesOverTheBoundFailAloneOnEitherSide() {
        RpcClient small = client(RpcLimits.DEFAULTS.withMaxMessage(new ByteSize(1000)));
        assertThat(failure(small.call(FAIL, "long")).status()).isEqualTo(RpcStatus.INTERNAL);
        assertThat(failure(client.call(ECHO, new byte[5_000_000])).status()).isEqualTo(RpcStatus.RESOURCE_EXHAUSTED);
        assertThat(small.call(UPPER, "on").join()).isEqualTo("ON");
        assertThat(client.call(UPPER, "on").join()).isEqualTo("ON");
    }

    @Test
    void aDeadlineEndsTheCallAndInterruptsTheFork() {
        RpcException late = failure(client.call(WAIT, "", RpcOptions.within(Duration.ofMillis(50))));
        assertThat(late.status()).isEqualTo(RpcStatus.DEADLINE_EXCEEDED);
        Engines.until("interrupted", () -> interrupted.get() == 1);
        Engines.until("the handler ended", () -> server.stats().cancelled() == 1 && server.stats().running() == 0);
    }

    @Test
    void aDeadlineIsInheritedByCallsMadeWhileServing() {
        assertThat(client.call(LEFT, "").join()).isEqualTo("none");
        String inherited = client.call(OUTER, "", RpcOptions.within(Duration.ofSeconds(50))).join();
        assertThat(Integer.parseInt(inherited)).isBetween(1, 50_000);
        assertThat(client.call(OUTER, "detached", RpcOptions.within(Duration.ofSeconds(50))).join()).isEqualTo("none");
    }

    @Test
    void cancellingReachesTheHandler() {
        CompletableFuture<String> call = client.call(WAIT, "");
        Engines.until("the handler runs", () -> server.stats().running() == 1);
        call.cancel(true);
        Engines.until("interrupted", () -> interrupted.get() == 1);
        CompletableFuture<String> async = client.call(NEVER, "");
        Engines.until("the handler runs", () -> never.size() == 1);
        async.cancel(true);
        Engines.until("cancelled", () -> left.get() == 1 && never.getFirst().isCancelled());
        never.clear();
    }

    @Test
    void permitsRefuseAtOnceWhatCannotBeBegunAndCancelledHandlersKeepTheirs() {
        CompletableFuture<String> first = client.call(WAIT, "a");
        CompletableFuture<String> second = client.call(WAIT, "b");
        RpcException refused = failure(client.call(WAIT, "c"));
        assertThat(refused.status()).isEqualTo(RpcStatus.RESOURCE_EXHAUSTED);
        assertThat(refused.isNotBegun()).isTrue();
        assertThat(refused).hasMessageContaining("test.wait").hasMessageContaining("2 permits");
        gate.complete("!");
        assertThat(first.join()).isEqualTo("a!");
        assertThat(second.join()).isEqualTo("b!");
        assertThat(client.call(WAIT, "d").join()).isEqualTo("d!");
        assertThat(server.stats().refused()).isEqualTo(1);
    }

    @Test
    void aDrainAnswersWhatWasBegunAndTellsTheRest() {
        CompletableFuture<String> begun = client.call(WAIT, "begun ");
        Engines.until("the handler runs", () -> server.stats().running() == 1);
        CompletableFuture<Integer> drained = CompletableFuture.supplyAsync(() -> server.drain(Duration.ofMinutes(1)));
        Engines.until("refused", () -> {
            try {
                client.call(UPPER, "x").join();
                return false;
            } catch (CompletionException e) {
                assertThat(((RpcException) e.getCause()).isNotBegun()).isTrue();
                return true;
            }
        });
        assertThat(begun).isNotDone();
        gate.complete("and done");
        assertThat(begun.join()).isEqualTo("begun and done");
        assertThat(drained.join()).isZero();
    }

    @Test
    void aServerThatIsNotThereFailsCallsThatWereSurelyNotBegun() throws Exception {
        int free;
        try (ServerSocket socket = new ServerSocket(0)) {
            free = socket.getLocalPort();
        }
        RpcClient nobody = RpcClient.of(other, new InetSocketAddress("127.0.0.1", free), RpcLimits.DEFAULTS);
        RpcException failure = failure(nobody.call(ECHO, new byte[0]));
        assertThat(failure.status()).isEqualTo(RpcStatus.UNAVAILABLE);
        assertThat(failure.isNotBegun()).isTrue();
        assertThat(failure).hasMessageContaining(String.valueOf(free));
    }

    @Test
    void closingTheClientFailsWhatIsUnderWayAndCancelsItAtTheServer() {
        CompletableFuture<String> call = client.call(WAIT, "");
        Engines.until("the handler runs", () -> server.stats().running() == 1);
        client.close();
        RpcException failure = failure(call);
        assertThat(failure.status()).isEqualTo(RpcStatus.UNAVAILABLE);
        assertThat(failure.isNotBegun()).isFalse();
        Engines.until("interrupted", () -> interrupted.get() == 1);
        assertThat(failure(client.call(ECHO, new byte[0])).isNotBegun()).isTrue();
    }

    @Test
    void anIdleConnectionIsClosedAndMadeAnewWhenItIsWanted() {
        RpcClient seldom = client(RpcLimits.DEFAULTS.withTimeouts(Duration.ofSeconds(5), Duration.ofMillis(90),
                Duration.ofMillis(1)));
        assertThat(seldom.call(UPPER, "a").join()).isEqualTo("A");
        Engines.until("both sides closed", () -> server.connections() == 0 && seldom.connections() == 0);
        assertThat(seldom.call(UPPER, "b").join()).isEqualTo("B");
    }

    @Test
    void aCallThatTakesLongerThanAPeerMayBeSilentGoesOnSinceThePeerSaysThatItIsThere() {
        RpcClient impatient = client(RpcLimits.DEFAULTS.withTimeouts(Duration.ofSeconds(5), Duration.ofMillis(150),
                Duration.ZERO));
        CompletableFuture<String> call = impatient.call(WAIT, "x");
        long end = System.nanoTime() + Duration.ofMillis(400).toNanos();
        Engines.until("the peer might have been silent for too long", () -> System.nanoTime() > end);
        assertThat(call).isNotDone();
        gate.complete("y");
        assertThat(call.join()).isEqualTo("xy");
    }

    @Test
    void namesThatClashAreRefused() {
        assertThatThrownBy(() -> RpcService.builder().direct(ECHO, (_, _) -> {}).direct(ECHO, (_, _) -> {}))
                .hasMessageContaining("test.echo");
        assertThatThrownBy(() -> RpcMethod.unary("", RpcCodec.TEXT, RpcCodec.TEXT))
                .hasMessageContaining("0 characters");
    }
}
