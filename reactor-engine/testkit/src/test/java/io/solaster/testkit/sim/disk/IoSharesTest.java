package io.solaster.testkit.sim.disk;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.file.FileBounds;
import io.solaster.engine.file.IoLimits;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFile;
import io.solaster.engine.file.ShardFiles;
import io.solaster.engine.stats.FileStats;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How scheduling groups share a disk, by the shares of a shard: to the nanosecond, on a disk that does one thing at a time. */
final class IoSharesTest {
    private static final int CRITICAL = 0;
    private static final int BACKGROUND = 1;
    private static final int[] SHARES = {1000, 100};
    private static final long PER_SECOND = 100 << 20;
    private static final int BLOCK = 64 << 10;
    private static final int MOST = 20_000;

    private final VirtualTime time = new VirtualTime();
    private final SimDisk disk = new SimDisk(new SplittableRandom(1), time);
    private final FileStats stats = new FileStats();
    private ShardFiles files;
    private ShardFile file;

    @BeforeEach
    void open() throws Exception {
        use(new FileBounds(32, 1 << 20, MOST, 1L << 40));
    }

    private void use(FileBounds bounds) throws Exception {
        files = new ShardFiles(time, disk, bounds, stats);
        time.run(CRITICAL, SHARES);
        file = time.await(files.open(Path.of("/a"), OpenMode.CREATE));
        time.await(file.write(Unpooled.buffer(BLOCK).writeZero(BLOCK), 0));
    }

    private CompletableFuture<?> write(int group, int bytes) {
        time.run(group, SHARES);
        return file.write(Unpooled.buffer(bytes).writeZero(bytes), 0);
    }

    private CompletableFuture<Integer> read(int group, ByteBuf into) {
        time.run(group, SHARES);
        return file.read(into.clear(), 0);
    }

    /** Writes in the background for ever, as fast as it can. */
    private void writeForEver() {
        write(BACKGROUND, BLOCK).thenRun(this::writeForEver);
    }

    @Test
    void aWriterAtFullSpeedHoldsUpNoReadsOfACriticalGroup() throws Exception {
        disk.set(DiskFaults.NONE.throttled(PER_SECOND));
        for (int i = 0; i < 1_000; i++) {
            writeForEver();
        }
        ByteBuf into = Unpooled.buffer(4 << 10);
        long longest = 0;
        for (int i = 0; i < 100; i++) {
            long since = time.nanoTime();
            time.await(read(CRITICAL, into));
            longest = Math.max(longest, time.nanoTime() - since);
        }
        // What the disk has already, and no more: the 1,000 writes would take 625 ms.
        assertThat(Duration.ofNanos(longest)).isLessThan(Duration.ofMillis(11)).isPositive();
        assertThat(stats.writes.get()).isPositive();
        assertThat(stats.bytesRead.get()).isEqualTo(100 * (4 << 10));
    }

    @Test
    void groupsThatBothWantAllGetTheirShares() throws Exception {
        disk.set(DiskFaults.NONE.throttled(PER_SECOND));
        int[] done = new int[2];
        for (int i = 0; i < 4_000; i++) {
            for (int group : new int[]{CRITICAL, BACKGROUND}) {
                write(group, BLOCK).thenRun(() -> done[group]++);
            }
        }
        while (done[CRITICAL] < 2_000 && time.step()) {
            // On.
        }
        assertThat(done[BACKGROUND]).isBetween(170, 240);
    }

    @Tag("full")
    @Test
    void smallOperationsAreNotFree() throws Exception {
        disk.set(DiskFaults.NONE.throttled(PER_SECOND));
        int[] done = new int[2];
        for (int i = 0; i < 6_000; i++) {
            time.run(0, 100, 100);
            file.write(Unpooled.buffer(1).writeZero(1), 0).thenRun(() -> done[0]++);
            time.run(1, 100, 100);
            file.write(Unpooled.buffer(BLOCK).writeZero(BLOCK), 0).thenRun(() -> done[1]++);
        }
        time.run(0, 100, 100);
        while (done[1] < 400 && time.step()) {
            // On.
        }
        assertThat(done[0]).isBetween(1_800, 2_200);
    }

    @Test
    void whoAskedForNothingHasEarnedNothing() throws Exception {
        use(new FileBounds(1, 1 << 20, MOST, 1L << 40));
        disk.set(DiskFaults.NONE.throttled(PER_SECOND));
        for (int i = 0; i < 1_000; i++) {
            time.await(write(BACKGROUND, BLOCK));
        }
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            write(BACKGROUND, BLOCK).thenRun(() -> order.add(BACKGROUND));
        }
        for (int i = 0; i < 100; i++) {
            write(CRITICAL, BLOCK).thenRun(() -> order.add(CRITICAL));
        }
        while (order.size() < 60 && time.step()) {
            // On.
        }
        assertThat(order.stream().filter(group -> group == BACKGROUND).count()).isBetween(4L, 8L);
    }

    @Test
    void whatIsLargerThanTheBoundGoesAlone() throws Exception {
        use(new FileBounds(32, BLOCK, MOST, 1L << 40));
        disk.set(DiskFaults.NONE.throttled(PER_SECOND));
        CompletableFuture<?> large = write(BACKGROUND, 10 * BLOCK);
        CompletableFuture<?> next = write(BACKGROUND, 10 * BLOCK);
        CompletableFuture<?> small = read(CRITICAL, Unpooled.buffer(10));
        assertThat(stats.atDisk.get()).isEqualTo(1);
        time.await(CompletableFuture.allOf(large, next, small));
    }

    @Test
    void endsTenThousandThatWaitWhenTheShardEnds() throws Exception {
        disk.set(DiskFaults.NONE.throttled(PER_SECOND));
        List<CompletableFuture<?>> all = new ArrayList<>();
        List<ByteBuf> buffers = new ArrayList<>();
        time.run(BACKGROUND, SHARES);
        for (int i = 0; i < 10_000; i++) {
            ByteBuf written = Unpooled.buffer(100).writeZero(100);
            buffers.add(written);
            all.add(file.write(written, 0));
        }
        files.stop(new RejectedExecutionException("shard 0 has stopped"));
        assertThat(all.stream().filter(each -> !each.isDone())).hasSize(24);
        while (time.step()) {
            // What the disk has.
        }
        assertThat(all.stream().filter(each -> !each.isCompletedExceptionally())).hasSize(24);
        assertThat(all).allMatch(CompletableFuture::isDone);
        assertThat(all.getLast()).failsWithin(Duration.ZERO).withThrowableThat()
                .withCauseInstanceOf(RejectedExecutionException.class)
                .withMessageContaining("/a: could not write 100 bytes at 0: shard 0 has stopped");
        assertThat(buffers).allMatch(each -> each.refCnt() == 0);
        assertThat(file.size()).isCompletedExceptionally();
        assertThat(files.underWay()).isZero();
        // Whoever tries again when there is room would do so for ever.
        assertThat(files.hasRoom()).isFalse();
        assertThat(files.whenRoom()).isCompletedExceptionally();
        time.await(file.close());
        assertThat(disk.openFiles()).isZero();
    }

    @Test
    void asksForNoMoreThanTheLimitsSay() throws Exception {
        // 1,000 writes a second, or 64 MiB; the disk itself takes no time.
        double byteNanos = 1e9 / (64 << 20);
        use(new FileBounds(32, 1 << 20, MOST, 1L << 40, new IoLimits(0, 0, 1e6, byteNanos), 0));
        long since = time.nanoTime();
        List<CompletableFuture<?>> all = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            all.add(write(BACKGROUND, BLOCK));
        }
        time.await(CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new)));
        // Half of the time for the operations, half for their bytes; some of it may have been saved.
        long nanos = 500 * (1_000_000 + (long) (BLOCK * byteNanos));
        assertThat(time.nanoTime() - since).isBetween(nanos - 10_000_000, nanos + 10_000_000);
        // Reads are free.
        long before = time.nanoTime();
        time.await(read(BACKGROUND, Unpooled.buffer(BLOCK)));
        time.await(read(BACKGROUND, Unpooled.buffer(BLOCK)));
        assertThat(time.nanoTime() - before).isLessThan(10_000_000);
    }

    @Test
    void sharesHoldBelowTheLimits() throws Exception {
        use(new FileBounds(32, 1 << 20, MOST, 1L << 40, new IoLimits(0, 1e9 / PER_SECOND, 0, 1e9 / PER_SECOND), 0));
        int[] done = new int[2];
        for (int i = 0; i < 1_000; i++) {
            write(BACKGROUND, BLOCK).thenRun(() -> done[BACKGROUND]++);
            write(CRITICAL, BLOCK).thenRun(() -> done[CRITICAL]++);
        }
        while (done[CRITICAL] < 500) {
            assertThat(time.step()).isTrue();
        }
        assertThat(done[BACKGROUND]).isBetween(40, 60);
    }

    @Test
    void whatTheLimitsDoNotSpeakOfStarvesNobody() throws Exception {
        // Reads alone have a limit, of 1,000 a second.
        use(new FileBounds(8, 1 << 20, MOST, 1L << 40, new IoLimits(1e6, 0, 0, 0), 0));
        disk.set(DiskFaults.NONE.throttled(PER_SECOND));
        for (int i = 0; i < 1_000; i++) {
            writeForEver();
        }
        ByteBuf into = Unpooled.buffer(4 << 10);
        for (int i = 0; i < 20; i++) {
            CompletableFuture<Integer> read = read(CRITICAL, into);
            for (int steps = 0; steps < 2_000 && !read.isDone(); steps++) {
                time.step();
            }
            assertThat(read).isCompleted();
        }
        assertThat(stats.writes.get()).isGreaterThan(100);
    }

    @Test
    void whatMovesNoBytesDoesNotWaitForTheLimits() throws Exception {
        use(new FileBounds(32, 1 << 20, MOST, 1L << 40, new IoLimits(0, 0, 1e9, 0), 0));
        // A second each.
        CompletableFuture<?> first = write(BACKGROUND, BLOCK);
        CompletableFuture<?> second = write(BACKGROUND, BLOCK);
        CompletableFuture<?> third = write(CRITICAL, BLOCK);
        time.run(2, 1000, 100, 100);
        long since = time.nanoTime();
        time.await(file.sync());
        assertThat(time.nanoTime() - since).isLessThan(100_000_000);
        assertThat(third.isDone()).isFalse();
        time.await(CompletableFuture.allOf(first, second, third));
    }

    @Tag("full")
    @Test
    void hasFewerAtASlowDiskThanItsDepthWhereLatencyHasAGoal() throws Exception {
        use(new FileBounds(32, 64 << 20, MOST, 1L << 40, IoLimits.NONE, 5_000_000));
        disk.set(DiskFaults.NONE.throttled(PER_SECOND));
        // One takes 625 us, so that 8 of them have the goal.
        for (int i = 0; i < 1_000; i++) {
            write(BACKGROUND, BLOCK);
        }
        assertThat(stats.depth.get()).isEqualTo(32);
        for (int i = 0; i < 900; i++) {
            time.step();
        }
        assertThat(stats.depth.get()).isBetween(4L, 16L);
        disk.set(DiskFaults.NONE);
        for (int i = 0; i < 5_000; i++) {
            write(BACKGROUND, BLOCK);
        }
        while (time.step()) {
            // Until all is written.
        }
        assertThat(stats.depth.get()).isEqualTo(32);
    }

    @Test
    void endsWhatWaitsForTheLimitsWhenTheShardEnds() throws Exception {
        use(new FileBounds(32, 1 << 20, MOST, 1L << 40, new IoLimits(0, 0, 1e9, 0), 0));
        List<CompletableFuture<?>> all = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            all.add(write(BACKGROUND, BLOCK));
        }
        files.stop(new RejectedExecutionException("shard 0 has stopped"));
        while (time.step()) {
            // What the disk has.
        }
        assertThat(all).allMatch(CompletableFuture::isDone);
        assertThat(files.underWay()).isZero();
    }
}
