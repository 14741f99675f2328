package io.solaster.rpc.server;

import java.util.ArrayList;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.collection.LongObjectHashMap;
import io.solaster.engine.net.TcpServer;
import io.solaster.rpc.RpcException;
import io.solaster.rpc.RpcHandler;
import io.solaster.rpc.RpcMethod;
import io.solaster.rpc.RpcStatus;
import io.solaster.rpc.connection.LaneConnection;
import io.solaster.rpc.connection.LaneStream;
import io.solaster.rpc.frame.Frame;
import io.solaster.rpc.frame.FrameWriter;
import io.solaster.rpc.frame.Hello;
import org.jspecify.annotations.Nullable;

/** A client's connection: begins its calls, or refuses them, and sends what comes of them. On the shard that owns it. */
final class ServerConnection extends LaneConnection {
    private final RpcServer server;
    private final ServerShard shard;
    /** Calls that somebody waits for. One that is served at once is never in here. */
    private final LongObjectHashMap<ServerCall<?, ?>> calls = new LongObjectHashMap<>();
    /** Those whose handlers have not ended, whether somebody waits for them or not. */
    private int running;
    private long lastId;
    private boolean draining;
    private boolean saidGoodbye;

    ServerConnection(RpcServer server, ServerShard shard) {
        super(shard.lanes, server.limits(), true);
        this.server = server;
        this.shard = shard;
    }

    ServerShard shard() {
        return shard;
    }

    @Override
    protected void greeted(Hello hello) {
        greet(server.hello(shard.shard.id()));
        if (draining) {
            sayGoodbye();
        }
    }

    @Override
    protected boolean received(ByteBuf body) {
        switch (decoder.type()) {
            case Frame.REQUEST -> request(body);
            case Frame.CANCEL -> {
                ServerCall<?, ?> call = calls.get(decoder.id());
                if (call != null) {
                    call.cancel(null);
                } else if (!wasMade(decoder.id())) {
                    violated("CANCEL of call " + decoder.id() + ", which was not made");
                }
            }
            case Frame.END -> {
                ServerCall<?, ?> call = calls.get(decoder.id());
                LaneStream<?, ?> stream = call == null ? null : call.stream();
                String wrong = null;
                if (stream != null) {
                    wrong = stream.peerEnded();
                } else if (call != null || !wasMade(decoder.id())) {
                    wrong = "END of call " + decoder.id() + ", which has no stream";
                }
                if (wrong != null) {
                    violated(wrong);
                }
            }
            default -> violated("a frame of type " + decoder.type());
        }
        return true;
    }

    @Override
    protected boolean wasMade(long id) {
        return id <= lastId || saidGoodbye;
    }

    @Override
    protected @Nullable LaneStream<?, ?> stream(long id) {
        ServerCall<?, ?> call = calls.get(id);
        return call == null ? null : call.stream();
    }

    int streamWindow() {
        return window().streamBytes();
    }

    private void request(ByteBuf body) {
        long id = decoder.id();
        if (id <= lastId) {
            violated("REQUEST with id " + id + " behind one with " + lastId + "; ids grow, and none is used twice");
            return;
        }
        if (saidGoodbye) {
            // The client knows that it was not begun, from the id in GOAWAY.
            return;
        }
        lastId = id;
        boolean oneWay = decoder.has(Frame.ONE_WAY);
        ServedMethod<?, ?> served = shard.method(decoder.first());
        if (served == null) {
            refuse(id, oneWay, RpcStatus.UNIMPLEMENTED, "there is no such method");
        } else if (oneWay != (served.method.kind() == RpcMethod.Kind.ONE_WAY)
                || decoder.has(Frame.OPEN) != served.method.kind().isOpen()) {
            refuse(id, oneWay, RpcStatus.UNIMPLEMENTED, "the method is of another kind");
        } else if (running >= limits.maxCalls()) {
            shard.counts.refused.increment();
            refuse(id, oneWay, RpcStatus.RESOURCE_EXHAUSTED, server.callsUsed());
        } else if (!served.admit()) {
            shard.counts.refused.increment();
            refuse(id, oneWay, RpcStatus.RESOURCE_EXHAUSTED, served.used);
        } else {
            shard.counts.begun.increment();
            body.skipBytes(decoder.messageOffset());
            begin(served, id, body);
        }
    }

    private void refuse(long id, boolean oneWay, RpcStatus status, String words) {
        if (!oneWay) {
            words(Frame.ERROR, Frame.NOT_BEGUN, id, status, words);
        }
    }

    private <Q, A> void begin(ServedMethod<Q, A> served, long id, ByteBuf body) {
        if (served.group == null && served.handler instanceof RpcHandler.Direct<Q, A> direct) {
            direct(served, direct, id, body);
            served.release();
            return;
        }
        running++;
        shard.counts.running.increment();
        ServerCall<Q, A> call = new ServerCall<>(this, served, id, decoder.slot(), decoder.nanosLeft());
        calls.put(id, call);
        call.begin(body);
    }

    /** Serves a call at once. */
    <Q, A> void direct(ServedMethod<Q, A> served, RpcHandler.Direct<Q, A> handler, long id, ByteBuf body) {
        boolean answers = served.method.kind() != RpcMethod.Kind.ONE_WAY;
        ByteBuf out = open();
        int before = out.writerIndex();
        try {
            int at = FrameWriter.begin(out);
            handler.handle(body, out);
            if (answers && isSendable(out, at)) {
                FrameWriter.end(out, at, Frame.RESPONSE, 0, 0, id, 0, 0);
            } else {
                out.writerIndex(before);
                if (answers) {
                    tooLong(id);
                }
            }
        } catch (Throwable failure) {
            out.writerIndex(before);
            failed(served.method, id, answers, failure);
        } finally {
            close(out);
        }
    }

    private boolean isSendable(ByteBuf out, int at) {
        return out.writerIndex() - at - Frame.HEADER <= peer().maxMessage();
    }

    private void tooLong(long id) {
        shard.counts.failed.increment();
        words(Frame.ERROR, 0, id, RpcStatus.INTERNAL,
                "the answer is longer than the " + peer().maxMessage() + " bytes that the caller takes");
    }

    /** A call has come to its answer. */
    <A> void answered(RpcMethod<?, A> method, long id, A answer) {
        if (hasEnded()) {
            return;
        }
        ByteBuf out = open();
        int before = out.writerIndex();
        try {
            int at = FrameWriter.begin(out);
            method.answers().encode(answer, out);
            if (isSendable(out, at)) {
                FrameWriter.end(out, at, Frame.RESPONSE, 0, 0, id, 0, 0);
            } else {
                out.writerIndex(before);
                tooLong(id);
            }
        } catch (Throwable failure) {
            out.writerIndex(before);
            failed(method, id, true, failure);
        } finally {
            close(out);
        }
    }

    /** A call has failed. */
    void failed(RpcMethod<?, ?> method, long id, boolean answers, Throwable failure) {
        shard.counts.failed.increment();
        if (failure instanceof RpcException known) {
            if (answers && !hasEnded()) {
                words(Frame.ERROR, known.isNotBegun() ? Frame.NOT_BEGUN : 0, id, known.status(),
                        known.words());
            }
        } else {
            server.log().handler.tell("The handler of '{}' threw, for {}", method, this, failure);
            if (answers && !hasEnded()) {
                words(Frame.ERROR, 0, id, RpcStatus.UNKNOWN, "the handler of '" + method + "' failed");
            }
        }
    }

    /** The time of a call is over. */
    void outOfTime(long id, String words) {
        if (!hasEnded()) {
            words(Frame.ERROR, 0, id, RpcStatus.DEADLINE_EXCEEDED, words);
        }
    }

    /** Nobody waits for a call any more. */
    void forget(long id) {
        calls.remove(id);
    }

    /** The handler of a call has ended. */
    void handlerEnded() {
        running--;
        shard.counts.running.add(-1);
    }

    // ---- the end

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (TcpServer.DRAIN.equals(event) && !draining) {
            draining = true;
            TcpServer.afterLastRead(context, () -> {
                if (!hasEnded() && isGreeted()) {
                    sayGoodbye();
                } else if (!hasEnded()) {
                    end(new RpcException(RpcStatus.UNAVAILABLE, "the server stops", true, null));
                }
            });
        }
    }

    private void sayGoodbye() {
        if (!saidGoodbye) {
            saidGoodbye = true;
            words(Frame.GOAWAY, 0, lastId, RpcStatus.UNAVAILABLE, "the server stops");
            goIfDone();
        }
    }

    /** Ends the connection where nothing more comes of it. */
    void goIfDone() {
        if (saidGoodbye && calls.isEmpty() && !hasEnded()) {
            leave(new RpcException(RpcStatus.UNAVAILABLE, "the server stops"));
        }
    }

    @Override
    protected void lost(RpcException why) {
        for (ServerCall<?, ?> call : new ArrayList<>(calls.values())) {
            call.cancel(null);
        }
    }

    @Override
    protected boolean isAwaited() {
        return !calls.isEmpty();
    }

    @Override
    protected void look(long now) {
        // Idle connections are the client's to close.
    }

    @Override
    protected void violation(String what) {
        shard.counts.violations.increment();
        server.log().violation.tell("{} is disconnected: {}", this, what);
    }

    @Override
    protected void failed(Throwable failure) {
        server.log().failure.tell("{} is disconnected", this, failure);
    }
}
