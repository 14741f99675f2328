package io.solaster.testkit.sim;

import java.util.concurrent.atomic.AtomicInteger;

import io.netty.channel.ChannelId;

/** What the name of a simulated channel is made of: the same in each run, where Netty's is drawn. */
record SimChannelId(int number) implements ChannelId {
    private static final long serialVersionUID = 1;
    private static final AtomicInteger LISTENING = new AtomicInteger();

    /** Of a channel that listens: of those there are few, and nobody goes by their order. */
    static SimChannelId ofListening() {
        return new SimChannelId(-LISTENING.incrementAndGet());
    }

    @Override
    public String asShortText() {
        return "sim-" + number;
    }

    @Override
    public String asLongText() {
        return asShortText();
    }

    @Override
    public int compareTo(ChannelId other) {
        return other instanceof SimChannelId sim
                ? Integer.compare(number, sim.number)
                : asLongText().compareTo(other.asLongText());
    }
}
