package io.solaster.http.log;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.solaster.config.server.AccessLogConfig;
import io.solaster.config.server.AccessLogConfig.Format;
import io.solaster.engine.Shard;
import io.solaster.engine.timer.Timer;
import io.solaster.http.ExchangeListener;
import io.solaster.http.HttpRequest;
import io.solaster.http.HttpResponse;
import io.solaster.http.HttpStats;
import io.solaster.http.TracedHandler;
import org.jspecify.annotations.Nullable;

/**
 * One shard's part of a server's access log. Lines are written into memory here, and a batch at a time into a file, or logged on
 * {@link io.solaster.engine.Offload}: the shard never waits for a disk. If lines come faster than they are
 * logged, those that there is no room for are dropped and counted. On the owning shard, but for {@link #giveBack}.
 */
public final class AccessLog implements ExchangeListener {
    /** What nginx says where the client has left before it was answered. */
    private static final int CLIENT_CLOSED = 499;
    private static final int SERVER_ERROR = 500;
    /** No line waits for longer until it is handed over. */
    private static final Duration LATEST = Duration.ofMillis(100);
    /** Of some 16 KB: lines of about a megabyte wait to be logged. */
    private static final int MOST_BATCHES = 64;
    private static final String FORWARDED_FOR = "X-Forwarded-For";
    private static final String TRACEPARENT = "traceparent";
    /** Where in a traceparent the trace's 32 digits stand. */
    private static final int TRACE_FROM = 3;
    private static final int TRACE_TO = 35;

    private final AccessLogWriter writer;
    /** Where lines go; null where they are logged. */
    private final @Nullable LogFile file;
    private final HttpStats stats;
    private final Format format;
    private final LogTimes times;
    private final InstantSource wallClock;
    private final Timer timer;
    private final long slowNanos;
    /** A random number below it is logged. */
    private final long threshold;
    private long random;

    private final Queue<LogLines> spares = new ConcurrentLinkedQueue<>();
    private int batches;
    private @Nullable LogLines current;
    private long dropped;

    public AccessLog(Shard shard, AccessLogConfig config, AccessLogWriter writer, HttpStats stats) {
        this.writer = writer;
        this.stats = stats;
        String path = config.file();
        this.file = path == null ? null : new LogFile(shard, Path.of(path), writer.server(), stats);
        this.format = config.format();
        this.times = new LogTimes(format == Format.JSON);
        this.wallClock = shard.environment().wallClock();
        this.timer = shard.timers().coarseTimer(this::flush);
        Duration slow = config.slow();
        this.slowNanos = slow == null ? Long.MAX_VALUE : slow.toNanos();
        this.threshold = config.sample() >= 1 ? Long.MAX_VALUE : (long) (config.sample() * 0x1p63);
        this.random = shard.environment().random().nextLong() | 1;
    }

    @Override
    public void onEnd(HttpRequest request, HttpResponse response, long nanos, @Nullable Throwable failure) {
        int status = failure != null && response.bodyBytes() < 0 ? CLIENT_CLOSED : response.status().code();
        if (status < SERVER_ERROR && nanos < slowNanos && !isDrawn() || file == null && !writer.isWanted()) {
            return;
        }
        LogLines lines = lines();
        if (lines == null) {
            dropped++;
            stats.logDropped.increment();
            return;
        }
        stats.logged.increment();
        if (format == Format.JSON) {
            json(lines, request, response, status, nanos, failure);
        } else {
            common(lines, request, response, status, nanos);
        }
        lines.end();
        if (lines.isFull()) {
            flush();
        } else if (!timer.isArmed()) {
            timer.arm(LATEST);
        }
    }

    private boolean isDrawn() {
        if (threshold == Long.MAX_VALUE) {
            return true;
        }
        // Marsaglia's xorshift.
        long next = random;
        next ^= next << 13;
        next ^= next >>> 7;
        next ^= next << 17;
        random = next;
        return next >>> 1 < threshold;
    }

    private @Nullable LogLines lines() {
        LogLines lines = current;
        if (lines == null) {
            lines = spares.poll();
            if (lines == null && batches < MOST_BATCHES) {
                batches++;
                lines = new LogLines(this);
            }
            if (lines != null) {
                lines.dropped(dropped);
                dropped = 0;
            }
            current = lines;
        }
        return lines;
    }

    /** Hands over what there is. */
    private void flush() {
        flush(false);
    }

    /**
     * Hands over what there is.
     *
     * @param last whether nothing may come for a while
     */
    public void flush(boolean last) {
        LogLines full = current;
        current = null;
        if (file != null) {
            file.write(full, last);
        } else if (!writer.write(full)) {
            timer.arm(LATEST);
        }
    }

    /** Hands over what there is, and is not written into any more. */
    public void close() {
        flush(true);
        timer.cancel();
        if (file != null) {
            file.close();
        }
    }

    /** Lines that have been logged. On the thread that does it. */
    void giveBack(LogLines lines) {
        lines.clear();
        spares.add(lines);
    }

    // ---- what a line looks like

    private void common(LogLines line, HttpRequest request, HttpResponse response, int status, long nanos) {
        line.escaped(remote(request)).put(" - - [");
        times.put(wallClock.millis(), line);
        line.put("] \"").escaped(request.method().name()).put(' ').escaped(request.target()).put(' ')
                .put(request.version().text()).put("\" ").put(status).put(' ');
        long bytes = response.bodyBytes();
        if (bytes > 0) {
            line.put(bytes);
        } else {
            line.put('-');
        }
        if (format == Format.COMBINED) {
            quoted(line, request.header(HttpHeaderNames.REFERER));
            quoted(line, request.header(HttpHeaderNames.USER_AGENT));
        }
        line.put(' ').put(nanos / 1000);
        quoted(line, request.route());
        String trace = trace(request);
        line.put(' ').escaped(trace == null ? "-" : trace);
    }

    private static void quoted(LogLines line, @Nullable String text) {
        line.put(" \"").escaped(text == null ? "-" : text).put('"');
    }

    private void json(LogLines line, HttpRequest request, HttpResponse response, int status, long nanos,
            @Nullable Throwable failure) {
        line.put("{\"time\":\"");
        times.put(wallClock.millis(), line);
        line.put('"');
        member(line, "server", writer.server());
        member(line, "remote", remote(request));
        member(line, "forwardedFor", request.header(FORWARDED_FOR));
        member(line, "method", request.method().name());
        member(line, "target", request.target());
        member(line, "protocol", request.version().text());
        line.put(",\"status\":").put(status).put(",\"bytes\":").put(Math.max(0, response.bodyBytes()))
                .put(",\"micros\":").put(nanos / 1000);
        member(line, "route", request.route());
        member(line, "referer", request.header(HttpHeaderNames.REFERER));
        member(line, "userAgent", request.header(HttpHeaderNames.USER_AGENT));
        member(line, "traceId", trace(request));
        member(line, "failure", failure == null ? null : String.valueOf(failure.getMessage()));
        line.put('}');
    }

    private static void member(LogLines line, String name, @Nullable String value) {
        if (value != null) {
            line.put(",\"").put(name).put("\":\"").json(value).put('"');
        }
    }

    private static String remote(HttpRequest request) {
        return request.remoteAddress().getAddress().getHostAddress();
    }

    /** That of our own span, or else the one that the client has begun. */
    private static @Nullable String trace(HttpRequest request) {
        if (request.attribute(TracedHandler.TRACE_ID) instanceof String own) {
            return own;
        }
        String parent = request.header(TRACEPARENT);
        return parent == null || parent.length() <= TRACE_TO || parent.charAt(TRACE_TO) != '-'
                ? null
                : parent.substring(TRACE_FROM, TRACE_TO);
    }
}
