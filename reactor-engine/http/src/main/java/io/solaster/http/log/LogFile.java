package io.solaster.http.log;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.Shard;
import io.solaster.engine.env.TimeSource;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFile;
import io.solaster.http.Failures;
import io.solaster.http.HttpStats;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file that a shard appends its part of an access log to, beside the other shards: a batch at a time, in its order. What
 * cannot be written is dropped and counted, and the next batch is tried anew. While there is something to write, the file is
 * opened anew by its path each second, so that whoever renames it need tell nobody. On the owning shard.
 */
final class LogFile {
    private static final Logger log = LoggerFactory.getLogger(LogFile.class);
    private static final long ANEW_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long COMPLAINT_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final Shard shard;
    private final Path path;
    private final String server;
    private final HttpStats stats;
    private final TimeSource clock;
    /** As many as there are {@link LogLines}. */
    private final ArrayDeque<LogLines> waiting = new ArrayDeque<>();
    private @Nullable ShardFile file;
    private long openedAt;
    private boolean opening;
    private int writing;
    /** What was written last may end within a line. */
    private boolean torn;
    private boolean closed;
    private long dropped;
    private @Nullable Throwable why;
    private long complainedAt;

    LogFile(Shard shard, Path path, String server, HttpStats stats) {
        this.shard = shard;
        this.path = path;
        this.server = server;
        this.stats = stats;
        this.clock = shard.environment().clock();
        this.complainedAt = clock.nanoTime() - COMPLAINT_NANOS;
        // Now, so that the last lines before the end of a shard find it open.
        open();
    }

    /**
     * Has lines written once those before them are.
     *
     * @param lines null for none
     * @param last whether nothing may follow: they do not wait for those before them then, which may come behind them
     */
    void write(@Nullable LogLines lines, boolean last) {
        if (lines != null) {
            dropped += lines.dropped();
            waiting.add(lines);
        }
        goOn(last);
    }

    /** Writes what waits, and closes the file behind that. */
    void close() {
        closed = true;
        goOn(true);
        closeIfIdle();
    }

    private void goOn(boolean last) {
        ShardFile known = file;
        if (known == null) {
            if (!waiting.isEmpty()) {
                open();
            }
            return;
        }
        if (waiting.isEmpty() || writing > 0 && !last) {
            return;
        }
        LogLines[] batch = waiting.toArray(LogLines[]::new);
        waiting.clear();
        write(known, batch);
        if (clock.nanoTime() - openedAt >= ANEW_NANOS && !last) {
            open();
        }
    }

    private void write(ShardFile to, LogLines[] batch) {
        ByteBuf[] parts = new ByteBuf[batch.length + 1];
        parts[0] = torn ? Unpooled.wrappedBuffer(new byte[]{'\n'}) : Unpooled.EMPTY_BUFFER;
        for (int i = 0; i < batch.length; i++) {
            parts[i + 1] = batch[i].bytes();
        }
        writing++;
        to.write(Unpooled.wrappedBuffer(parts.length, parts), 0).whenComplete((done, failure) -> {
            writing--;
            torn = failure != null;
            for (LogLines each : batch) {
                if (failure != null) {
                    lost(each, failure);
                }
                each.owner().giveBack(each);
            }
            complain();
            goOn(closed);
            closeIfIdle();
        });
    }

    private void lost(LogLines lines, Throwable failure) {
        dropped += lines.count();
        stats.logDropped.add(lines.count());
        why = Failures.cause(failure);
    }

    private void open() {
        if (opening) {
            return;
        }
        opening = true;
        shard.files().open(path, OpenMode.APPEND).whenComplete((opened, failure) -> {
            opening = false;
            openedAt = clock.nanoTime();
            ShardFile before = file;
            if (opened != null) {
                file = opened;
                if (before != null) {
                    before.close();
                }
            } else if (before == null) {
                for (LogLines each = waiting.poll(); each != null; each = waiting.poll()) {
                    lost(each, failure);
                    each.owner().giveBack(each);
                }
            } else {
                why = Failures.cause(failure);
            }
            complain();
            goOn(closed);
            closeIfIdle();
        });
    }

    private void closeIfIdle() {
        ShardFile known = file;
        if (closed && !opening && writing == 0 && waiting.isEmpty() && known != null) {
            file = null;
            known.close();
        }
    }

    private void complain() {
        long now = clock.nanoTime();
        Throwable met = why;
        if (dropped == 0 && met == null || now - complainedAt < COMPLAINT_NANOS) {
            return;
        }
        complainedAt = now;
        if (met == null) {
            log.warn("{} line(s) of the access log of server '{}' were dropped by shard {}, since they came faster than"
                    + " they could be written to {}; lower access-log.sample", dropped, server, shard.id(), path);
        } else {
            log.warn(
                    "The access log of server '{}' cannot be written by shard {}, which goes on trying: {} line(s) were"
                            + " dropped: {}",
                    server, shard.id(), dropped, met.toString());
        }
        dropped = 0;
        why = null;
    }
}
