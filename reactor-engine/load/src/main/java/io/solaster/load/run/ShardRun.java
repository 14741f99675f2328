package io.solaster.load.run;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;

import io.netty.buffer.ByteBufAllocator;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.memory.ReusedBuffer;
import io.solaster.engine.timer.Timer;
import io.solaster.load.schedule.Arrivals;
import org.jspecify.annotations.Nullable;

/**
 * The part of a run that one shard does: offers requests when they are due, to a line with room drawn at random; what finds
 * none waits, and is charged for it. On its shard, but for the queues, by which it hands its counts over.
 */
final class ShardRun {
    /** So many requests are offered before sockets have their turn. */
    private static final int BATCH = 64;
    private static final int INTERVALS = 4;
    private static final long SHORTEST_SWEEP = 5_000_000;
    private static final long LONGEST_SWEEP = 250_000_000;
    private static final int OUT_BYTES = 16 * 1024;
    private static final int IN_BYTES = 64 * 1024;
    static final int READS = 4;
    static final String TIMEOUT = "timeout";

    final Shard shard;
    final RunPlan plan;
    final Place place;
    final List<byte[]> recorded;
    final ReusedBuffer out;
    final ReusedBuffer in;
    /** Intervals that are over; read by the thread that collects. */
    final Queue<Interval> over = new ConcurrentLinkedQueue<>();
    /** Intervals to be used again. They are as many as ever are under way. */
    final Queue<Interval> spares = new ConcurrentLinkedQueue<>();
    final CompletableFuture<@Nullable Void> prepared = new CompletableFuture<>();
    final CompletableFuture<@Nullable Void> done = new CompletableFuture<>();

    private final SplittableRandom random;
    private final Arrivals arrivals;
    private final int most;
    private final List<Line> lines = new ArrayList<>();
    private final Line[] roomy;
    private final Line[] dirty;
    private final Waiting waiting = new Waiting();
    private final Later later = new Later();
    private final Timer tick;
    private final Timer sweep;
    private final Timer rotate;
    private final Timer ending;
    private final boolean isReplay;
    private int roomyCount;
    private int dirtyCount;
    private int alive;
    private int unprepared;
    private int opened;
    private @Nullable Throwable connectFailure;
    private int underWay;
    private Interval current = new Interval();
    private long recordFrom = Long.MAX_VALUE;
    private long origin;
    private long nextDue = Long.MAX_VALUE;
    private int nextTag;
    private long tickAt = Long.MAX_VALUE;
    private boolean isRunning;
    private boolean noMore;
    private boolean isStopped;
    private boolean isClosed;

    /** @param place what the target's name has come to */
    ShardRun(Engine engine, Shard shard, RunPlan plan, Place place, List<byte[]> recorded) {
        int shards = engine.shards().size();
        this.shard = shard;
        this.plan = plan;
        this.place = place;
        this.recorded = recorded;
        this.isReplay = !plan.schedule().recorded().isEmpty();
        this.random = new SplittableRandom(plan.seed() + shard.id());
        this.arrivals = plan.schedule().arrivals(shard.id(), shards, plan.seed());
        this.most = Math.max(1, plan.outstanding() / shards);
        this.out = new ReusedBuffer(ByteBufAllocator.DEFAULT, OUT_BYTES);
        this.in = new ReusedBuffer(ByteBufAllocator.DEFAULT, IN_BYTES);
        for (int i = 0; i < INTERVALS - 1; i++) {
            spares.add(new Interval());
        }
        if (plan.call() != null) {
            lines.add(new CallLine(this, plan.call()));
        } else {
            int share = plan.connections() / shards + (shard.id() < plan.connections() % shards ? 1 : 0);
            for (int i = 0; i < share; i++) {
                lines.add(new Connection(this, engine.transport(), random.nextLong()));
            }
        }
        roomy = new Line[lines.size()];
        dirty = new Line[lines.size()];
        tick = shard.timers().timer(this::tick);
        sweep = shard.timers().coarseTimer(this::sweep);
        rotate = shard.timers().coarseTimer(this::rotate);
        ending = shard.timers().timer(this::end);
    }

    /** Connects; {@link #prepared} tells when each line is there or has failed. */
    void prepare() {
        alive = lines.size();
        unprepared = lines.size();
        long period = Math.clamp(plan.timeout().toNanos() / 8, SHORTEST_SWEEP, LONGEST_SWEEP);
        sweep.armWithFixedDelay(Duration.ofNanos(period), Duration.ofNanos(period));
        if (unprepared == 0) {
            prepared.complete(null);
        }
        for (Line line : List.copyOf(lines)) {
            if (line instanceof Connection connection) {
                connection.connect();
            } else {
                list(line);
                prepared(null);
            }
        }
    }

    /** Of a line that is there, or why it is not. */
    void prepared(@Nullable Throwable failure) {
        if (failure == null) {
            opened++;
        } else {
            connectFailure = failure;
        }
        if (--unprepared == 0) {
            prepared.complete(null);
        }
    }

    /** Lines that were there at first. */
    int opened() {
        return opened;
    }

    @Nullable
    Throwable connectFailure() {
        return connectFailure;
    }

    /** @param from when the run begins, by {@link System#nanoTime} */
    void begin(long from) {
        origin = from;
        recordFrom = from + plan.warmUp().toNanos();
        isRunning = true;
        long now = System.nanoTime();
        ending.arm(recordFrom + plan.length().toNanos() - now);
        long interval = plan.interval().toNanos();
        rotate.armAtFixedRate(Duration.ofNanos(Math.max(0, recordFrom + interval - now)), plan.interval());
        advance();
        arm();
        if (plan.schedule().isClosed()) {
            lines.forEach(this::room);
            flush();
        }
    }

    private void advance() {
        // One that fails must not be asked again: it would be for ever.
        nextDue = Long.MAX_VALUE;
        long next;
        try {
            next = arrivals.next();
            nextTag = !isReplay ? plan.steps() : next == Arrivals.OVER ? Arrivals.MADE_UP : arrivals.recorded();
        } catch (RuntimeException | Error e) {
            current.error("the schedule has failed: " + e);
            return;
        }
        nextDue = next == Arrivals.OVER ? Long.MAX_VALUE : origin + next;
        // What is due at the end or behind is none of this run's.
        if (nextDue - recordFrom >= plan.length().toNanos()) {
            nextDue = Long.MAX_VALUE;
        }
    }

    /**
     * Offers what has become due while a socket was read. A turn may read many before timers have their part, and each
     * answer that came with others would make the next request late.
     */
    void offerDue() {
        if (isRunning && Math.min(nextDue, later.nextDue()) <= System.nanoTime()) {
            tick();
        }
    }

    private void tick() {
        tickAt = Long.MAX_VALUE;
        long now = System.nanoTime();
        // Else a rate beyond the generator's would be offered long after the end.
        boolean tooLate = now - recordFrom - plan.length().toNanos() > plan.timeout().toNanos();
        int budget = BATCH;
        try {
            while (budget-- > 0 && Math.min(nextDue, later.nextDue()) <= now) {
                boolean fromSession = later.nextDue() < nextDue;
                long due = fromSession ? later.nextDue() : nextDue;
                int tag = fromSession ? later.nextTag() : nextTag;
                if (fromSession) {
                    later.removeNext();
                } else {
                    advance();
                }
                if (tooLate) {
                    lost(due, tag, "not offered: the generator was too late");
                } else {
                    offer(due, due, tag);
                }
            }
        } finally {
            // Whatever has failed, the run goes on to its end.
            arm();
            flush();
            lookWhetherDone();
        }
    }

    private void arm() {
        long next = Math.min(nextDue, later.nextDue());
        if (next < tickAt) {
            tickAt = next;
            tick.arm(next - System.nanoTime());
        }
    }

    private void offer(long due, long ready, int tag) {
        if (alive == 0) {
            lost(due, tag, "no connection");
        } else if (underWay + waiting.size() >= most) {
            if (isRecorded(due)) {
                current.dropped++;
            }
            lost(due, tag, "dropped: no room");
        } else if (roomyCount == 0) {
            waiting.add(due, System.nanoTime() - ready, tag);
            if (isRecorded(due)) {
                current.waited++;
            }
        } else {
            Line line = roomy[roomyCount == 1 ? 0 : random.nextInt(roomyCount)];
            send(line, due, ready, tag);
            list(line);
        }
    }

    private void send(Line line, long due, long ready, int tag) {
        underWay++;
        if (!line.place().isDirty) {
            line.place().isDirty = true;
            dirty[dirtyCount++] = line;
        }
        line.send(due, ready, tag);
    }

    /** Sends what was offered. */
    void flush() {
        for (int i = 0; i < dirtyCount; i++) {
            dirty[i].place().isDirty = false;
            dirty[i].flush();
        }
        dirtyCount = 0;
    }

    /** A line may have room, or none any more: gives it what waits. {@link #flush} sends it. */
    void room(Line line) {
        if (isRunning && line.hasRoom()) {
            long now = System.nanoTime();
            boolean closed = plan.schedule().isClosed();
            while (line.hasRoom()) {
                if (waiting.size() > 0) {
                    long due = waiting.firstDue();
                    // What the generator was late before it had to wait is no less its own doing.
                    long ready = now - waiting.firstLate();
                    int tag = waiting.firstTag();
                    waiting.removeFirst();
                    send(line, due, ready, tag);
                } else if (closed && !noMore) {
                    send(line, now, now, isReplay ? Arrivals.MADE_UP : plan.steps());
                } else {
                    break;
                }
            }
        }
        list(line);
    }

    /** Keeps the list of those with room. */
    private void list(Line line) {
        int at = line.place().roomyAt;
        if (line.hasRoom() == at >= 0) {
            return;
        }
        if (at < 0) {
            line.place().roomyAt = roomyCount;
            roomy[roomyCount++] = line;
        } else {
            Line last = roomy[--roomyCount];
            roomy[at] = last;
            last.place().roomyAt = at;
            line.place().roomyAt = -1;
        }
    }

    /** Which recorded request a tag stands for; below 0 for none. */
    int recorded(int tag) {
        return isReplay ? tag : Arrivals.MADE_UP;
    }

    /** A request has been handed to its socket. */
    void sent(long due, long ready, long now) {
        if (isRecorded(due)) {
            current.sent(now - ready);
        }
    }

    /** A request that was under way is answered. The line says {@link #room} afterwards. */
    void answered(long due, int tag, @Nullable String error, long now) {
        underWay--;
        if (isRecorded(due)) {
            if (error == null) {
                current.answered(now - due);
            } else {
                current.error(error);
            }
        }
        if (!isReplay && tag > 1 && !isStopped) {
            follow(due + plan.expected().toNanos(), tag - 1, now);
        }
        lookWhetherDone();
    }

    /** The next request of a session: it counts from when it would have been due had the answer come as expected. */
    private void follow(long due, int tag, long now) {
        if (due - recordFrom >= plan.length().toNanos()) {
            return;
        }
        if (due <= now) {
            offer(due, now, tag);
        } else {
            later.add(due, tag);
            arm();
        }
    }

    /** A request that was under way will not be answered. */
    void forsaken(long due, int tag, String kind) {
        underWay--;
        lost(due, tag, kind);
        lookWhetherDone();
    }

    private void lost(long due, int tag, String kind) {
        if (isRecorded(due)) {
            current.error(kind);
            if (!isReplay && tag > 1) {
                current.errors("not sent: its session ended", tag - 1);
            }
        }
    }

    /** A line is not tried again. */
    void givenUp() {
        if (--alive == 0) {
            while (waiting.size() > 0) {
                lost(waiting.firstDue(), waiting.firstTag(), "no connection");
                waiting.removeFirst();
            }
        }
        lookWhetherDone();
    }

    /** Whether the run goes on, so that a connection that has ended is made anew. */
    boolean wantsLines() {
        return !isOffered() || underWay + waiting.size() > 0;
    }

    private boolean isRecorded(long due) {
        long since = due - recordFrom;
        return since >= 0 && since < plan.length().toNanos();
    }

    private void sweep() {
        long now = System.nanoTime();
        long timeout = plan.timeout().toNanos();
        while (waiting.size() > 0 && now - waiting.firstDue() > timeout) {
            lost(waiting.firstDue(), waiting.firstTag(), TIMEOUT);
            waiting.removeFirst();
        }
        for (Line line : lines) {
            line.sweep(now);
        }
        flush();
        lookWhetherDone();
    }

    private void rotate() {
        int index = (int) ((System.nanoTime() - recordFrom) / plan.interval().toNanos());
        Interval next = spares.poll();
        // Without one, this interval is told with the next.
        if (next != null && index > current.index) {
            over.add(current);
            current = next;
            current.index = index;
        } else if (next != null) {
            spares.add(next);
        }
    }

    /** Time is over. What was due and is late is offered still: it must not be lost to the count. */
    private void end() {
        noMore = true;
        lookWhetherDone();
    }

    /** Ends early: nothing more is sent, and what was not sent yet is not counted. */
    void stop() {
        isStopped = true;
        nextDue = Long.MAX_VALUE;
        end();
        while (waiting.size() > 0) {
            waiting.removeFirst();
        }
        while (later.size() > 0) {
            later.removeNext();
        }
        lookWhetherDone();
    }

    private void lookWhetherDone() {
        if (isRunning && isOffered() && underWay == 0 && waiting.size() == 0 && later.size() == 0) {
            close();
        }
    }

    private boolean isOffered() {
        return noMore && nextDue == Long.MAX_VALUE;
    }

    /** Ends it; what is under way is not counted. */
    void close() {
        if (isClosed) {
            return;
        }
        isClosed = true;
        isRunning = false;
        noMore = true;
        tick.cancel();
        sweep.cancel();
        rotate.cancel();
        ending.cancel();
        lines.forEach(Line::close);
        over.add(current);
        // A read may be under way that asks for one more buffer.
        shard.execute(() -> {
            in.close();
            out.close();
            done.complete(null);
        });
    }
}
