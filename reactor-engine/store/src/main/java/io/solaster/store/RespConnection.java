package io.solaster.store;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.util.concurrent.ScheduledFuture;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.RequestStats;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.trace.RequestTrace;
import io.solaster.engine.trace.TracedRequest;
import io.solaster.engine.trace.Tracing;
import io.solaster.resp.ReplyWriter;
import io.solaster.resp.RequestDecoder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One Redis client: reads its commands in place, runs each where its key lives, and answers in the order of the
 * requests. On the owning shard only.
 *
 * <p>
 * All that is read at once is one batch, with one write at its end. Commands for other shards leave in one message per
 * shard; until the last has come back nothing more of this client is looked at, which bounds what one client can have
 * under way. A command that touches several shards, or none by key, waits for those before it and holds up those behind
 * it. When a lane to a shard is over its high-water mark, the client is not read from until it has drained.
 */
final class RespConnection extends ChannelInboundHandlerAdapter implements Runnable, TracedRequest {
    private static final Logger log = LoggerFactory.getLogger(RespConnection.class);
    /** How long a client has to close after our end of the stream, and how long to read the last replies before it. */
    private static final long LINGER_MILLIS = 500;
    private static final long UNREAD_MILLIS = 10_000;
    /** Long enough for a turn that reads what the kernel already holds. */
    private static final long LAST_READ_MILLIS = 2;
    /** Replies beyond this are sent before more requests are run, rather than kept with those under way. */
    private static final int ENOUGH_TO_SEND = 16 * 1024;
    /** Replies beyond this wait for another turn, however much a client may leave unread. */
    private static final long MAX_TURN_OUTPUT = 64L << 20;
    private static final String PROTECTED = "DENIED Redis is running in protected mode because protected mode is"
            + " enabled and no password is set for the default user. In this mode connections are only accepted from"
            + " the loopback interface. If you want to connect from external computers, set"
            + " solaster.servers.<name>.password, or solaster.servers.<name>.protected-mode to false.";

    /** What became of one request. */
    private enum Outcome {
        /** Answered, or on its way; go on with the next. */
        NEXT,
        /** Begun; nothing behind it may begin before it is answered. */
        WAIT,
        /** Not begun: it must be looked at again later. */
        AGAIN
    }

    private final RespProtocol protocol;
    private final StoreShard shard;
    private final RequestDecoder decoder;
    private final int shards;
    private @Nullable ChannelHandlerContext ctx;
    private long id;

    /** What was received and not yet run. */
    private @Nullable ByteBuf input;
    /** Replies of this read batch. */
    private @Nullable ByteBuf output;
    private @Nullable Assembly assembly;
    private int ownMark;
    /** Length of a request that is decoded and could not begin; decoding it twice would undo its quotes twice. */
    private int decoded;
    /** Nothing is run now: other shards, a lane, a result or another turn are waited for. */
    private boolean suspended;
    private boolean closing;
    private boolean lingering;
    private boolean draining;

    private final RequestStats requests;
    /** Requests read since {@link #readAt} whose answers have not left, and how many of those are errors. */
    private int unanswered;
    private long errors;
    private long readAt;

    /** Told of the requests read since then; null where they are not traced, as most are not. */
    private @Nullable RequestTrace trace;
    /** The command of the first of them, and whether others are of another. */
    private @Nullable Command traced;
    private boolean mixed;
    /** When requests came that could not be looked at; 0 if none did, or if nobody asks. */
    private long waitsSince;
    private long waited;

    private final ClientState state;
    private final LoginDelay login = new LoginDelay();
    private @Nullable ScheduledFuture<?> closer;

    RespConnection(RespProtocol protocol, StoreShard shard, RequestStats requests) {
        this.protocol = protocol;
        this.shard = shard;
        this.shards = shard.store().shards();
        this.requests = requests;
        this.decoder = new RequestDecoder(protocol.requestLimits());
        this.state = new ClientState(shard.now(), protocol.password() == null);
        decoder.authenticated(state.authenticated());
    }

    // ---- what commands see

    long id() {
        return id;
    }

    @Override
    public RequestStats server() {
        return requests;
    }

    @Override
    public SocketAddress peer() {
        return channel().remoteAddress();
    }

    @Override
    public long queueWaitNanos() {
        return waited;
    }

    RespProtocol protocol() {
        return protocol;
    }

    ClientState state() {
        return state;
    }

    Channel channel() {
        return Objects.requireNonNull(ctx).channel();
    }

    StoreShard shard() {
        return shard;
    }

    /** Whether the client may run everything. */
    void authenticated(boolean yes) {
        if (yes) {
            login.right();
        }
        state.authenticated(yes);
        decoder.authenticated(yes);
    }

    /** Closes once what was answered so far, and the reply being written, have left. */
    void closeAfterReply() {
        closing = true;
    }

    /** Closes at once; the reply being written, if any, is dropped. */
    void kill() {
        channel().close();
    }

    /** The port that the client connected to. */
    int localPort() {
        return channel().localAddress() instanceof InetSocketAddress local ? local.getPort() : 0;
    }

    /** Closes if the client has been silent for longer than it may; one that waits for its own command has not. */
    void closeIfIdle(long now) {
        long timeout = protocol.limits().idleTimeout().toMillis();
        state.unread(outputBytes(), now);
        if (timeout > 0 && !suspended && !closing && now - state.lastInteraction() > timeout) {
            shard.stats().idleTimeouts.increment();
            log.debug("{} is closed: silent for {} ms", this, now - state.lastInteraction());
            kill();
        }
    }

    /** Bytes received and not yet run. */
    int inputBytes() {
        return input == null ? 0 : input.readableBytes();
    }

    /** Bytes of replies that the client has not read yet. */
    long outputBytes() {
        ChannelOutboundBuffer pending = channel().unsafe().outboundBuffer();
        return pending == null ? 0 : pending.totalPendingWriteBytes();
    }

    <T extends @Nullable Object> void later(CompletionStage<T> result, BiConsumer<ReplyWriter, T> answer) {
        suspended = true;
        result.whenComplete((value, failure) -> shard.shard().executeOrElse(() -> {
            if (channel().isActive()) {
                try {
                    answer(value, failure, answer);
                } catch (Throwable thrown) {
                    broken(thrown);
                    return;
                }
                run();
            }
        }, () -> {
            // The shard has ended, and its connections with it.
        }));
    }

    private <T extends @Nullable Object> void answer(T value, @Nullable Throwable failure,
            BiConsumer<ReplyWriter, T> answer) {
        ReplyWriter reply = openOutput();
        int before = reply.position();
        long errorsBefore = reply.errors();
        try {
            if (failure != null) {
                throw failure;
            }
            answer.accept(reply, value);
        } catch (Throwable cause) {
            protocol.failed.tell("A command of {} failed", this, cause);
            shard.stats().failures.increment();
            reply.rewind(before);
            reply.error("ERR internal error");
        }
        errors += reply.errors() - errorsBefore;
        reply.finish();
    }

    /** Answers a wrong password, after a delay that grows with each; the last one ends the connection. */
    void refuseLogin() {
        shard.stats().wrongPasswords.increment();
        protocol.wrongPassword.tell("{} gave a wrong password", this);
        later(login.wrong(context().executor()), (reply, waited) -> {
            reply.error(Errors.WRONG_PASSWORD);
            shard.counts().failed(Objects.requireNonNull(state.lastCommand()));
            closing |= login.isLast();
        });
    }

    @Override
    public String toString() {
        return ctx == null ? "client" : "client " + id + " " + ctx.channel().remoteAddress();
    }

    // ---- the channel's events

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        id = shard.addClient(this);
        if (protocol.isProtectedFrom(context.channel())) {
            refuse(PROTECTED);
            flush();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        shard.removeClient(id);
        login.end();
        if (closer != null) {
            closer.cancel(false);
        }
        if (trace != null) {
            trace.ended(RequestTrace.Outcome.CANCELLED);
            trace = null;
        }
        if (input != null) {
            input.release();
            input = null;
        }
        if (output != null) {
            output.release();
            output = null;
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf received = (ByteBuf) message;
        shard.stats().bytesIn.add(received.readableBytes());
        state.interacted(shard.now());
        if (unanswered == 0 && !suspended) {
            readAt = System.nanoTime();
        }
        if (closing) {
            received.release();
            return;
        }
        if (input == null) {
            input = received;
        } else {
            append(received);
        }
        if (!suspended) {
            process();
        } else {
            waits();
        }
        keepRest();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        flush();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (TcpServer.DRAIN.equals(event) && !draining) {
            draining = true;
            login.end();
            context.executor().schedule(this::finishDrain, LAST_READ_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
        if (failure instanceof IOException) {
            log.debug("{} is gone", this, failure);
            context.close();
        } else if (failure instanceof DecoderException) {
            // It was to speak TLS.
            shard.stats().protocolErrors.increment();
            protocol.undecodable.tell("{} is closed: {}", this, failure.getMessage());
            context.close();
        } else {
            broken(failure);
        }
    }

    /** Ends the connection after what should not have happened: nothing of it would be answered any more. */
    private void broken(Throwable failure) {
        protocol.failed.tell("{} is closed", this, failure);
        closing = true;
        kill();
    }

    /** Goes on after having been suspended. */
    @Override
    public void run() {
        suspended = false;
        if (!channel().isActive()) {
            return;
        }
        try {
            goOn();
        } catch (Throwable failure) {
            broken(failure);
        }
    }

    private void goOn() {
        if (!closing && input != null) {
            process();
            keepRest();
        }
        flush();
        if (!suspended) {
            resumeReading();
            if (draining) {
                finishDrain();
            }
        }
    }

    /** Answers what had arrived by now and closes; what the kernel held has been read when this runs. */
    private void finishDrain() {
        if (!suspended && !closing && channel().isActive()) {
            closing = true;
            flush();
        }
    }

    // ---- input

    private void append(ByteBuf received) {
        ByteBuf into = Objects.requireNonNull(input);
        int bytes = received.readableBytes();
        if (bytes > into.writableBytes()) {
            // A long argument says how much is still to come; it is believed only up to twice what has come.
            int rest = into.readableBytes();
            long wanted = 2L * (rest + bytes);
            if (decoder.expectedBytes() >= rest + bytes) {
                wanted = Math.min(wanted, decoder.expectedBytes());
            }
            ByteBuf larger = context().alloc().directBuffer((int) Math.min(wanted, Integer.MAX_VALUE - 8));
            larger.writeBytes(into);
            into.release();
            input = larger;
            into = larger;
        }
        into.writeBytes(received);
        received.release();
        if (suspended && into.readableBytes() > protocol.limits().bytesPerTurn().intBytes()) {
            context().channel().config().setAutoRead(false);
        }
    }

    private void resumeReading() {
        if (!context().channel().config().isAutoRead()) {
            context().channel().config().setAutoRead(true);
        }
    }

    /** Keeps what is not yet run, in no more memory than it needs. */
    private void keepRest() {
        ByteBuf rest = input;
        if (rest == null) {
            return;
        }
        int bytes = rest.readableBytes();
        if (bytes == 0) {
            rest.release();
            input = null;
            decoder.idle();
        } else if (bytes < rest.capacity() / 4 && decoder.expectedBytes() < rest.capacity() / 4) {
            input = context().alloc().directBuffer((int) Math.max(bytes, decoder.expectedBytes())).writeBytes(rest);
            rest.release();
        }
    }

    /** Runs requests until there is no whole one left, or something has to be waited for. */
    private void process() {
        ByteBuf in = Objects.requireNonNull(input);
        long base = Memory.address(in);
        int at = in.readerIndex();
        int end = in.writerIndex();
        int budget = protocol.limits().commandsPerTurn();
        long turnLimit = Math.min(outputLimit(), MAX_TURN_OUTPUT);
        decoder.limits(protocol.requestLimits());
        if (!state.authenticated()) {
            decoder.authenticated(protocol.password() == null);
        }
        Tracing tracing = trace == null && unanswered == 0 ? shard.shard().tracing() : null;
        waited = waitsSince == 0 ? 0 : System.nanoTime() - waitsSince;
        waitsSince = 0;
        ReplyWriter reply = openOutput();
        Call call = shard.call();
        call.now(shard.now());
        call.connection(this);
        Outcome outcome = Outcome.NEXT;
        long errorsBefore = reply.errors();
        while (at < end && outcome == Outcome.NEXT && !closing) {
            if (budget-- == 0 || reply.position() > turnLimit) {
                outcome = Outcome.AGAIN;
                break;
            }
            int used = decoded;
            if (used > 0) {
                decoded = 0;
                decoder.moved(base + at);
            } else {
                used = decoder.decode(base + at, end - at);
            }
            if (used <= 0) {
                if (used < 0) {
                    at = end;
                    protocolError(reply);
                }
                break;
            }
            if (decoder.argumentCount() > 0) {
                if (tracing != null) {
                    trace = tracing.request(shard.shard(), this);
                    tracing = null;
                }
                outcome = request(call, reply);
            }
            if (outcome == Outcome.AGAIN) {
                decoded = used;
            } else {
                at += used;
                unanswered++;
            }
        }
        errors += reply.errors() - errorsBefore;
        in.readerIndex(at);
        if (at < end && outcome != Outcome.NEXT) {
            waits();
        }
        if (assembly != null) {
            assembly.own(reply.position() - ownMark);
        }
        reply.finish();
        if (assembly != null) {
            suspended = true;
            keepOwn(assembly);
            assembly.send(trace, outputLimit() - outputBytes());
            if (!assembly.isPending()) {
                assembled();
            }
        } else if (outcome == Outcome.AGAIN && !suspended) {
            suspended = true;
            context().executor().execute(this);
        }
    }

    /** Some requests cannot be looked at now. */
    private void waits() {
        if (waitsSince == 0 && shard.shard().tracing() != null) {
            waitsSince = System.nanoTime();
        }
    }

    private void protocolError(ReplyWriter reply) {
        shard.stats().protocolErrors.increment();
        log.debug("{}: {}", this, decoder.errorMessage());
        reply.error("ERR " + decoder.errorMessage());
        closing = true;
    }

    private void refuse(String error) {
        ReplyWriter reply = openOutput();
        reply.error(error);
        reply.finish();
        closing = true;
    }

    // ---- requests

    private Outcome request(Call call, ReplyWriter reply) {
        int count = decoder.argumentCount();
        call.begin(count);
        for (int i = 0; i < count; i++) {
            call.argument(i, decoder.argumentAddress(i), decoder.argumentLength(i));
        }
        Command command = CommandTable.find(call);
        if (command == null) {
            if (decoder.isCrossProtocol()) {
                crossProtocol();
                return Outcome.NEXT;
            }
            CommandTable.refuse(call, reply);
            return Outcome.NEXT;
        }
        if (trace != null) {
            mixed |= traced != null && traced.index() != command.index();
            traced = command;
        }
        if (!command.arityFits(count)) {
            reply.error("ERR wrong number of arguments for '" + command.name() + "' command");
            shard.counts().rejected(command);
            return Outcome.NEXT;
        }
        if (!state.authenticated() && !command.has(Command.Flag.NO_AUTH) && protocol.password() != null) {
            reply.error("NOAUTH Authentication required.");
            shard.counts().rejected(command);
            return Outcome.NEXT;
        }
        state.ran(command);
        return switch (command.route()) {
            case CONNECTION -> onConnection(command, call);
            case KEYS -> shards == 1 ? onThisShard(command, call) : byKeys(command, call, reply);
            case EVERY_SHARD -> shards == 1 ? onThisShard(command, call) : onEveryShard(command, call, reply);
        };
    }

    /** A browser was made to send us its user's request: what follows must not be run. Redis closes without a word. */
    private void crossProtocol() {
        shard.stats().protocolErrors.increment();
        protocol.crossProtocol
                .tell("{} speaks HTTP to a RESP port (a cross-protocol attack, or a wrong port); it is closed", this);
        kill();
        closing = true;
    }

    private Outcome onThisShard(Command command, Call call) {
        shard.run(command, call);
        return Outcome.NEXT;
    }

    private Outcome onConnection(Command command, Call call) {
        if (assembly != null) {
            return Outcome.AGAIN;
        }
        shard.run(command, call);
        return suspended ? Outcome.WAIT : Outcome.NEXT;
    }

    private Outcome byKeys(Command command, Call call, ReplyWriter reply) {
        int first = command.keys().first();
        int owner = ownerOf(call, first);
        if (command.keys().last() != first && isSpread(command, call, owner)) {
            return split(command, call, reply);
        }
        if (owner == shard.shard().id()) {
            return onThisShard(command, call);
        }
        if (!mayReach(owner)) {
            return Outcome.AGAIN;
        }
        Assembly parts = openAssembly(reply);
        Batch batch = parts.foreign(owner, state.resp3());
        batch.command(command);
        for (int i = 0; i < call.count(); i++) {
            batch.argument(call.address(i), call.length(i));
        }
        shard.stats().foreignCommands.increment();
        return Outcome.NEXT;
    }

    private int ownerOf(Call call, int argument) {
        return Slots.shardOf(Slots.of(call.address(argument), call.length(argument)), shards);
    }

    private boolean isSpread(Command command, Call call, int owner) {
        int end = command.keys().end(call.count());
        for (int key = command.keys().first(); key <= end; key += command.keys().step()) {
            if (ownerOf(call, key) != owner) {
                return true;
            }
        }
        return false;
    }

    /** Runs one part per key on the key's shard. */
    private Outcome split(Command command, Call call, ReplyWriter reply) {
        if (assembly != null) {
            return Outcome.AGAIN;
        }
        Command.Keys keys = command.keys();
        if (command.gather() == Command.Gather.NONE || (call.count() - keys.first()) % keys.step() != 0) {
            if (command.gather() == Command.Gather.NONE) {
                reply.error("CROSSSLOT Keys in request don't hash to the same slot");
            } else {
                reply.error("ERR wrong number of arguments for '" + command.name() + "' command");
            }
            return Outcome.NEXT;
        }
        for (int target = 0; target < shards; target++) {
            if (!mayReach(target)) {
                return Outcome.AGAIN;
            }
        }
        int parts = keys.count(call.count());
        if (command.gather() == Command.Gather.ARRAY) {
            reply.arrayHeader(parts);
        }
        Assembly all = openAssembly(reply);
        all.gather(command.gather());
        for (int part = 0; part < parts; part++) {
            int key = keys.first() + part * keys.step();
            Batch batch = all.foreign(ownerOf(call, key), state.resp3());
            batch.command(command);
            batch.argument(call.address(0), call.length(0));
            for (int i = 0; i < keys.step(); i++) {
                batch.argument(call.address(key + i), call.length(key + i));
            }
        }
        return Outcome.WAIT;
    }

    private Outcome onEveryShard(Command command, Call call, ReplyWriter reply) {
        if (assembly != null) {
            return Outcome.AGAIN;
        }
        Assembly all = openAssembly(reply);
        all.gather(command.gather());
        for (int target = 0; target < shards; target++) {
            Batch batch = all.foreign(target, state.resp3());
            batch.command(command);
            for (int i = 0; i < call.count(); i++) {
                batch.argument(call.address(i), call.length(i));
            }
        }
        return Outcome.WAIT;
    }

    private boolean mayReach(int target) {
        if (target == shard.shard().id() || shard.shard().mesh().isWritable(target)) {
            return true;
        }
        if (assembly == null) {
            // With parts under way, the wait for them comes first anyhow.
            suspended = true;
            shard.shard().mesh().whenWritable(target, this);
        }
        return false;
    }

    private Assembly openAssembly(ReplyWriter reply) {
        Assembly open = assembly;
        if (open == null) {
            open = shard.takeAssembly();
            open.begin(this);
            assembly = open;
            ownMark = 0;
        }
        open.own(reply.position() - ownMark);
        ownMark = reply.position();
        return open;
    }

    /** Every part is back: the replies become one stream. */
    void assembled() {
        Assembly parts = Objects.requireNonNull(assembly);
        assembly = null;
        try {
            join(parts);
        } catch (Throwable failure) {
            broken(failure);
        }
        parts.clear();
        shard.giveAssembly(parts);
        run();
    }

    private void join(Assembly parts) {
        errors += parts.errors();
        Throwable failure = parts.failure();
        if (failure != null) {
            broken(failure);
        } else if (parts.overflowed()) {
            overflow(outputLimit());
        } else if (channel().isActive()) {
            ReplyWriter reply = openOutput();
            parts.write(reply);
            reply.finish();
            if (Objects.requireNonNull(output).readableBytes() > ENOUGH_TO_SEND) {
                flush();
            }
        }
    }

    /** The engine stopped before the parts came back. */
    void abandoned() {
        channel().close();
    }

    // ---- output

    private ReplyWriter openOutput() {
        if (output == null) {
            output = shard.takeReplies();
        }
        ReplyWriter reply = shard.call().reply();
        reply.to(output);
        reply.resp3(state.resp3());
        return reply;
    }

    private void keepOwn(Assembly parts) {
        ByteBuf own = Objects.requireNonNull(output);
        output = null;
        parts.keep(own);
        own.release();
    }

    /** Sends the replies of this read batch, unless some of them are still under way. */
    private void flush() {
        if (assembly != null) {
            return;
        }
        if (unanswered > 0 && !suspended) {
            answered();
        }
        ByteBuf replies = output;
        output = null;
        if (replies != null && !replies.isReadable()) {
            replies.release();
            replies = null;
        }
        if (replies != null) {
            shard.stats().bytesOut.add(replies.readableBytes());
            if (!closing) {
                context().writeAndFlush(replies, context().voidPromise());
                checkOutput();
                return;
            }
        }
        if (closing && !lingering && channel().isActive()) {
            lingering = true;
            linger(replies == null ? Unpooled.EMPTY_BUFFER : replies);
        } else if (replies != null) {
            replies.release();
        }
    }

    private void answered() {
        long now = System.nanoTime();
        requests.answered(now - readAt, unanswered, errors);
        if (trace != null) {
            endTrace(trace);
        }
        unanswered = 0;
        errors = 0;
        readAt = now;
    }

    /** Named as OpenTelemetry names what Redis clients do. */
    private void endTrace(RequestTrace ended) {
        String name = traced == null ? "unknown" : traced.name().replace('|', ' ').toUpperCase(Locale.ROOT);
        ended.operation(unanswered == 1 ? name : mixed ? "PIPELINE" : "PIPELINE " + name);
        ended.detail("requests", Integer.toString(unanswered));
        ended.detail("errors", Long.toString(errors));
        ended.ended(errors == 0 ? RequestTrace.Outcome.SUCCESS : RequestTrace.Outcome.ERROR);
        trace = null;
        traced = null;
        mixed = false;
    }

    private long outputLimit() {
        return protocol.limits().outputBuffer().bytes();
    }

    private void checkOutput() {
        long waiting = outputBytes();
        if (waiting > outputLimit()) {
            overflow(waiting);
        }
    }

    private void overflow(long waiting) {
        shard.stats().outputOverflows.increment();
        protocol.unread.tell("{} does not read: {} bytes of replies or more wait, over limits.output-buffer ({});"
                + " it is closed", this, waiting, protocol.limits().outputBuffer());
        closing = true;
        kill();
    }

    /** Sends the last reply and closes. Closing with bytes unread would reset the connection and destroy the reply. */
    private void linger(ByteBuf last) {
        Channel channel = channel();
        closeAfter(UNREAD_MILLIS);
        channel.writeAndFlush(last).addListener(sent -> {
            if (sent.isSuccess() && channel instanceof DuplexChannel duplex) {
                duplex.shutdownOutput();
                channel.config().setAutoRead(true);
                closeAfter(LINGER_MILLIS);
            } else {
                channel.close();
            }
        });
    }

    private void closeAfter(long millis) {
        if (closer != null) {
            closer.cancel(false);
        }
        closer = context().executor().schedule(this::kill, millis, TimeUnit.MILLISECONDS);
    }

    private ChannelHandlerContext context() {
        return Objects.requireNonNull(ctx);
    }
}
