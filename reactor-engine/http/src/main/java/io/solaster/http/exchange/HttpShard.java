package io.solaster.http.exchange;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.util.AsciiString;
import io.solaster.config.server.AccessLogConfig;
import io.solaster.config.server.CompressionConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.env.TimeSource;
import io.solaster.engine.memory.ReusedBuffer;
import io.solaster.engine.net.SlowReaders;
import io.solaster.engine.timer.Timers;
import io.solaster.http.ExchangeListener;
import io.solaster.http.HttpException;
import io.solaster.http.HttpHandler;
import io.solaster.http.HttpStats;
import io.solaster.http.encoding.BodyEncoder;
import io.solaster.http.encoding.Compression;
import io.solaster.http.encoding.ContentEncoding;
import io.solaster.http.log.AccessLog;
import io.solaster.http.log.AccessLogWriter;
import io.solaster.http.wire.HeadMemory;
import io.solaster.http.wire.HttpLimits;
import io.solaster.http.wire.Output;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the connections of one server have in common on one shard. On that shard. */
public final class HttpShard {
    private static final Logger log = LoggerFactory.getLogger(HttpShard.class);
    public static final byte[] CONTENT_LENGTH = bytes("Content-Length: ");
    public static final byte[] CHUNKED = bytes("Transfer-Encoding: chunked\r\n");
    public static final byte[] CLOSE = bytes("Connection: close\r\n");
    public static final byte[] KEEP_ALIVE = bytes("Connection: keep-alive\r\n");
    static final byte[] UPGRADE = bytes("Connection: Upgrade\r\n");
    static final byte[] LAST_CHUNK = bytes("0\r\n\r\n");
    public static final byte[] CONTINUE = bytes("HTTP/1.1 100 Continue\r\n\r\n");

    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'",
            Locale.US);
    private static final int READ_BYTES = 16 << 10;
    private static final int WRITE_BYTES = 16 << 10;
    private static final int BODY_BYTES = 4 << 10;
    private static final int SPARES = 32;
    /** Of each kind; one takes 256 KB or more outside of the heap. */
    private static final int ENCODERS = 8;
    /** The server's own headers at their longest, but for Server. */
    private static final int OWN_HEADERS = 192;
    private static final long SECOND = 1_000_000_000L;
    private static final long MILLISECOND = 1_000_000L;

    private final Shard shard;
    private final HttpHandler handler;
    /** What the application has given. */
    private final @Nullable ExchangeListener listener;
    private final AccessLogWriter accessLogs;
    private final Supplier<RequestHead> heads;
    private final Supplier<RequestHead> streamHeads;
    private final Timers timers;
    private final TimeSource clock;
    private final HttpStats stats = new HttpStats();
    private final SlowReaders slowReaders = new SlowReaders(log);
    private final GatherBudget budget;
    private final ReusedBuffer received = new ReusedBuffer(PooledByteBufAllocator.DEFAULT, READ_BYTES);
    private final ReusedBuffer replies = new ReusedBuffer(PooledByteBufAllocator.DEFAULT, WRITE_BYTES);
    private final ReusedBuffer bodies = new ReusedBuffer(PooledByteBufAllocator.DEFAULT, BODY_BYTES);
    private final Output output = new Output();
    private final OwnHeaders own = new OwnHeaders();
    private final Targets targets = new Targets();
    private final Departures departures;
    private final ArrayDeque<Exchange> spares = new ArrayDeque<>();
    private final ArrayDeque<Exchange> streamSpares = new ArrayDeque<>();
    private final ArrayDeque<HeadMemory> memories = new ArrayDeque<>();
    private final Map<ContentEncoding, ArrayDeque<BodyEncoder>> encoders = new EnumMap<>(ContentEncoding.class);
    private byte[] date = new byte[0];
    private AsciiString dateValue = AsciiString.EMPTY_STRING;
    private long dateUntil;
    private int connections;

    private ServerConfig config;
    private HttpLimits limits;
    private byte @Nullable [] serverHeader;
    private @Nullable AsciiString serverValue;
    private @Nullable Compression compression;
    private @Nullable AccessLog accessLog;
    /** That of the application, and the access log. */
    private @Nullable ExchangeListener told;
    private int requestsPerTurn;
    private int bytesPerTurn;
    private long outputLimit;

    /**
     * @param heads makes what reads a head of HTTP/1
     * @param streamHeads makes what reads a head of HTTP/2
     */
    public HttpShard(Shard shard, HttpHandler handler, @Nullable ExchangeListener listener, AccessLogWriter accessLogs,
            ServerConfig config, Supplier<RequestHead> heads, Supplier<RequestHead> streamHeads) {
        this.shard = shard;
        this.budget = GatherBudget.ofShard(shard);
        this.handler = handler;
        this.listener = listener;
        this.accessLogs = accessLogs;
        this.heads = heads;
        this.streamHeads = streamHeads;
        this.timers = shard.timers();
        this.clock = shard.environment().clock();
        this.departures = new Departures(shard);
        this.config = config;
        this.limits = HttpLimits.of(config);
        configure(config);
        now();
    }

    /** Goes by another configuration, from the next batch on. */
    public void configure(ServerConfig changed) {
        config = changed;
        limits = HttpLimits.of(changed);
        String server = changed.http().serverHeader();
        serverHeader = server == null || server.isBlank() ? null : bytes("Server: " + server + "\r\n");
        serverValue = serverHeader == null ? null : AsciiString.of(String.valueOf(server));
        compress(changed.http().compression());
        log(changed.http().accessLog());
        requestsPerTurn = changed.limits().commandsPerTurn();
        bytesPerTurn = changed.limits().bytesPerTurn().intBytes();
        outputLimit = changed.limits().outputBuffer().bytes();
    }

    /** The first time that anything is compressed, native code is loaded, which is no work for a shard. */
    private void compress(CompressionConfig changed) {
        compression = null;
        if (!changed.enabled()) {
            return;
        }
        if (ContentEncoding.isLoaded()) {
            compression = new Compression(changed, ContentEncoding.available(changed.encodings()));
        } else {
            shard.offload().call(() -> ContentEncoding.load(changed.encodings())).thenAccept(encodings -> {
                if (config.http().compression().equals(changed)) {
                    compression = new Compression(changed, encodings);
                }
            });
        }
    }

    private void log(AccessLogConfig changed) {
        AccessLog before = accessLog;
        if (before != null) {
            before.close();
        }
        AccessLog log = changed.enabled() ? new AccessLog(shard, changed, accessLogs, stats) : null;
        accessLog = log;
        told = log == null ? listener : listener == null ? log : ExchangeListener.both(listener, log);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    public Shard shard() {
        return shard;
    }

    public Timers timers() {
        return timers;
    }

    public HttpStats stats() {
        return stats;
    }

    public SlowReaders slowReaders() {
        return slowReaders;
    }

    /** What all that is gathered takes. */
    public GatherBudget budget() {
        return budget;
    }

    /** There is no memory to gather more: what the client is told. */
    public HttpException overload() {
        budget.refused();
        return new HttpException(HttpResponseStatus.SERVICE_UNAVAILABLE, "too many bodies at once")
                .header(HttpHeaderNames.RETRY_AFTER, "1").told();
    }

    public ServerConfig config() {
        return config;
    }

    public HttpLimits limits() {
        return limits;
    }

    /** The header Server, with its line's end; null for none. */
    public byte @Nullable [] serverHeader() {
        return serverHeader;
    }

    /** What it says; null for none. */
    @Nullable
    public AsciiString serverValue() {
        return serverValue;
    }

    /** Null where nothing is compressed. */
    @Nullable
    Compression compression() {
        return compression;
    }

    BodyEncoder takeEncoder(ContentEncoding encoding, int level) {
        ArrayDeque<BodyEncoder> spares = encoders.get(encoding);
        BodyEncoder spare = spares == null ? null : spares.pollFirst();
        if (spare != null && spare.level() != level) {
            spare.close();
            spare = null;
        }
        return spare != null ? spare : encoding.newEncoder(level);
    }

    void giveEncoder(BodyEncoder encoder) {
        ArrayDeque<BodyEncoder> spares = encoders.computeIfAbsent(encoder.encoding(), each -> new ArrayDeque<>());
        if (spares.size() < ENCODERS && connections > 0) {
            encoder.reset();
            spares.addFirst(encoder);
        } else {
            encoder.close();
        }
    }

    /** Requests of one connection before others have their turn. */
    public int requestsPerTurn() {
        return requestsPerTurn;
    }

    /** Bytes that are received of one connection and not yet handled, until no more are read. */
    public int bytesPerTurn() {
        return bytesPerTurn;
    }

    /** Bytes that a client may leave unread. */
    public long outputLimit() {
        return outputLimit;
    }

    Targets targets() {
        return targets;
    }

    public Departures departures() {
        return departures;
    }

    public Output output() {
        return output;
    }

    /** For the head that is being written. */
    public OwnHeaders own() {
        return own;
    }

    public void connected() {
        connections++;
    }

    /** The last one gives the memory back that they share. */
    public void disconnected() {
        if (--connections == 0) {
            received.close();
            replies.close();
            bodies.close();
            spares.clear();
            streamSpares.clear();
            memories.clear();
            encoders.values().forEach(kept -> kept.forEach(BodyEncoder::close));
            encoders.clear();
            if (accessLog != null) {
                accessLog.flush(true);
            }
        }
    }

    /** What connections are read into. */
    public RecvByteBufAllocator reads() {
        return received.forReads(Math.max(1, bytesPerTurn / READ_BYTES));
    }

    /** An empty buffer for responses; the caller releases it. */
    public ByteBuf takeReplies() {
        return replies.take();
    }

    /** An empty buffer for a body that is most likely copied into that of the response; the caller releases it. */
    ByteBuf takeBody() {
        return bodies.take();
    }

    public Exchange takeExchange() {
        Exchange spare = spares.pollFirst();
        if (spare != null) {
            return spare;
        }
        HeadMemory memory = memories.pollFirst();
        return new Exchange(this, heads.get()).in(memory == null ? new HeadMemory() : memory);
    }

    /** One whose request comes over HTTP/2. */
    public Exchange takeStreamExchange() {
        Exchange spare = streamSpares.pollFirst();
        return spare == null ? new Exchange(this, streamHeads.get()) : spare;
    }

    void giveMemory(HeadMemory memory) {
        if (memories.size() < SPARES) {
            memories.addFirst(memory);
        }
    }

    /** It is over, and cut off from what its handler has of it; it serves again where few enough do. */
    public void giveExchange(Exchange exchange) {
        ArrayDeque<Exchange> into = exchange.request().head().isOfStream() ? streamSpares : spares;
        // Beyond the spares too: its head lies in what was received, and that goes to others now.
        exchange.reset();
        if (into.size() < SPARES) {
            into.addFirst(exchange);
        }
    }

    /** Has the handler answer a request whose head has come. */
    public void handle(Exchange exchange) {
        ExchangeListener listens = told;
        try {
            if (listens != null) {
                exchange.started = true;
                listens.onStart(exchange.handlersRequest());
            }
            handler.handle(exchange.handlersRequest(), exchange.handlersResponse());
        } catch (Throwable failure) {
            exchange.response().fail(failure);
        }
    }

    /** Tells the listener that an exchange is over, if it was told of its start. */
    public void tellEnd(Exchange exchange, @Nullable Throwable failure) {
        ExchangeListener listens = told;
        if (listens != null && exchange.started) {
            exchange.started = false;
            try {
                listens.onEnd(exchange.handlersRequest(), exchange.handlersResponse(),
                        nanoTime() - exchange.begunAt, failure);
            } catch (RuntimeException e) {
                log.error("A listener failed at the end of {}", exchange.request(), e);
            }
        }
    }

    /** Room for the headers that the server writes itself. */
    public int ownHeaders() {
        byte[] server = serverHeader;
        return server == null ? OWN_HEADERS : OWN_HEADERS + server.length;
    }

    /** The environment's clock. */
    long nanoTime() {
        return clock.nanoTime();
    }

    /** What {@link #nanoTime} says; {@link #date} goes by it. */
    long now() {
        long now = nanoTime();
        if (date.length == 0 || now - dateUntil >= 0) {
            Instant time = shard.environment().wallClock().instant();
            String text = DATE.format(time.atOffset(ZoneOffset.UTC));
            date = bytes("Date: " + text + "\r\n");
            dateValue = new AsciiString(text);
            dateUntil = now + SECOND - Math.floorMod(time.toEpochMilli(), 1000L) * MILLISECOND;
        }
        return now;
    }

    /** The Date header, as of the last {@link #now}. */
    public byte[] date() {
        return date;
    }

    /** What it says. */
    public AsciiString dateValue() {
        return dateValue;
    }
}
