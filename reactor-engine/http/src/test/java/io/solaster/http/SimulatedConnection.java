package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.solaster.engine.Shard;
import io.solaster.testkit.sim.Machine;
import io.solaster.testkit.sim.Simulation;

/** A connection of a simulated client that pipelines: reads answers, and compares each with what was asked, be it whole or not. */
final class SimulatedConnection extends ChannelInboundHandlerAdapter {
    /** What a client has asked: its answer's body, which never comes whole if it is broken off. */
    record Asked(String target, String answer, boolean breaksOff) {}

    private final Simulation sim;
    private final Shard shard;
    private final Channel channel;
    private final StringBuilder received = new StringBuilder();
    private final StringBuilder body = new StringBuilder();
    private final ArrayDeque<Asked> asked = new ArrayDeque<>();
    private CompletableFuture<Integer> answers = CompletableFuture.completedFuture(0);
    private State state = State.HEAD;
    private int left;
    private int answered;
    private boolean late;

    private enum State {
        HEAD, LENGTH, CHUNK_SIZE, CHUNK, CHUNK_END, TRAILERS
    }

    private SimulatedConnection(Simulation sim, Shard shard, Channel channel) {
        this.sim = sim;
        this.shard = shard;
        this.channel = channel;
    }

    static CompletableFuture<SimulatedConnection> open(Simulation sim, Machine machine, InetSocketAddress to) {
        Shard shard = machine.engine().shard(0);
        return machine.connect(0, to, channel -> new SimulatedConnection(sim, shard, channel));
    }

    /** How many of these are answered: done when all are, or the connection has ended. */
    CompletableFuture<Integer> ask(List<Asked> next) {
        CompletableFuture<Integer> future = new CompletableFuture<>();
        shard.execute(() -> {
            answers = future;
            answered = 0;
            asked.addAll(next);
            if (!channel.isActive()) {
                ended();
            }
        });
        return future;
    }

    void write(String bytes) {
        shard.execute(() -> channel
                .writeAndFlush(Unpooled.wrappedBuffer(bytes.getBytes(StandardCharsets.US_ASCII))));
    }

    void readsNotFor(int millis) {
        shard.execute(() -> channel.config().setAutoRead(false));
        shard.schedule(() -> channel.config().setAutoRead(true), millis, TimeUnit.MILLISECONDS);
    }

    void goesAfter(int millis) {
        shard.schedule(() -> channel.close(), millis, TimeUnit.MILLISECONDS);
    }

    boolean isActive() {
        return channel.isActive();
    }

    void close() {
        shard.execute(channel::close);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        received.append(bytes.toString(StandardCharsets.US_ASCII));
        bytes.release();
        while (!received.isEmpty() && step()) {
            // The next.
        }
    }

    /** @return whether there was enough to go on */
    private boolean step() {
        if (state == State.LENGTH || state == State.CHUNK) {
            int count = Math.min(left, received.length());
            body.append(received, 0, count);
            received.delete(0, count);
            left -= count;
            if (left > 0) {
                return false;
            }
            if (state == State.LENGTH) {
                whole();
            } else {
                state = State.CHUNK_END;
            }
            return true;
        }
        String end = state == State.HEAD ? "\r\n\r\n" : "\r\n";
        int at = received.indexOf(end);
        if (at < 0) {
            return false;
        }
        String line = received.substring(0, at);
        received.delete(0, at + end.length());
        switch (state) {
            case HEAD -> head(line.toLowerCase(Locale.ROOT));
            case CHUNK_SIZE -> {
                left = Integer.parseInt(line, 16);
                state = left == 0 ? State.TRAILERS : State.CHUNK;
            }
            case CHUNK_END -> {
                assertThat(line).isEmpty();
                state = State.CHUNK_SIZE;
            }
            default -> {
                assertThat(line).isEmpty();
                whole();
            }
        }
        return true;
    }

    private void head(String head) {
        assertThat(asked).as("asked for what is answered").isNotEmpty();
        assertThat(late).as("after a request that came too late").isFalse();
        // Of a request that was lost again and again, for longer than the server waits.
        late = head.startsWith("http/1.1 408 ");
        assertThat(late || head.startsWith("http/1.1 200 ")).as(head).isTrue();
        int length = head.indexOf("\r\ncontent-length: ");
        if (length < 0) {
            assertThat(head).contains("\r\ntransfer-encoding: chunked");
            state = State.CHUNK_SIZE;
        } else {
            int value = length + "\r\ncontent-length: ".length();
            int end = head.indexOf('\r', value);
            left = Integer.parseInt(head.substring(value, end < 0 ? head.length() : end));
            state = State.LENGTH;
        }
    }

    private void whole() {
        Asked first = asked.remove();
        if (!late) {
            assertThat(first.breaksOff()).as("%s came to an end, and was broken off", first.target()).isFalse();
            assertThat(body.toString().equals(first.answer())).as(() -> differs(first)).isTrue();
            answered++;
        }
        sim.note("answered " + first.target());
        body.setLength(0);
        state = State.HEAD;
        if (asked.isEmpty()) {
            answers.complete(answered);
        }
    }

    private String differs(Asked first) {
        return body.length() + " bytes, instead of " + first.answer().length() + ", that begin with "
                + body.substring(0, Math.min(200, body.length())) + ", to " + first.target();
    }

    private void ended() {
        Asked first = asked.peek();
        if (first != null && !late) {
            assertThat(first.answer().startsWith(body.toString())).as(() -> differs(first)).isTrue();
            sim.note("ended in " + first.target() + " after " + body.length());
        }
        asked.clear();
        body.setLength(0);
        answers.complete(answered);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        ended();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
        if (!(failure instanceof IOException)) {
            sim.fail(failure);
        }
        context.close();
    }
}
