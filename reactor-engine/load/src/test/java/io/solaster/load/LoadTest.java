package io.solaster.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

import io.netty.buffer.ByteBuf;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.engine.Engine;
import io.solaster.load.protocol.Answers;
import io.solaster.load.protocol.Conversation;
import io.solaster.load.protocol.Protocol;
import io.solaster.load.protocol.Resp;
import io.solaster.load.protocol.Resp.Command;
import io.solaster.load.protocol.Target;
import io.solaster.load.schedule.Arrivals;
import io.solaster.load.schedule.Schedule;
import io.solaster.testkit.chaos.FaultProxy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a load measures, on servers that do what servers should not. */
@Timeout(240)
class LoadTest {
    private static final long STALL_MILLIS = 100;
    private static final String PONG = "+PONG\r\n";

    private static Load load(int port) {
        Target target = Target.of("redis://127.0.0.1:" + port);
        Resp pings = Resp.DEFAULTS.withMix(Map.of(Command.PING, 1)).withDepth(1000);
        return Load.of(target.withProtocol(pings)).connections(1).rate(500).lasting(Duration.ofMillis(300))
                .timeout(Duration.ofSeconds(20)).interval(Duration.ofMillis(100));
    }

    @Test
    void offersWhatIsDueAndCountsEachAnswer() throws IOException {
        try (Stub server = Stub.answering(PONG)) {
            LoadReport report = load(server.port()).connections(3).shards(2).run();
            assertThat(report.answered()).isEqualTo(149);
            assertThat(report.failed()).isZero();
            assertThat(report.lateness().getTotalCount()).isEqualTo(149);
            assertThat(server.accepted()).isEqualTo(3);
            assertThat(report.intervals()).isNotEmpty();
            assertThat(report.intervals().stream().mapToLong(LoadInterval::answered).sum()).isEqualTo(149);
        }
    }

    @Test
    void answersBehindTheEndAreToldOfOverTheTimeTheyTook() throws IOException {
        CountDownLatch end = new CountDownLatch(1);
        try (Stub server = new Stub((in, out, connection) -> {
            while (in.readNBytes(Stub.PING).length == Stub.PING) {
                end.await();
                out.write(PONG.getBytes(StandardCharsets.US_ASCII));
            }
        })) {
            LoadReport report = load(server.port()).start().report(each -> {
                if (each.at() > 0.29) {
                    end.countDown();
                }
            });
            assertThat(report.answered()).isEqualTo(149);
            assertThat(report.intervals()).filteredOn(each -> each.answered() > 0).isNotEmpty()
                    .allSatisfy(each -> assertThat(each.seconds()).isEqualTo(0.1));
        }
    }

    @Test
    void whatIsDueInTheWarmUpIsNotRecorded() throws IOException {
        try (Stub server = Stub.answering(PONG)) {
            LoadReport report = load(server.port()).warmUp(Duration.ofMillis(200)).lasting(Duration.ofMillis(100))
                    .run();
            assertThat(report.answered()).isEqualTo(50);
            assertThat(report.lateness().getTotalCount()).isEqualTo(50);
        }
    }

    @Test
    void whatWasDueCountsHoweverLateTheGeneratorIs() throws IOException {
        try (Engine engine = Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER));
                Stub server = Stub.answering(PONG)) {
            LoadRun run = load(server.port()).on(engine).start();
            // It wakes when all is over.
            engine.shard(0).execute(() -> LockSupport.parkNanos(500_000_000));
            LoadReport report = run.report();
            assertThat(report.answered()).isEqualTo(149);
            assertThat(report.invalid())
                    .hasValueSatisfying(why -> assertThat(why).contains("the generator itself was late"));
        }
    }

    @Test
    void theGeneratorsOwnPauseCountsForWhatThenWaitsForAConnection() throws IOException {
        try (Engine engine = Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER));
                Stub server = Stub.answering(PONG)) {
            Target one = Target.of("redis://127.0.0.1:" + server.port())
                    .withProtocol(Resp.DEFAULTS.withMix(Map.of(Command.PING, 1)).withDepth(1));
            LoadRun run = Load.of(one).connections(1).rate(500).lasting(Duration.ofMillis(300)).on(engine).start();
            engine.shard(0).execute(() -> LockSupport.parkNanos(500_000_000));
            LoadReport report = run.report();
            assertThat(report.answered()).isEqualTo(149);
            assertThat(report.waited()).isGreaterThan(100);
            assertThat(report.invalid())
                    .hasValueSatisfying(why -> assertThat(why).contains("the generator itself was late"));
        }
    }

    /** Stands still for a tenth of a second in each second. */
    private static Stub stalling() throws IOException {
        long start = System.nanoTime();
        return new Stub((in, out, connection) -> {
            while (in.readNBytes(Stub.PING).length == Stub.PING) {
                long within = (System.nanoTime() - start) / 1_000_000 % 1000;
                if (within < STALL_MILLIS) {
                    Thread.sleep(STALL_MILLIS - within);
                }
                out.write(PONG.getBytes(StandardCharsets.US_ASCII));
            }
        });
    }

    @Test
    void aServerThatStandsStillIsSeenAtP99WhereAClosedLoopSeesNothing() throws IOException {
        try (Stub server = stalling()) {
            // Of each second a part: whichever it begins with, it has one stall in all.
            Load load = load(server.port()).lasting(Duration.ofSeconds(1));
            LoadReport open = load.rate(1000).run();
            assertThat(open.nanosAt(99)).isGreaterThan(Duration.ofMillis(STALL_MILLIS * 8 / 10).toNanos());
            assertThat(open.nanosAt(95)).isGreaterThan(Duration.ofMillis(STALL_MILLIS * 3 / 10).toNanos());

            Target one = Target.of("redis://127.0.0.1:" + server.port())
                    .withProtocol(Resp.DEFAULTS.withMix(Map.of(Command.PING, 1)).withDepth(1));
            LoadReport closed = Load.of(one).connections(1).schedule(Schedule.closed())
                    .lasting(Duration.ofSeconds(1)).run();
            assertThat(closed.nanosAt(99)).isLessThan(open.nanosAt(99) / 2);
            assertThat(closed.nanosAt(100)).isGreaterThan(Duration.ofMillis(STALL_MILLIS / 2).toNanos());
        }
    }

    /** Answers the first after a while, and all others at once. */
    private static Stub firstLate(int millis) throws IOException {
        return new Stub((in, out, connection) -> {
            boolean isFirst = true;
            while (in.readNBytes(Stub.PING).length == Stub.PING) {
                if (isFirst) {
                    Thread.sleep(millis);
                    isFirst = false;
                }
                out.write(PONG.getBytes(StandardCharsets.US_ASCII));
            }
        });
    }

    @Test
    void aRequestThatDependsOnAnAnswerCountsFromWhenThatWasExpected() throws IOException {
        // One session is due at 50 ms; those that follow its first request, answered after 200 ms, 10 ms apart.
        try (Stub server = firstLate(200)) {
            LoadReport report = load(server.port()).rate(20).sessions(5, Duration.ofMillis(10))
                    .lasting(Duration.ofMillis(80)).run();
            assertThat(report.answered()).isEqualTo(3);
            assertThat(report.latency().getMinValue()).isGreaterThan(Duration.ofMillis(140).toNanos());
        }
    }

    @Test
    void whatFindsNoRoomAtAllIsDroppedByName() throws IOException {
        try (Stub server = new Stub((in, out, connection) -> in.transferTo(OutputStream.nullOutputStream()))) {
            LoadReport report = load(server.port()).lasting(Duration.ofMillis(100)).outstanding(10)
                    .timeout(Duration.ofMillis(1500)).run();
            assertThat(report.errors()).containsEntry("dropped: no room", 39L).containsKey("timeout");
            assertThat(report.failed()).isEqualTo(49);
            assertThat(report.answered()).isZero();
            assertThat(report.nanosAt(50)).isEqualTo(LoadReport.NEVER);
        }
    }

    @Test
    void theRestOfASessionThatIsDroppedCountsAsFailedToo() throws IOException {
        try (Stub server = new Stub((in, out, connection) -> in.transferTo(OutputStream.nullOutputStream()))) {
            LoadReport report = load(server.port()).lasting(Duration.ofMillis(100)).sessions(3, Duration.ZERO)
                    .outstanding(10).timeout(Duration.ofMillis(1500)).run();
            assertThat(report.errors()).containsEntry("dropped: no room", 39L)
                    .containsEntry("not sent: its session ended", 2 * 49L);
            assertThat(report.failed()).isEqualTo(3 * 49);
        }
    }

    @Test
    void whatWaitsForAConnectionIsCountedAndCharged() throws IOException {
        try (Stub server = firstLate(200)) {
            Target one = Target.of("redis://127.0.0.1:" + server.port())
                    .withProtocol(Resp.DEFAULTS.withMix(Map.of(Command.PING, 1)).withDepth(1));
            LoadReport report = Load.of(one).connections(1).rate(500).lasting(Duration.ofMillis(200)).run();
            assertThat(report.answered()).isEqualTo(99);
            assertThat(report.waited()).isGreaterThan(50);
            // It was the server that kept them, and not the generator.
            assertThat(report.nanosAt(50)).isGreaterThan(Duration.ofMillis(50).toNanos());
            assertThat(report.lateness().getValueAtPercentile(50)).isLessThan(report.nanosAt(50) / 2);
        }
    }

    @Test
    void errorAnswersAreCountedByKindAndAreNoGoodAnswers() throws IOException {
        try (Stub server = Stub.answering("-WRONGTYPE no\r\n")) {
            LoadReport report = load(server.port()).run();
            assertThat(report.errors()).containsExactly(Map.entry("WRONGTYPE", 149L));
            assertThat(report.answered()).isZero();
        }
    }

    @Test
    void aConnectionThatIsResetIsCountedAndMadeAnew() throws IOException {
        try (Stub server = Stub.answering(PONG);
                FaultProxy proxy = FaultProxy.before(new InetSocketAddress("127.0.0.1", server.port()), 1)) {
            LoadRun run = load(proxy.address().getPort()).rate(2000).lasting(Duration.ofSeconds(1)).start();
            run.mark("reset");
            List<LoadInterval> seen = new ArrayList<>();
            LoadReport report = run.report(each -> {
                if (seen.isEmpty()) {
                    proxy.partition();
                } else if (seen.size() == 1) {
                    proxy.reset();
                    proxy.heal();
                }
                seen.add(each);
            });
            assertThat(report.errors().keySet()).isSubsetOf("reset", "closed by the server",
                    "lost with its connection");
            assertThat(report.failed()).isPositive();
            assertThat(report.answered()).isPositive();
            assertThat(report.answered() + report.failed()).isEqualTo(1999);
            assertThat(server.accepted()).isGreaterThan(1);
            assertThat(report.marks()).singleElement().extracting(LoadReport.Mark::text).isEqualTo("reset");
        }
    }

    @Test
    void garbageEndsTheConnectionByName() throws IOException {
        try (Stub server = Stub.answering("hello, world\r\n")) {
            LoadReport report = load(server.port()).run();
            assertThat(report.errors()).containsKey("bad answer: no reply begins so");
            assertThat(report.answered()).isZero();
            assertThat(report.failed()).isEqualTo(149);
            // The first, and no more in a row than were asked for.
            assertThat(server.accepted()).isBetween(2, 11);
        }
    }

    @Test
    void anAnswerWithoutAnEndEndsTheConnection() throws IOException {
        byte[] much = "x".repeat(10_000).getBytes(StandardCharsets.US_ASCII);
        try (Stub server = new Stub((in, out, connection) -> {
            out.write('+');
            while (true) {
                out.write(much);
            }
        })) {
            LoadReport report = load(server.port()).reconnects(1).run();
            assertThat(report.errors().keySet()).containsAnyOf("bad answer: a line without an end", "no connection");
            assertThat(report.failed()).isEqualTo(149);
        }
    }

    @Test
    void answersThatNobodyAskedForEndTheConnection() throws IOException {
        try (Stub server = Stub.answering(PONG + PONG)) {
            LoadReport report = load(server.port()).rate(100).lasting(Duration.ofMillis(200)).run();
            assertThat(report.answered() + report.failed()).isEqualTo(19);
            assertThat(server.accepted()).isGreaterThan(1);
        }
    }

    @Test
    void halfAnAnswerTimesOut() throws IOException {
        try (Stub server = new Stub((in, out, connection) -> {
            in.readNBytes(Stub.PING);
            out.write("$10\r\nhalf".getBytes(StandardCharsets.US_ASCII));
            in.transferTo(OutputStream.nullOutputStream());
        })) {
            LoadReport report = load(server.port()).rate(20).timeout(Duration.ofMillis(150)).run();
            assertThat(report.errors()).containsKey("timeout");
            assertThat(report.answered()).isZero();
        }
    }

    @Test
    void aServerThatNeverReadsIsNoReasonToWaitForEver() throws IOException {
        Target target = Target.of("redis://127.0.0.1:1").withProtocol(
                Resp.DEFAULTS.withMix(Map.of(Command.SET, 1)).withValueBytes(1 << 20).withDepth(1000));
        try (Stub server = new Stub((in, out, connection) -> Thread.sleep(Long.MAX_VALUE))) {
            Target there = new Target(target.url(), "127.0.0.1", server.port(), target.security(), target.protocol());
            LoadReport report = Load.of(there).connections(1).rate(100).lasting(Duration.ofMillis(300))
                    .timeout(Duration.ofMillis(200)).run();
            assertThat(report.answered()).isZero();
            assertThat(report.failed()).isEqualTo(29);
            assertThat(report.errors()).containsKey("timeout");
        }
    }

    @Test
    void aServerThatAsksAndNeverReadsLosesItsConnection() throws IOException {
        CountDownLatch underWay = new CountDownLatch(1);
        byte[] settings = {0, 0, 0, 4, 0, 0, 0, 0, 0};
        byte[] ping = {0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
        ByteArrayOutputStream pings = new ByteArrayOutputStream();
        for (int i = 0; i < 4000; i++) {
            pings.writeBytes(ping);
        }
        try (Stub server = new Stub((in, out, connection) -> {
            out.write(settings);
            underWay.await();
            while (true) {
                out.write(pings.toByteArray());
            }
        })) {
            LoadReport report = Load.of("h2://127.0.0.1:" + server.port()).connections(1).rate(500)
                    .lasting(Duration.ofMillis(300)).interval(Duration.ofMillis(100)).timeout(Duration.ofSeconds(20))
                    .start().report(_ -> underWay.countDown());
            assertThat(report.failed()).isEqualTo(149);
            assertThat(report.errors()).containsKey("bad answer: the server asks and does not read")
                    .doesNotContainKey("timeout");
        }
    }

    @Test
    void aPortWhereNobodyListensIsAnErrorThatSaysSo() throws IOException {
        int port;
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = closed.getLocalPort();
        }
        assertThatThrownBy(() -> load(port).run()).isInstanceOf(IOException.class)
                .hasMessageContaining("redis://127.0.0.1:" + port).hasMessageContaining("refused")
                .hasMessageContaining("does the server listen there?");
    }

    @Test
    void aServerThatGoesAwayForGoodEndsInCountedErrors() throws IOException {
        Stub server = Stub.answering(PONG);
        LoadRun run = load(server.port()).lasting(Duration.ofMillis(500)).reconnects(2).start();
        boolean[] closed = new boolean[1];
        LoadReport report = run.report(_ -> {
            try {
                server.close();
                closed[0] = true;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        assertThat(closed[0]).isTrue();
        assertThat(report.errors()).containsKey("no connection");
        assertThat(report.answered() + report.failed()).isEqualTo(249);
    }

    @Test
    void aRunThatIsStoppedTellsOfWhatWasAnswered() throws IOException {
        try (Stub server = Stub.answering(PONG)) {
            LoadRun run = load(server.port()).lasting(Duration.ofHours(1)).start();
            LoadReport report = run.report(_ -> run.stop());
            assertThat(report.setup().isStopped()).isTrue();
            assertThat(report.answered()).isPositive();
            assertThat(report.failed()).isZero();
            assertThat(report.length()).isLessThan(Duration.ofMinutes(1));
        }
    }

    @Test
    void callsAreRequestsToo() throws IOException {
        AtomicInteger calls = new AtomicInteger();
        LoadReport report = Load.of(shard -> {
            int call = calls.incrementAndGet();
            if (call % 4 == 0) {
                throw new IOException("no");
            }
            return call % 4 == 1
                    ? CompletableFuture.failedFuture(new IllegalStateException("no"))
                    : CompletableFuture.supplyAsync(() -> "yes");
        }).rate(1000).lasting(Duration.ofMillis(201)).run();
        assertThat(calls).hasValue(200);
        assertThat(report.answered()).isEqualTo(100);
        assertThat(report.waited()).as("calls need no connection").isZero();
        assertThat(report.errors()).containsOnly(Map.entry("IOException", 50L),
                Map.entry("IllegalStateException", 50L));
    }

    @Test
    void aSessionOfCallsThatCompleteAtOnceIsAsLongAsItLikes() throws IOException {
        int requests = 1_000_000;
        AtomicInteger calls = new AtomicInteger();
        LoadReport report = Load.of(_ -> {
            calls.incrementAndGet();
            return CompletableFuture.completedFuture("yes");
        }).rate(100).sessions(requests, Duration.ZERO).lasting(Duration.ofMillis(15)).run();
        assertThat(calls).hasValue(requests);
        assertThat(report.errors()).isEmpty();
        assertThat(report.answered()).isEqualTo(requests);
    }

    @Test
    void aCallThatThrowsAnErrorIsCountedAndTheRunEnds() throws IOException {
        LoadReport report = Load.of(_ -> {
            throw new AssertionError("no");
        }).rate(1000).lasting(Duration.ofMillis(101)).run();
        assertThat(report.setup().isStopped()).isFalse();
        assertThat(report.errors()).containsExactly(Map.entry("AssertionError", 100L));
    }

    @Test
    void whatIsStillUnsentATimeoutAfterTheEndIsCountedAndNotOffered() throws IOException {
        AtomicInteger calls = new AtomicInteger();
        LoadReport report = Load.of(_ -> {
            // The first holds the shard up until all is over.
            long until = System.nanoTime() + (calls.incrementAndGet() == 1 ? 500_000_000 : 0);
            for (long left = 1; left > 0; left = until - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            return CompletableFuture.completedFuture("yes");
        }).rate(1000).lasting(Duration.ofMillis(300)).timeout(Duration.ofMillis(50)).run();
        assertThat(report.answered() + report.failed()).isEqualTo(299);
        assertThat(report.answered()).isEqualTo(calls.get());
        assertThat(report.errors()).containsOnlyKeys("not offered: the generator was too late");
    }

    /** Asks for what cannot be written. */
    private static class Unwritable implements Protocol, Conversation {
        @Override
        public String name() {
            return "none";
        }

        @Override
        public String describe() {
            return "nothing";
        }

        @Override
        public int depth() {
            return 4;
        }

        @Override
        public Conversation open(long seed, List<byte[]> recorded) {
            return this;
        }

        @Override
        public void request(ByteBuf out, int recorded) {
            out.writeByte(1);
            throw new IllegalStateException("no");
        }

        @Override
        public void read(ByteBuf in, Answers to) {
            in.skipBytes(in.readableBytes());
        }
    }

    @Test
    void aRequestThatCannotBeWrittenFailsItsConnectionAndTheRunEnds() throws IOException {
        AtomicInteger heard = new AtomicInteger();
        try (Stub server = new Stub((in, out, connection) -> heard.addAndGet(in.readAllBytes().length))) {
            Target target = Target.of("redis://127.0.0.1:" + server.port()).withProtocol(new Unwritable());
            LoadReport report = Load.of(target).connections(1).rate(500).lasting(Duration.ofMillis(300)).reconnects(2)
                    .run();
            assertThat(report.setup().isStopped()).isFalse();
            assertThat(report.errors()).containsOnlyKeys("IllegalStateException", "no connection")
                    .containsEntry("IllegalStateException", 3L);
            assertThat(report.failed()).isEqualTo(149);
            assertThat(heard).as("bytes of what is half a request").hasValue(0);
        }
    }

    /** A protocol whose answers cannot be read, and which keeps what it was given to read. */
    private static final class Unreadable extends Unwritable {
        private final Queue<ByteBuf> given = new ConcurrentLinkedQueue<>();

        @Override
        public void request(ByteBuf out, int recorded) {
            out.writeByte(1);
        }

        @Override
        public void read(ByteBuf in, Answers to) {
            given.add(in);
            throw new IllegalStateException("no");
        }
    }

    @Test
    void anAnswerThatCannotBeReadIsLetGoOf() throws IOException {
        Unreadable protocol = new Unreadable();
        try (Stub server = new Stub((in, out, connection) -> {
            while (in.read() >= 0) {
                out.write('x');
            }
        })) {
            Target target = Target.of("redis://127.0.0.1:" + server.port()).withProtocol(protocol);
            LoadReport report = Load.of(target).connections(1).rate(500).lasting(Duration.ofMillis(300)).reconnects(2)
                    .run();
            assertThat(report.errors()).containsKey("IllegalStateException");
        }
        assertThat(protocol.given).isNotEmpty().allMatch(each -> each.refCnt() == 0);
    }

    /** Takes long to read each answer, and tells what it did in which order: q for a request, r for an answer. */
    private static final class SlowToRead extends Unwritable {
        private final StringBuffer done = new StringBuffer();

        @Override
        public int depth() {
            return 1000;
        }

        @Override
        public void request(ByteBuf out, int recorded) {
            out.writeByte(1);
            done.append('q');
        }

        @Override
        public void read(ByteBuf in, Answers to) {
            done.append('r');
            long until = System.nanoTime() + 5_000_000;
            for (long left = 1; left > 0; left = until - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            while (in.isReadable()) {
                in.skipBytes(1);
                to.answered(null);
            }
        }
    }

    @Test
    void whatBecomesDueWhileAnswersAreReadIsSentBetweenThem() throws IOException {
        int connections = 20;
        SlowToRead protocol = new SlowToRead();
        CountDownLatch all = new CountDownLatch(connections);
        try (Stub server = new Stub((in, out, connection) -> {
            int first = in.read();
            all.countDown();
            // All answer at once, so that one turn of the shard has them all to read.
            all.await();
            out.write(first);
            in.transferTo(out);
        })) {
            Target target = Target.of("redis://127.0.0.1:" + server.port()).withProtocol(protocol);
            LoadReport report = Load.of(target).connections(connections).rate(1000).lasting(Duration.ofMillis(500))
                    .run();
            assertThat(report.answered()).isEqualTo(499);
        }
        String whileOffered = protocol.done.substring(0, protocol.done.lastIndexOf("q"));
        assertThat(whileOffered).contains("rq").doesNotContain("rr");
    }

    @Test
    void aScheduleThatFailsIsNamedAndTheRunEnds() throws IOException {
        Schedule failing = new Schedule() {
            @Override
            public Arrivals arrivals(int shard, int shards, long seed) {
                AtomicInteger asked = new AtomicInteger();
                return () -> {
                    if (asked.incrementAndGet() > 10) {
                        throw new IllegalStateException("no more");
                    }
                    return asked.get() * 1_000_000L;
                };
            }

            @Override
            public double perSecond(Duration from, Duration length) {
                return 1000;
            }

            @Override
            public String describe() {
                return "fails";
            }
        };
        LoadReport report = Load.of(_ -> CompletableFuture.completedFuture("yes")).schedule(failing)
                .lasting(Duration.ofMillis(100)).run();
        assertThat(report.setup().isStopped()).isFalse();
        assertThat(report.answered()).isEqualTo(10);
        assertThat(report.errors()).containsExactly(
                Map.entry("the schedule has failed: java.lang.IllegalStateException: no more", 1L));
    }

    @Test
    void aCallThatIsNeverAnsweredTimesOut() throws IOException {
        // What a busy machine keeps from being offered for as long as that would not be offered.
        LoadReport report = Load.of(_ -> new CompletableFuture<>()).rate(100).lasting(Duration.ofMillis(101))
                .timeout(Duration.ofSeconds(1)).run();
        assertThat(report.errors()).containsExactly(Map.entry("timeout", 10L));
    }

    @Test
    void whatMakesNoSenseIsRefusedByName() {
        Load load = Load.of("redis://localhost:1");
        assertThatThrownBy(() -> load.connections(0)).hasMessage("connections: 0; give 1 to 60000");
        assertThatThrownBy(() -> load.rate(0)).hasMessageContaining("a rate from 0");
        assertThatThrownBy(() -> load.rate(Double.NaN)).hasMessageContaining("NaN");
        assertThatThrownBy(() -> load.timeout(Duration.ZERO)).hasMessageContaining("give more than 0");
        assertThatThrownBy(() -> Load.of("ftp://localhost")).hasMessageContaining("redis://");
        assertThatThrownBy(() -> Load.of("localhost:6379")).hasMessageContaining("'localhost:6379'");
        assertThatThrownBy(() -> Load.of("redis://localhost/x")).hasMessageContaining("'x' is no database");
    }

    @Test
    void noRateIsSaidToKeepAGoalThatTheServerCannotKeep() throws IOException {
        // 200 a second is what it can do, and on a busy machine less.
        try (Stub server = new Stub((in, out, connection) -> {
            while (in.readNBytes(Stub.PING).length == Stub.PING) {
                Thread.sleep(5);
                out.write(PONG.getBytes(StandardCharsets.US_ASCII));
            }
        })) {
            HighestRate found = load(server.port()).rate(100).highestRate(new Slo(90, Duration.ofMillis(60)),
                    Duration.ofMillis(250));
            assertThat(found.probes()).hasSizeGreaterThan(3);
            assertThat(found.perSecond()).isLessThan(320).isEqualTo(found.probes().stream()
                    .filter(HighestRate.Probe::isKept).mapToDouble(HighestRate.Probe::perSecond).max().orElse(0));
            assertThat(found.report() == null).isEqualTo(found.perSecond() == 0);
        }
    }

    @Test
    void aHighestRateIsLookedForWithAConstantRateAlone() {
        Load load = Load.of("redis://localhost:1");
        Slo slo = new Slo(99, Duration.ofMillis(2));
        Schedule ramp = Schedule.stages(List.of(new Schedule.Stage(1, 50, Duration.ofSeconds(1))), false);
        for (Schedule each : List.of(ramp, Schedule.closed())) {
            assertThatThrownBy(() -> load.schedule(each).highestRate(slo, Duration.ofSeconds(1)))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("'" + each.describe() + "'");
        }
    }

    @Test
    void aRateWhoseProbeIsStoppedCountsAsNotKept() throws IOException {
        Thread search = Thread.currentThread();
        try (Stub server = new Stub((in, out, connection) -> {
            // The first has waited for long enough that the generator's own lateness is small beside it.
            in.readNBytes(200 * Stub.PING);
            out.write(PONG.repeat(200).getBytes(StandardCharsets.US_ASCII));
            search.interrupt();
            while (in.readNBytes(Stub.PING).length == Stub.PING) {
                out.write(PONG.getBytes(StandardCharsets.US_ASCII));
            }
        })) {
            HighestRate found = load(server.port()).highestRate(new Slo(50, Duration.ofMinutes(1)),
                    Duration.ofHours(1));
            assertThat(found.probes()).singleElement().extracting(HighestRate.Probe::isKept).isEqualTo(false);
            assertThat(found.report()).isNull();
        } finally {
            Thread.interrupted();
        }
    }

    @Test
    void aScheduleThatChangesWithTimeIsNotDividedIntoTurns() {
        Load ramp = Load.of("redis://localhost:1")
                .schedule(Schedule.stages(List.of(new Schedule.Stage(1, 50, Duration.ofSeconds(1))), false));
        assertThatThrownBy(() -> ramp.twice(2)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'1 to 50/s for 1.00 s, even' changes with time").hasMessageContaining("2 turns");
        assertThatThrownBy(() -> ramp.rate(5).beside(ramp, 2)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("changes with time");
        // One turn is all of it: this one fails at the port where nobody listens.
        assertThatThrownBy(() -> ramp.twice(1)).isInstanceOf(IOException.class);
    }

    @Test
    void theRateThatTheReportNamesIsThatOfThePartThatWasRecorded() throws IOException {
        Schedule steps = Schedule.stages(List.of(new Schedule.Stage(100, 100, Duration.ofMillis(100)),
                new Schedule.Stage(1000, 1000, Duration.ofMillis(100)),
                new Schedule.Stage(5000, 5000, Duration.ofHours(1))), false);
        LoadReport report = Load.of(_ -> CompletableFuture.completedFuture("yes")).schedule(steps)
                .warmUp(Duration.ofMillis(100)).lasting(Duration.ofMillis(100)).run();
        assertThat(report.setup().perSecond()).isCloseTo(1000, within(1e-6));
        assertThat(report.answered()).isBetween(99L, 101L);
    }

    @Test
    void theSameLoadTwiceShowsTheNoise() throws IOException {
        try (Stub server = Stub.answering(PONG)) {
            LoadComparison comparison = load(server.port()).twice(2);
            assertThat(comparison.first().answered()).isEqualTo(comparison.second().answered()).isEqualTo(148);
            assertThat(comparison.ratio(50)).isPositive();
        }
    }
}
