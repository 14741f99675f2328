package io.solaster.testkit.sim;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.nio.channels.NotYetConnectedException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

/** A bound UDP socket, as the kernel of a machine keeps it. By whoever holds the baton. */
final class UdpSocket {
    /** What it keeps unread unless it is told otherwise, as Linux: in bytes, its own bookkeeping included. */
    static final int BUFFER = 208 * 1024;
    /** What a datagram carries at most over IPv4. */
    private static final int LARGEST = 65_507;
    private static final int BOOKKEEPING = 256;

    final Machine machine;
    private final Network network;
    private final int number;
    private final InetSocketAddress local;
    boolean besideOthers;
    private final Runnable ready;
    private final ArrayDeque<Datagram> arrived = new ArrayDeque<>();
    private int buffer = BUFFER;
    private int held;
    private @Nullable InetSocketAddress remote;
    private @Nullable IOException failure;
    private boolean closed;

    /** Something that has arrived. */
    static final class Datagram {
        final byte[] bytes;
        final InetSocketAddress from;

        Datagram(byte[] bytes, InetSocketAddress from) {
            this.bytes = bytes;
            this.from = from;
        }
    }

    /**
     * @param besideOthers whether others may be bound to the same port: SO_REUSEPORT
     * @param ready called whenever there is something to read
     */
    UdpSocket(Network network, Machine machine, int port, boolean besideOthers, Runnable ready) {
        this.network = network;
        this.machine = machine;
        this.number = network.nextSocket();
        this.local = new InetSocketAddress(machine.ip(), port);
        this.besideOthers = besideOthers;
        this.ready = ready;
    }

    InetSocketAddress local() {
        return local;
    }

    @Nullable
    InetSocketAddress remote() {
        return remote;
    }

    /** What it keeps unread at most, in bytes. */
    void buffer(int bytes) {
        buffer = bytes;
    }

    /** From now on it hears from one other only; from all again where that is null. */
    void connect(@Nullable InetSocketAddress newRemote) {
        remote = newRemote == null ? null : network.absolute(newRemote, machine);
        failure = null;
    }

    /**
     * Sends a datagram, which may arrive.
     *
     * @param to null for the one that it is connected to
     * @throws IOException if it is too large, or an earlier one found nobody where this is connected to
     * @throws NotYetConnectedException if it is for the one that this is connected to, and there is none
     */
    void send(byte[] bytes, @Nullable InetSocketAddress to) throws IOException {
        failIfUnreachable();
        InetSocketAddress target = to == null ? remote : to;
        if (target == null) {
            throw new NotYetConnectedException();
        }
        if (bytes.length > LARGEST) {
            throw new IOException("Message too long: " + bytes.length + " bytes; a datagram carries " + LARGEST);
        }
        network.send(this, bytes, network.absolute(target, machine));
    }

    private void failIfUnreachable() throws IOException {
        IOException present = failure;
        if (present != null) {
            failure = null;
            throw present;
        }
    }

    /** Whether it takes what comes to its port from there. */
    boolean hears(InetSocketAddress from) {
        return remote == null || remote.equals(from);
    }

    void receive(byte[] bytes, InetSocketAddress from) {
        if (closed) {
            return;
        }
        int size = bytes.length + BOOKKEEPING;
        // Linux takes one as long as there is any room.
        if (held >= buffer) {
            machine.overflows();
            return;
        }
        held += size;
        arrived.add(new Datagram(bytes, from));
        network.scheduler().trace().add(Trace.Kind.ARRIVAL, number, this, network.scheduler().now(),
                31 * from.hashCode() + Arrays.hashCode(bytes));
        ready.run();
    }

    /** Nobody is bound to where a datagram of this went. */
    void foundNobody(InetSocketAddress at) {
        if (!closed && at.equals(remote)) {
            failure = new PortUnreachableException("Connection refused: " + at);
            ready.run();
        }
    }

    /** Whether {@link #next} would return or throw something. */
    boolean hasInput() {
        return !arrived.isEmpty() || failure != null;
    }

    /**
     * What has arrived; null if that is nothing.
     *
     * @throws IOException if one that was sent found nobody where this is connected to
     */
    @Nullable
    Datagram next() throws IOException {
        failIfUnreachable();
        Datagram next = arrived.poll();
        if (next != null) {
            held -= next.bytes.length + BOOKKEEPING;
        }
        return next;
    }

    void close() {
        closed = true;
        machine.closed(this);
        arrived.clear();
    }

    /** The machine has died, and its kernel with it. */
    void die() {
        closed = true;
        arrived.clear();
    }

    /** Of the several that share a port, the one that hears from there: always the same, as Linux. */
    static int choose(InetSocketAddress from, int among) {
        InetAddress address = Objects.requireNonNull(from.getAddress());
        return Math.floorMod(31 * address.hashCode() + from.getPort(), among);
    }

    @Override
    public String toString() {
        return machine + ":" + local.getPort() + "/udp";
    }
}
