package io.solaster.http.http1;

import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.UnreadInput;
import io.solaster.http.exchange.Batch;
import io.solaster.http.exchange.Body;
import io.solaster.http.exchange.Exchange;
import io.solaster.http.exchange.HttpShard;
import io.solaster.http.exchange.LoopResponse;
import io.solaster.http.wire.BodyTime;
import io.solaster.http.wire.Output;
import org.jspecify.annotations.Nullable;

/**
 * What a connection reads: finds the requests in it, hands each to the handler as soon as its head is there and its turn
 * has come, and gives its body what follows. On the owning shard.
 */
final class Intake {
    private final HttpConnection connection;
    private final HttpShard shard;
    private final Batch batch;
    private final ExchangeQueue queue;
    private final UnreadInput input = new UnreadInput();

    /** Whose body is not all taken yet; over, perhaps, and nobody wants it. */
    private @Nullable Exchange receiving;
    /** Whose head has begun to come, or has come and waits for those before it: then its length. */
    private @Nullable Exchange upcoming;
    private int decoded;

    private boolean processing;
    /** A request has come behind which none is handled: the connection ends with its response. */
    private boolean last;
    /** No request has come yet. */
    private boolean fresh = true;
    /** An empty line has come behind the last one. */
    private boolean blank;

    private final BodyTime patience = new BodyTime();
    /** When the head that comes has begun, by the timers. */
    private long headSince;

    Intake(HttpConnection connection, HttpShard shard, Batch batch, ExchangeQueue queue) {
        this.connection = connection;
        this.shard = shard;
        this.batch = batch;
        this.queue = queue;
    }

    // ---- what has come

    /** So many bytes have come; {@link #process} takes of them what can be taken now. */
    void add(ByteBuf received) {
        patience.received(received.readableBytes(), batch.heardAt(), shard.limits());
        input.add(received, connection.channel().alloc(), 0);
    }

    /** Keeps what was not taken. */
    void keepRest() {
        input.keepRest(connection.channel().alloc(), 0);
    }

    /** Whether all was taken. */
    boolean isEmpty() {
        return input.isEmpty();
    }

    /** Leaves what was not taken to another protocol, which releases it; null if there is nothing. */
    @Nullable
    ByteBuf leave() {
        upcoming = null;
        return input.leave();
    }

    /** The connection is closed. */
    void release() {
        if (!processing) {
            input.release();
        }
        upcoming = null;
    }

    boolean isProcessing() {
        return processing;
    }

    // ---- what it waits for

    /** Whose body is not all taken yet; null if there is none. */
    @Nullable
    Exchange receiving() {
        return receiving;
    }

    /** Nobody wants the rest of the body. */
    void receiveNothing() {
        receiving = null;
    }

    boolean isWithinRequest() {
        return receiving != null || upcoming != null;
    }

    boolean isHeadComing() {
        return upcoming != null && decoded == 0;
    }

    /** When the head that comes has begun, by the timers. */
    long headSince() {
        return headSince;
    }

    /** The head that comes will not; its exchange has its place behind those before it. */
    Exchange giveUpHead() {
        Exchange late = Objects.requireNonNull(upcoming);
        upcoming = null;
        enqueue(late);
        return late;
    }

    boolean isBodyAwaited() {
        return receiving != null && receiving.body().isWanted();
    }

    /** For how long the client may still fall behind within the body. */
    BodyTime patience() {
        return patience;
    }

    /** Somebody wants of a body what there is of it, or will be. */
    void wanted(Exchange exchange) {
        Body body = exchange.body();
        if (exchange == receiving && body.isWanted() && body.owesContinue() && exchange.response().isOpen()
                && input.isEmpty()) {
            Output out = connection.output(exchange, HttpShard.CONTINUE.length);
            out.bytes(HttpShard.CONTINUE);
            out.finish();
            body.continued();
            connection.flushLater();
        }
        if (exchange != receiving) {
            body.feed(Unpooled.EMPTY_BUFFER);
            return;
        }
        if (!processing) {
            connection.resume();
            return;
        }
        body.feed(input.bytes());
    }

    /** Reads from the client unless there is more already than is wanted. */
    void readOrWait() {
        boolean read = true;
        if (receiving != null) {
            read = receiving.body().isWanted();
        } else if (!input.isEmpty() && (upcoming == null || decoded > 0)) {
            // Requests that wait for those before them.
            read = input.size() <= shard.bytesPerTurn();
        }
        UnreadInput.readOrWait(connection.channel(), read);
    }

    /** Ends the connection with this response: what follows is not handled, since it could not be answered. */
    void close(Exchange exchange) {
        exchange.closes = true;
        last = true;
    }

    // ---- requests

    /** Takes of the input what can be taken now. */
    void process() {
        if (processing) {
            return;
        }
        processing = true;
        try {
            int budget = shard.requestsPerTurn();
            while (proceed()) {
                if (--budget == 0) {
                    connection.resumeLater();
                    break;
                }
            }
        } finally {
            processing = false;
            if (!connection.channel().isActive()) {
                // It has closed meanwhile, and what is handled might look at its head until now.
                input.release();
            }
        }
    }

    private boolean proceed() {
        Exchange receives = receiving;
        ByteBuf in = input.bytes();
        if (receives != null) {
            Body body = receives.body();
            body.feed(in);
            if (body.isComplete()) {
                receiving = null;
                receives.waitsSince = batch.heardAt();
                return true;
            }
            if (body.isFailed() && !receives.response().isOver()) {
                close(receives);
            } else if (body.isFailed()) {
                connection.ending().afterThis();
            }
            return false;
        }
        if (!in.isReadable() || connection.ending().isClosing() || connection.isUpgraded() || !mayBegin()) {
            return false;
        }
        Exchange exchange = upcoming;
        if (exchange == null && skipsBlank(in)) {
            return false;
        }
        if (exchange == null) {
            exchange = shard.takeExchange();
            exchange.begin(connection, batch.readAt());
            upcoming = exchange;
            headSince = batch.heardAt();
        }
        HeadDecoder head = (HeadDecoder) exchange.request().head();
        long address = Memory.address(in) + in.readerIndex();
        int used = decoded;
        if (used > 0) {
            head.moved(address);
        } else {
            used = head.decode(address, in.readableBytes(), shard.limits());
            if (used == HeadDecoder.MORE) {
                return false;
            }
        }
        if (used > 0 && !queue.admits(exchange.request())) {
            decoded = used;
            return false;
        }
        if (used == HeadDecoder.FAILED && fresh && ProtocolSwitch.beginsHttp2(connection, in)) {
            return false;
        }
        if (used > 0 && fresh && head.upgrades() && ProtocolSwitch.upgradesToHttp2(connection, head, in, used)) {
            return false;
        }
        upcoming = null;
        decoded = 0;
        enqueue(exchange);
        if (used == HeadDecoder.FAILED) {
            in.skipBytes(in.readableBytes());
            shard.stats().refused(head.status());
            refuse(exchange, head.status(), head.message());
            return false;
        }
        in.skipBytes(used);
        handle(exchange, head);
        return true;
    }

    /** Whether what has come is the empty line that some clients send behind a body: no request has begun with it. */
    private boolean skipsBlank(ByteBuf in) {
        if (blank || in.readableBytes() != 2 || in.getByte(in.readerIndex()) != '\r'
                || in.getByte(in.readerIndex() + 1) != '\n') {
            return false;
        }
        blank = true;
        in.skipBytes(2);
        return true;
    }

    /** Answers what cannot be handled, behind what is under way; nothing more is read. */
    void refuse(Exchange exchange, HttpResponseStatus status, String message) {
        connection.ending().afterThis();
        close(exchange);
        exchange.outlives = true;
        exchange.response().refuse(status, message);
    }

    /** Not while a client asks for more than it reads. */
    boolean mayBegin() {
        return !last && queue.size() < shard.limits().maxPipelined() && !connection.output().isBlocked()
                && (queue.size() < 2 || queue.heldBytes() <= shard.outputLimit() / 2);
    }

    void enqueue(Exchange exchange) {
        fresh = false;
        blank = false;
        exchange.begin(connection, batch.readAt());
        exchange.waitsSince = batch.heardAt();
        queue.add(exchange);
    }

    private void handle(Exchange exchange, HeadDecoder head) {
        if (!head.isKeepAlive()) {
            close(exchange);
        }
        exchange.body().begin(head.isChunked(), head.contentLength(), head.expectsContinue(), shard.limits());
        if (!exchange.body().isComplete()) {
            receiving = exchange;
            patience.begin(shard.limits());
        }
        LoopResponse response = exchange.response();
        shard.handle(exchange);
        if (receiving == exchange && exchange.body().isComplete()) {
            receiving = null;
        }
        if (response.isOver() && !exchange.outlives && receiving != exchange && !queue.holds(exchange)) {
            shard.giveExchange(exchange);
        } else {
            // Somebody may ask it for its head when the received bytes are gone.
            exchange.outlives |= !response.isOver();
            exchange.request().keep();
        }
        if (connection.output().isEnough()) {
            connection.flush();
        }
    }
}
