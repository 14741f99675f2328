package io.solaster.testkit.sim;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Arrays;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * One end of a connection, as the kernel of a machine keeps it: what has arrived, and how much the other end still takes.
 * By whoever holds the baton.
 */
final class Socket {
    /** What one end takes that its application has not read. */
    static final int WINDOW = 64 * 1024;
    /** What one packet carries at most, as with segmentation by the network card. */
    private static final int PACKET = 16 * 1024;
    private static final int HEADER = 64;
    private static final byte[] NOTHING = {};

    final Machine machine;
    private final Network network;
    private final int number;
    private final InetSocketAddress local;
    private @Nullable Socket peer;
    private Runnable ready = () -> {};
    private @Nullable IOException connectFailure;
    private boolean connected;
    private boolean closed;
    private boolean reset;
    /** Its machine has died with it; it answers nothing, or resets once the machine is there again. */
    private boolean dead;
    /** Something has arrived while its machine was down. */
    private boolean missed;

    /** What has been sent and not arrived in order. */
    private final ArrayDeque<Packet> underWay = new ArrayDeque<>();
    private int room = WINDOW;
    private boolean outputEnded;

    private final ArrayDeque<Packet> input = new ArrayDeque<>();
    private int unread;
    private int unacknowledged;
    private boolean inputEnded;

    private enum Kind {
        BYTES, END, RESET
    }

    /** Something on its way. */
    private static final class Packet {
        final Kind kind;
        final byte[] bytes;
        boolean arrived;
        int read;

        Packet(Kind kind, byte[] bytes) {
            this.kind = kind;
            this.bytes = bytes;
        }
    }

    Socket(Network network, Machine machine, InetSocketAddress local) {
        this.network = network;
        this.machine = machine;
        this.local = local;
        this.number = network.nextSocket();
        machine.opened(this);
    }

    /** Calls this whenever something may have become possible that was not. */
    void onReady(Runnable newReady) {
        ready = newReady;
    }

    InetSocketAddress local() {
        return local;
    }

    @Nullable
    Socket peer() {
        return peer;
    }

    boolean isClosed() {
        return closed || dead;
    }

    boolean isConnected() {
        return connected && !closed && !reset && !dead;
    }

    void connect(InetSocketAddress remote) {
        network.connect(this, remote);
    }

    /** Why it could not connect; null if it has not failed. */
    @Nullable
    IOException connectFailure() {
        return connectFailure;
    }

    void connectedTo(Socket other) {
        if (isClosed()) {
            // The client has given up, and answers with a reset.
            send(other, new Packet(Kind.RESET, NOTHING));
            return;
        }
        if (reset) {
            return;
        }
        peer = other;
        connected = true;
        ready.run();
    }

    void failedToConnect(IOException why) {
        if (!connected && !closed) {
            connectFailure = why;
            ready.run();
        }
    }

    private void toPeer(Socket to, Runnable arrival) {
        network.link(machine, to.machine).send(HEADER, arrival);
    }

    /** What {@link #write} takes at this moment; 0 if it has to wait. */
    int room() {
        return room;
    }

    /** Whether {@link #write} would do something else than return 0. */
    boolean canWrite() {
        return room > 0 || reset;
    }

    /**
     * Sends what there is room for.
     *
     * @return how many bytes that was
     * @throws IOException if the other end has reset the connection
     */
    int write(ByteBuf from) throws IOException {
        Socket to = connectedPeer();
        int count = Math.min(Math.min(from.readableBytes(), room), PACKET);
        if (count == 0) {
            return 0;
        }
        if (count > 1 && machine.environment().sometimes("short write")) {
            count = 1 + network.scheduler().random().nextInt(count - 1);
        }
        byte[] bytes = new byte[count];
        from.readBytes(bytes);
        room -= count;
        send(to, new Packet(Kind.BYTES, bytes));
        return count;
    }

    private Socket connectedPeer() throws IOException {
        Socket to = peer;
        if (reset) {
            throw new IOException("Connection reset by peer");
        }
        if (to == null || !connected || closed || outputEnded) {
            throw new IOException("Broken pipe");
        }
        return to;
    }

    private void send(Socket to, Packet packet) {
        underWay.add(packet);
        network.link(machine, to.machine).send(HEADER + packet.bytes.length, () -> {
            packet.arrived = true;
            // What was sent before may have been lost, and is sent again.
            for (Packet next = underWay.peek(); next != null && next.arrived; next = underWay.peek()) {
                underWay.poll();
                to.receive(next, this);
            }
        });
    }

    private void receive(Packet packet, Socket from) {
        if (!machine.isUp()) {
            // One is enough, since all that it leads to is the reset.
            if (!missed && packet.kind != Kind.RESET) {
                missed = true;
                machine.sendAgainOnceUp(Network.FIRST_RETRY, () -> {
                    missed = false;
                    receive(packet, from);
                });
            }
            return;
        }
        if (dead || closed || reset) {
            if (packet.kind == Kind.BYTES || dead && packet.kind == Kind.END) {
                send(from, new Packet(Kind.RESET, NOTHING));
            }
            return;
        }
        network.scheduler().trace().add(Trace.Kind.ARRIVAL, number, this, network.scheduler().now(),
                packet.kind.name().hashCode() + Arrays.hashCode(packet.bytes));
        switch (packet.kind) {
            case BYTES -> {
                input.add(packet);
                unread += packet.bytes.length;
                ready.run();
            }
            case END -> {
                inputEnded = true;
                ready.run();
            }
            case RESET -> wasReset();
        }
    }

    /** Whether {@link #read} would return something else than 0. */
    boolean hasInput() {
        return unread > 0 || inputEnded || reset;
    }

    /**
     * Reads what has arrived.
     *
     * @return how many bytes; 0 if it has to wait; -1 at the end
     * @throws IOException if the other end has reset the connection
     */
    int read(ByteBuf into) throws IOException {
        if (reset) {
            throw new IOException("Connection reset by peer");
        }
        if (unread == 0) {
            return inputEnded ? -1 : 0;
        }
        int most = into.writableBytes();
        if (most > 1 && machine.environment().sometimes("short read")) {
            most = 1 + network.scheduler().random().nextInt(most - 1);
        }
        int count = 0;
        while (count < most && unread > 0) {
            Packet first = input.element();
            int some = Math.min(most - count, first.bytes.length - first.read);
            into.writeBytes(first.bytes, first.read, some);
            first.read += some;
            unread -= some;
            count += some;
            if (first.read == first.bytes.length) {
                input.remove();
            }
        }
        acknowledge(count);
        return count;
    }

    /** Tells the sender of room, once that is worth a packet. */
    private void acknowledge(int count) {
        unacknowledged += count;
        Socket to = peer;
        if (to != null && (unacknowledged >= WINDOW / 4 || to.room == 0)) {
            int made = unacknowledged;
            unacknowledged = 0;
            toPeer(to, () -> {
                if (!to.isClosed()) {
                    to.room += made;
                    to.ready.run();
                }
            });
        }
    }

    /** Bytes that have arrived and were not read. */
    int unread() {
        return unread;
    }

    /** The other end reads to the end, and may go on sending. */
    void endOutput() throws IOException {
        Socket to = connectedPeer();
        outputEnded = true;
        send(to, new Packet(Kind.END, NOTHING));
    }

    /** Ends it politely, if all has been read; else the other end is told by a reset. */
    void close() {
        if (closed) {
            return;
        }
        Socket to = peer;
        if (isConnected() && to != null) {
            if (unread > 0) {
                send(to, new Packet(Kind.RESET, NOTHING));
            } else if (!outputEnded) {
                send(to, new Packet(Kind.END, NOTHING));
            }
        }
        closed = true;
        machine.closed(this);
    }

    /** Ends it with a reset for the other end. */
    void abort() {
        Socket to = peer;
        if (!closed && to != null && !reset) {
            send(to, new Packet(Kind.RESET, NOTHING));
        }
        closed = true;
        machine.closed(this);
    }

    void wasReset() {
        if (!machine.isUp() || closed || dead || reset) {
            return;
        }
        reset = true;
        input.clear();
        unread = 0;
        ready.run();
    }

    /** The machine has died, and its kernel with it. */
    void die() {
        dead = true;
        ready = () -> {};
    }

    @Override
    public String toString() {
        Socket other = peer;
        return machine + ":" + local.getPort()
                + (other == null ? "" : "<" + other.machine + ":" + other.local.getPort());
    }
}
