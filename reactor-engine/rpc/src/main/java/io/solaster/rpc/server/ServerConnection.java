package io.solaster.rpc.server;

import java.util.ArrayList;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.collection.LongObjectHashMap;
import io.solaster.engine.Ownership;
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
final class ServerConnection extends LaneConnection implements CallHome {
    private final RpcServer server;
    private final ServerShard shard;
    /** Calls that somebody waits for. One that is served at once is never in here. */
    private final LongObjectHashMap<OpenCall> calls = new LongObjectHashMap<>();
    /** Those whose handlers have not ended, whether somebody waits for them or not. */
    private int running;
    private long lastId;
    private long toldEpoch;
    private boolean draining;
    private boolean saidGoodbye;

    ServerConnection(RpcServer server, ServerShard shard) {
        super(shard.lanes, server.limits(), true);
        this.server = server;
        this.shard = shard;
    }

    @Override
    public ServerShard shard() {
        return shard;
    }

    @Override
    protected void greeted(Hello hello) {
        tellMap();
        if (draining) {
            sayGoodbye();
        }
    }

    @Override
    protected boolean received(ByteBuf body) {
        switch (decoder.type()) {
            case Frame.REQUEST -> {
                return request(body);
            }
            case Frame.CANCEL -> {
                OpenCall call = calls.get(decoder.id());
                if (call != null) {
                    call.callerLeft();
                } else if (!wasMade(decoder.id())) {
                    violated("CANCEL of call " + decoder.id() + ", which was not made");
                }
            }
            case Frame.END -> {
                OpenCall call = calls.get(decoder.id());
                LaneStream<?, ?> stream = call == null ? null : call.stream();
                String wrong = null;
                if (stream != null && call.method().kind().isOpen()) {
                    wrong = stream.peerEnded();
                } else if (call != null || !wasMade(decoder.id())) {
                    wrong = "END of call " + decoder.id() + ", which has no stream of requests";
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
    protected long lastBegun() {
        return lastId;
    }

    @Override
    protected @Nullable LaneStream<?, ?> stream(long id) {
        OpenCall call = calls.get(id);
        return call == null ? null : call.stream();
    }

    int streamWindow() {
        return window().streamBytes();
    }

    /** Begins a call, or refuses it; false if it cannot go to its shard yet. */
    private boolean request(ByteBuf body) {
        long id = decoder.id();
        if (id <= lastId) {
            violated("REQUEST with id " + id + " behind one with " + lastId + "; ids grow, and none is used twice");
            return true;
        }
        if (saidGoodbye) {
            // The client knows that it was not begun, from the id in GOAWAY.
            return true;
        }
        int slot = decoder.slot();
        ServerShard owner = slot < 0 ? shard : server.owner(slot);
        if (owner != null && owner != shard && !shard.shard.mesh().isWritable(owner.shard.id())) {
            shard.shard.mesh().whenWritable(owner.shard.id(), this::resume);
            return false;
        }
        lastId = id;
        boolean oneWay = decoder.has(Frame.ONE_WAY);
        ServedMethod<?, ?> served = shard.method(decoder.first());
        if (slot >= 0 && server.isNews(toldEpoch)) {
            tellMap();
            if (hasEnded()) {
                // It did not read, and this was too much; what is begun now would hear of no end.
                return true;
            }
        }
        if (served == null) {
            refuse(id, oneWay, RpcStatus.UNIMPLEMENTED, "there is no such method");
        } else if (oneWay != (served.method.kind() == RpcMethod.Kind.ONE_WAY)
                || decoder.has(Frame.OPEN) != served.method.kind().isOpen()) {
            refuse(id, oneWay, RpcStatus.UNIMPLEMENTED, "the method is of another kind");
        } else if (owner == null) {
            notOwner(id, oneWay, slot);
        } else if (running >= limits.maxCalls()) {
            shard.counts.refused.increment();
            refuse(id, oneWay, RpcStatus.RESOURCE_EXHAUSTED, server.callsUsed());
        } else if (owner != shard) {
            far(owner, served.method, id, slot, body);
        } else if (!served.admit()) {
            shard.counts.refused.increment();
            refuse(id, oneWay, RpcStatus.RESOURCE_EXHAUSTED, served.used);
        } else {
            shard.counts.begun.increment();
            body.skipBytes(decoder.messageOffset());
            begin(served, id, body);
        }
        return true;
    }

    /** Another shard of this process has the key: the call goes there and comes back. */
    private void far(ServerShard owner, RpcMethod<?, ?> method, long id, int slot, ByteBuf body) {
        if (method.kind().isStream()) {
            refuse(id, false, RpcStatus.FAILED_PRECONDITION, "'" + method + "' about a key of shard "
                    + owner.shard.id() + " has streams, which do not go from shard to shard; call the shard's own port"
                    + " (shard-ports)");
            return;
        }
        body.skipBytes(decoder.messageOffset());
        shard.counts.forwarded.increment();
        FarCall call = new FarCall(this, owner, method, id, slot, decoder.nanosLeft(), body);
        running++;
        calls.put(id, call);
        call.send();
    }

    /** A call that went to another shard has come home: its handler has ended. */
    void cameHome(FarCall call, long id, RpcMethod<?, ?> method, @Nullable ByteBuf answer,
            @Nullable RpcException failure) {
        running--;
        boolean awaited = calls.get(id) == call;
        if (awaited) {
            calls.remove(id);
        }
        if (!awaited || hasEnded() || method.kind() == RpcMethod.Kind.ONE_WAY) {
            goIfDone();
            return;
        }
        if (failure != null) {
            words(Frame.ERROR, failure.isNotBegun() ? Frame.NOT_BEGUN : 0, id, failure.status(), failure.words());
        } else if (answer != null) {
            answeredBytes(id, answer);
        } else {
            words(Frame.ERROR, 0, id, RpcStatus.CANCELLED, "the call was left");
        }
        goIfDone();
    }

    /** Another process has the key. */
    private void notOwner(long id, boolean oneWay, int slot) {
        Ownership ownership = server.ownership();
        Ownership.Node node = ownership.owner(slot);
        if (oneWay) {
            return;
        }
        if (node == null) {
            refuse(id, false, RpcStatus.UNAVAILABLE, "no process has slot " + slot);
            return;
        }
        ByteBuf out = open();
        int whole = out.writerIndex();
        try {
            int at = FrameWriter.begin(out);
            out.writeLongLE(ownership.epoch());
            ByteBufUtil.writeUtf8(out, node.host());
            FrameWriter.end(out, at, Frame.NOT_OWNER, 0, slot, id, node.port(), 0);
            whole = out.writerIndex();
        } finally {
            close(out, whole);
        }
    }

    private void tellMap() {
        toldEpoch = server.ownership().epoch();
        greet(server.hello(shard.shard.id()));
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

    private <Q, A> void direct(ServedMethod<Q, A> served, RpcHandler.Direct<Q, A> handler, long id, ByteBuf body) {
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

    @Override
    public void answeredBytes(long id, ByteBuf answer) {
        if (hasEnded()) {
            return;
        }
        if (answer.readableBytes() > peer().maxMessage()) {
            tooLong(id);
            return;
        }
        ByteBuf out = open();
        int whole = out.writerIndex();
        try {
            int at = FrameWriter.begin(out);
            out.writeBytes(answer);
            FrameWriter.end(out, at, Frame.RESPONSE, 0, 0, id, 0, 0);
            whole = out.writerIndex();
        } finally {
            close(out, whole);
        }
    }

    @Override
    public <A> void answered(RpcMethod<?, A> method, long id, A answer) {
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

    @Override
    public void failed(RpcMethod<?, ?> method, long id, boolean answers, Throwable thrown) {
        RpcException failure = failure(shard, method, thrown);
        if (answers && !hasEnded()) {
            words(Frame.ERROR, 0, id, failure.status(), failure.words());
        }
    }

    @Override
    public void refused(long id, boolean answers, RpcException why) {
        shard.counts.failed.increment();
        if (!hasEnded()) {
            refuse(id, !answers, why.status(), why.words());
        }
    }

    @Override
    public void abandoned(boolean begun) {
        // The connection has ended with its shard.
    }

    /** What the caller is told where a handler has thrown on a shard. On that shard. */
    RpcException failure(ServerShard on, RpcMethod<?, ?> method, Throwable thrown) {
        on.counts.failed.increment();
        if (thrown instanceof RpcException known) {
            // What it called was not begun, perhaps; it was itself.
            return known.isNotBegun()
                    ? new RpcException(known.status(), known.words(), false, known.getCause())
                    : known;
        }
        server.log().handler.tell("The handler of '{}' threw", method, thrown);
        return new RpcException(RpcStatus.UNKNOWN, "the handler of '" + method + "' failed");
    }

    @Override
    public void unheard(RpcMethod<?, ?> method, Throwable thrown) {
        server.log().handler.tell("'{}' threw when its caller had left", method, thrown);
    }

    @Override
    public void outOfTime(long id, String words) {
        if (!hasEnded()) {
            words(Frame.ERROR, 0, id, RpcStatus.DEADLINE_EXCEEDED, words);
        }
    }

    @Override
    public void forget(long id) {
        calls.remove(id);
    }

    @Override
    public void handlerEnded() {
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
    @Override
    public void goIfDone() {
        if (saidGoodbye && calls.isEmpty() && !hasEnded() && !isWriting()) {
            leave(new RpcException(RpcStatus.UNAVAILABLE, "the server stops"));
        }
    }

    @Override
    protected void lost(RpcException why) {
        for (OpenCall call : new ArrayList<>(calls.values())) {
            // Who told of something, and left, does not want it undone.
            if (call.method().kind() != RpcMethod.Kind.ONE_WAY) {
                leave(call);
            }
        }
    }

    private void leave(OpenCall call) {
        try {
            call.callerLeft();
        } catch (RuntimeException | Error failure) {
            // The others are to hear of it all the same.
            failed(failure);
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
        shard.counts.broken.increment();
        server.log().failure.tell("{} is disconnected", this, failure);
    }
}
