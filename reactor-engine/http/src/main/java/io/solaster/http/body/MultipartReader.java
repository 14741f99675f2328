package io.solaster.http.body;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.http.Escapes;
import io.solaster.http.Failures;
import io.solaster.http.Form;
import io.solaster.http.HttpException;
import io.solaster.http.HttpRequest;
import io.solaster.http.HttpResponse;
import io.solaster.http.RequestBody;
import io.solaster.http.exchange.Body;
import io.solaster.http.exchange.Exchange;
import io.solaster.http.exchange.GatherBudget;
import io.solaster.http.exchange.HttpShard;
import io.solaster.http.exchange.Request;
import org.jspecify.annotations.Nullable;

/** Reads a form with files as it comes, and gathers what its parser finds. On the owning shard. */
final class MultipartReader implements RequestBody.Reader, MultipartParser.Sink, GatherBudget.Waiter {
    /** Taken before the first part is read, so that a form which has begun seldom lacks memory. */
    private static final long TO_BEGIN_WITH = 16 << 10;
    /** What may wait for the disk before the client is not read from. */
    private static final long MOST_UNWRITTEN = 256 << 10;

    private final Shard shard;
    private final RequestBody body;
    private final Multipart.Limits limits;
    private final ShardFuture<Multipart> whole;
    private final MultipartParser parser;
    private final @Nullable HttpShard server;
    private final @Nullable Body received;
    private final Map<String, List<String>> fields = new LinkedHashMap<>();
    private final List<Spool> files = new ArrayList<>();
    private @Nullable PartHead part;
    /** The part that comes: a file, or the bytes of a field. */
    private @Nullable Spool file;
    private @Nullable ByteBuf field;
    private int parts;
    private long size;
    private long unwritten;
    /** Taken from the server's budget. */
    private long inMemory;
    /** Of that, what nothing lies in yet. */
    private long reserved;
    private boolean awaitsMemory;
    private boolean ended;
    private boolean settled;
    private boolean over;

    private MultipartReader(HttpRequest request, String type, Multipart.Limits limits,
            ShardFuture<Multipart> whole) {
        this.shard = request.shard();
        this.body = request.body();
        this.limits = limits;
        this.whole = whole;
        Exchange exchange = request instanceof Request own ? own.exchange() : null;
        this.server = exchange == null ? null : exchange.shard();
        this.received = exchange == null ? null : exchange.body();
        this.parser = new MultipartParser(PartHead.boundary(type), ByteBufAllocator.DEFAULT, this);
    }

    static void read(HttpRequest request, HttpResponse response, String type, Multipart.Limits limits,
            ShardFuture<Multipart> whole) {
        if (request.body().length() > limits.maxSize().bytes()) {
            whole.fail(tooLarge("a form of more than " + limits.maxSize().bytes() + " bytes"));
            return;
        }
        MultipartReader reader;
        try {
            reader = new MultipartReader(request, type, limits, whole);
        } catch (HttpException e) {
            whole.fail(e);
            return;
        }
        response.onEnd(failure -> reader.close());
        request.body().read(reader);
        reader.begin();
    }

    /** Reads once there is memory for what comes first; the client is not read meanwhile. */
    private void begin() {
        if (server == null || received == null || over) {
            body.request(1);
            return;
        }
        long bytes = body.length() < 0 ? TO_BEGIN_WITH : Math.min(TO_BEGIN_WITH, body.length());
        if (server.budget().begin(bytes)) {
            hasMemory(bytes);
        } else if (server.budget().waitFor(this, bytes, server.limits().bodyNanos(), received.isFramed())) {
            awaits(true);
        } else {
            fail(server.overload());
        }
    }

    private void awaits(boolean memory) {
        awaitsMemory = memory;
        if (received != null) {
            received.readerAwaitsMemory(memory);
        }
    }

    @Override
    public void hasMemory(long bytes) {
        awaits(false);
        inMemory = bytes;
        reserved = bytes;
        body.request(1);
    }

    @Override
    public void hasNoMemory() {
        awaits(false);
        if (server != null) {
            fail(server.overload());
        }
    }

    private static HttpException tooLarge(String what) {
        return new HttpException(HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE, what);
    }

    // ---- the body

    @Override
    public void part(ByteBuf bytes) {
        try {
            size += bytes.readableBytes();
            if (over) {
                return;
            }
            if (size > limits.maxSize().bytes()) {
                throw tooLarge("a form of more than " + limits.maxSize().bytes() + " bytes");
            }
            parser.feed(bytes);
        } catch (HttpException e) {
            fail(e);
        } finally {
            bytes.release();
        }
        readOn();
    }

    @Override
    public void end(HttpHeaders trailers) {
        ended = true;
        if (!over && !parser.isComplete()) {
            fail(Escapes.bad("a multipart/form-data body that ends too early"));
        }
        settle();
    }

    @Override
    public void failed(Throwable cause) {
        fail(Failures.cause(cause));
    }

    // ---- its parts

    @Override
    public void begin(PartHead head) {
        if (++parts > limits.maxParts()) {
            throw tooLarge("a form of more than " + limits.maxParts() + " parts");
        }
        part = head;
        if (head.filename() == null) {
            field = ByteBufAllocator.DEFAULT.heapBuffer();
        } else {
            Spool spool = new Spool(this, shard, limits, head);
            file = spool;
            files.add(spool);
        }
    }

    @Override
    public void content(ByteBuf bytes, int length) {
        ByteBuf text = field;
        if (text == null) {
            Objects.requireNonNull(file).add(bytes, length);
            return;
        }
        if (text.readableBytes() + (long) length > limits.maxField().bytes()) {
            throw tooLarge("a field of more than " + limits.maxField().bytes() + " bytes");
        }
        take(length);
        text.writeBytes(bytes, bytes.readerIndex(), length);
    }

    @Override
    public void end() {
        ByteBuf text = field;
        PartHead head = Objects.requireNonNull(part);
        if (text != null) {
            field = null;
            try {
                fields.computeIfAbsent(head.name(), name -> new ArrayList<>(1)).add(head.text(text.nioBuffer()));
            } finally {
                text.release();
            }
        }
        file = null;
    }

    /** Takes memory, which is returned at the end. */
    void take(long bytes) {
        if (server != null) {
            long more = bytes - reserved;
            if (more > 0 && !server.budget().take(more, inMemory)) {
                throw server.overload();
            }
            reserved = Math.max(0, -more);
            inMemory += Math.max(0, more);
        }
    }

    // ---- the disk

    /** A part of a file waits to be written. */
    void spooled(long bytes) {
        unwritten += bytes;
    }

    /** It has been. */
    void written(long bytes) {
        unwritten -= bytes;
        if (ended) {
            settle();
        } else if (unwritten + bytes > MOST_UNWRITTEN) {
            readOn();
        }
    }

    private void readOn() {
        if (!over && !ended && unwritten <= MOST_UNWRITTEN) {
            body.request(1);
        }
    }

    /** Hands the form over once all of it has been written. */
    private void settle() {
        if (over || settled) {
            return;
        }
        for (Spool each : files) {
            if (!each.isSettled()) {
                return;
            }
        }
        settled = true;
        whole.resolve(form());
    }

    private Multipart form() {
        List<Part> found = new ArrayList<>();
        for (Spool each : files) {
            PartHead head = each.head();
            found.add(new Part(shard, head.name(), String.valueOf(head.filename()), head.type(), each.size(),
                    each.isSpooled() ? null : each.memory(), each.file()));
        }
        return new Multipart(new Form(fields), List.copyOf(found));
    }

    // ---- the end

    private void fail(Throwable cause) {
        if (!over) {
            close();
            whole.fail(cause);
        }
    }

    /** At the end of the exchange, or of the attempt: nothing is left in memory or on disk. */
    private void close() {
        if (over) {
            return;
        }
        over = true;
        parser.release();
        ByteBuf text = field;
        if (text != null) {
            field = null;
            text.release();
        }
        files.forEach(Spool::discard);
        if (server != null) {
            if (awaitsMemory) {
                awaits(false);
                server.budget().leave(this);
            }
            server.budget().give(inMemory);
        }
    }
}
